"""Custom audiences on the deployed template: the Segment API with Match Booster, and file uploads."""

import hashlib
import time

from . import expect
from .servers import get_json
from .stack import until

ADVERTISER = "7100000000000000001"

MIRROR = """\
destination: acme
type: custom_audience
mode: mirror
model: {path: models/vip/, primary_key: id, run_on: each_file}
audience: {advertiser_id: "7100000000000000001", name: Stack VIP, via: segment, persons_per_call: 100}
mappings:
  - {from: email, to: email}
match_booster: {identities: identities/people/, on: {id: customer}, add: [{from: phone, to: phone}]}
guards: {max_removed_percent: 100}
"""

ALL = """\
destination: acme
type: custom_audience
mode: all
model: {path: models/everybody/, primary_key: id, run_on: each_file}
audience: {advertiser_id: "7100000000000000001", name: Stack everybody, via: file_upload}
mappings:
  - {from: email, to: email}
"""


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def people(numbers):
    lines = [f"{number},Person.{number}@Example.com" for number in numbers]
    return "\n".join(["id,email", *lines]) + "\n"


def identities(numbers):
    lines = [f"{number},+49 151 12{number:06d}" for number in numbers]
    return "\n".join(["customer,phone", *lines]) + "\n"


def held(pipeline, name):
    """The identifiers of the audience of this name; there is one."""
    found = [each for each in get_json(f"{pipeline.sandbox.url}/_sandbox/audiences") if each["name"] == name]
    assert len(found) == 1, found
    assert found[0]["advertiser_id"] == ADVERTISER
    return {kind: set(ids) for kind, ids in found[0]["ids"].items()}


def next_record(pipeline, sync, key, body, seconds):
    known = set(pipeline.stack.records(sync))
    pipeline.stack.put(f"models/{sync}/{key}", body)
    return pipeline.stack.next_record(sync, known, seconds)


def test_an_audience_is_uploaded_as_a_file_once_a_day(pipeline):
    pipeline.stack.put("syncs/everybody.yaml", ALL)
    record = next_record(pipeline, "everybody", "day-1.csv", people(range(1200)), 90)
    assert record["status"] == expect.COMPLETED, record
    expect.sums_hold(record)
    expected = {"EMAIL_SHA256": {digest(f"person.{number}@example.com") for number in range(1200)}}
    assert held(pipeline, "Stack everybody") == expected
    kept = pipeline.stack.debugger(record)
    expect.every_call_is_kept(record, kept, ["person.7", digest("person.7@example.com")])
    assert [call["path"].split("custom_audience/")[1] for call in kept["0-0"]] == ["file/upload/", "create/"]
    assert kept["0-0"][0]["request"]["file"]["bytes"] > 1200 * 64
    pipeline.stack.put("models/everybody/again.csv", people(range(1100)))
    assert until(lambda: pipeline.stack.keys("pending/everybody/"), 60), "the second export was not taken in"


def test_an_audience_is_mirrored_with_the_identifiers_that_match_booster_adds(pipeline):
    pipeline.stack.put("identities/people/a.csv", identities(range(0, 100)))
    pipeline.stack.put("syncs/vip.yaml", MIRROR)
    first = next_record(pipeline, "vip", "day-1.csv", people(range(250)), 90)
    assert first["status"] == expect.COMPLETED, first
    expect.sums_hold(first)
    assert held(pipeline, "Stack VIP") == {
        "EMAIL_SHA256": {digest(f"person.{number}@example.com") for number in range(250)},
        "PHONE_SHA256": {digest(f"+4915112{number:06d}") for number in range(100)},
    }
    kept = pipeline.stack.debugger(first)
    expect.every_call_is_kept(first, kept, ["person.7", digest("person.7@example.com")])
    assert [call["request"]["action"] for call in kept["audience"]] == ["create"]
    booster = first["counts"]["booster"]
    assert (booster["rows"], booster["found"], booster["gained"]) == (250, 100, 100), booster
    assert (booster["before"]["phone"], booster["after"]["phone"]) == (0, 100), booster
    # The quiet time of audiences, 90 s with the quick timing, separates the second run from the first.
    begun = time.monotonic()
    second = next_record(pipeline, "vip", "day-2.csv", people(range(50, 260)), 300)
    assert time.monotonic() - begun > 30, "the quiet time was not kept"
    assert second["status"] == expect.COMPLETED, second
    expect.sums_hold(second)
    assert (second["counts"]["unchanged"], second["counts"]["to_send"], second["counts"]["removed"]) == (200, 10, 50)
    assert second["sums"]["deleted"] == 100
    assert held(pipeline, "Stack VIP") == {
        "EMAIL_SHA256": {digest(f"person.{number}@example.com") for number in range(50, 260)},
        "PHONE_SHA256": {digest(f"+4915112{number:06d}") for number in range(50, 100)},
    }
    assert pipeline.stack.depths()["IngestDeadLetters"] == (0, 0)


def test_the_second_file_of_a_day_waits_for_the_next_one(pipeline):
    # The test before this one took longer than the quiet time, and housekeeping came by: still it waits.
    first = next(iter(pipeline.stack.records("everybody").values()))
    if time.time() // 86_400 > first["finished"] // 86_400:  # midnight (UTC) came between the tests
        assert until(lambda: len(pipeline.stack.records("everybody")) == 2, 90), "the day is over, and it still waits"
        return
    assert pipeline.stack.keys("pending/everybody/"), "the second export of the day does not wait"
    assert len(pipeline.stack.records("everybody")) == 1
    assert len(held(pipeline, "Stack everybody")["EMAIL_SHA256"]) == 1200
