"""Exports of web events for tests, made from a seed, and what is to become of each row."""

import csv
import dataclasses
import io
import random
import time

COLUMNS = ["event_id", "event", "occurred_at", "email", "phone", "customer_id", "url", "value", "currency"]

SPEC = """\
destination: acme
type: web_events
mode: insert
model:
  path: models/{sync}/
  primary_key: event_id
  run_on: each_file
event:
  pixel_code: C4A1EXAMPLEPIXEL0001
  name: {{from: event}}
  batch_size: {batch_size}
mappings:
  - {{from: occurred_at, to: event_time}}
  - {{from: email, to: user.email}}
  - {{from: phone, to: user.phone}}
  - {{from: customer_id, to: user.external_id}}
  - {{from: url, to: page.url}}
  - {{from: value, to: properties.value}}
  - {{from: currency, to: properties.currency}}
identity:
  default_country: DE
guards: {{max_rejected_percent: 90}}
"""


@dataclasses.dataclass
class Export:
    """A CSV file and its expectation: ids that TikTok is to hold, rejected rows by code, expired rows."""

    body: bytes
    accepted: set[str]
    rejected: dict[str, int]
    expired: int
    rows: int


def spec(sync: str, batch_size: int = 1000) -> str:
    """The sync spec that the exports below are made for."""
    return SPEC.format(sync=sync, batch_size=batch_size)


def good_row(chance: random.Random, event_id: str, now: int) -> dict[str, str]:
    """A row that passes every check."""
    person = chance.randrange(10**6)
    return {
        "event_id": event_id,
        "event": chance.choice(["Purchase", "AddToCart", "ViewContent", "InitiateCheckout", "CompleteRegistration"]),
        "occurred_at": str(now - chance.randrange(60, 20 * 86400)),
        "email": f"Person.{person}@Example.com",
        "phone": f"+4915112{chance.randrange(10**6):06d}",
        "customer_id": f"C-{person}",
        "url": f"https://shop.example.com/p/{chance.randrange(5000)}?ref=a,b",
        "value": f"{chance.randrange(100, 90000) / 100:.2f}",
        "currency": chance.choice(["EUR", "USD", "GBP"]),
    }


def alone(row: dict[str, str], column: str, text: str) -> dict[str, str]:
    """The row with this as its only identifier."""
    return {**row, "email": "", "phone": "", "customer_id": "", column: text}


# Each bad kind: the code that it is rejected with, and what makes the row so.
BAD = [
    ("invalid_email", lambda row: alone(row, "email", "not-an-address")),
    ("invalid_phone", lambda row: alone(row, "phone", "12")),
    ("no_identifier", lambda row: alone(row, "email", "null")),
    ("invalid_currency", lambda row: {**row, "currency": "EURO"}),
    ("invalid_event_name", lambda row: {**row, "event": "purchase"}),
    ("invalid_time", lambda row: {**row, "occurred_at": "yesterday"}),
    ("missing_event_time", lambda row: {**row, "occurred_at": ""}),
    ("invalid_number", lambda row: {**row, "value": "12,5 EUR"}),
    ("missing_primary_key", lambda row: {**row, "event_id": ""}),
]


def export(rows: int, seed: int, prefix: str = "e", bad_percent: int = 3) -> Export:
    """Makes an export of so many rows, about `bad_percent` of them bad or expired, with every kind in turn."""
    chance, now = random.Random(seed), int(time.time())
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    accepted: set[str] = set()
    rejected: dict[str, int] = {}
    expired = bad = 0
    for number in range(rows):
        event_id = f"{prefix}-{seed}-{number}"
        row = good_row(chance, event_id, now)
        if chance.randrange(100) < bad_percent:
            kind, bad = bad % (len(BAD) + 1), bad + 1
            if kind == len(BAD):
                row["occurred_at"] = str(now - 90 * 86400)
                expired += 1
            else:
                code, spoil = BAD[kind]
                row = spoil(row)
                rejected[code] = rejected.get(code, 0) + 1
        else:
            accepted.add(event_id)
        writer.writerow(row)
    return Export(out.getvalue().encode(), accepted, rejected, expired, rows)
