"""What a run's record says: its fields are named here and nowhere else in these tests."""

import json
from collections import Counter

from .exports import Export

COMPLETED = "completed"
COMPLETED_WITH_ERRORS = "completed_with_errors"
ABORTED = "aborted"

# queried = unchanged + changed_not_sent + skipped + expired + rejected (duplicates among them) + withheld
# + to_send, and
# to_send + carried_in = accepted + refused + carried_out + lost.
BEFORE = ["unchanged", "changed_not_sent", "skipped", "expired", "rejected", "withheld", "to_send"]
AFTER = ["accepted", "refused", "carried_out", "lost"]


def counts(record: dict) -> dict[str, int]:
    """The numbers of a record, before and after sending; rejected rows of all codes together."""
    found = {**record["counts"], **record["sums"]}
    found["rejected"] = sum(found["rejected"].values())
    return {name: found[name] for name in ["queried", "carried_in", *BEFORE, *AFTER]}


def every_call_is_kept(record: dict, kept: dict[str, list[dict]], raw: list[str]) -> None:
    """The live debugger holds the calls that the record counts, with TikTok's answers, and nothing of these values."""
    batches = [call for name, calls in kept.items() if name[0].isdigit() for call in calls]
    assert Counter(str(call["code"]) for call in batches) == record["calls"]
    assert all(call["request_id"] and call["response"]["message"] for call in batches), batches
    text = json.dumps(kept)
    assert [value for value in raw if value in text] == []


def sums_hold(record: dict) -> None:
    """Every row is accounted for exactly once, and the record itself finds no fault."""
    found = counts(record)
    assert found["queried"] == sum(found[name] for name in BEFORE), found
    assert found["to_send"] + found["carried_in"] == sum(found[name] for name in AFTER), found
    assert not record.get("inconsistent"), record


def completed(record: dict, export: Export) -> None:
    """The export was delivered, and its bad rows are rejected, each for its reason."""
    assert record["status"] == (COMPLETED_WITH_ERRORS if export.rejected else COMPLETED), record
    found = counts(record)
    assert found["queried"] == export.rows, found
    assert record["counts"]["rejected"] == export.rejected
    assert found["expired"] == export.expired, found
    assert found["accepted"] == found["to_send"] == len(export.accepted), found
    sums_hold(record)


def unchanged(record: dict, export: Export) -> None:
    """Nothing of the export was new: every row that was delivered before is unchanged, nothing is sent."""
    found = counts(record)
    assert found["unchanged"] == len(export.accepted), found
    assert found["to_send"] == found["accepted"] == 0, found
    sums_hold(record)


def aborted(record: dict, *words: str) -> None:
    """The run ended as aborted, and its reason holds these words."""
    assert record["status"] == ABORTED, record
    reason = record["reason"]
    assert isinstance(reason, str) and reason, record
    for word in words:
        assert word.lower() in reason.lower(), reason


def delivered(events: list[dict], ids: set[str], source: str = "C4A1EXAMPLEPIXEL0001") -> None:
    """The sandbox holds exactly these events, and nothing that identifies a person in the clear."""
    held = [event["event_id"] for event in events]
    missing, extra = ids - set(held), set(held) - ids
    assert not missing and not extra, f"missing {len(missing)}: {sorted(missing)[:5]}, extra {len(extra)}: {sorted(extra)[:5]}"
    assert len(held) == len(ids), "an event is held twice"
    assert {event["event_source_id"] for event in events} <= {source}
    text = str(events)
    assert "@" not in text and "+49151" not in text, "an address or a phone number went out in the clear"


def received_once(events: list[dict]) -> None:
    """Nothing was sent twice."""
    again = [event["event_id"] for event in events if event["received"] != 1]
    assert not again, f"sent more than once: {again[:5]} and {len(again)} in all"
