"""What operators do and what goes wrong around them, on the deployed template with the real functions."""

import json
import os
import subprocess
import time
import urllib.request

import pytest

from . import exports, expect
from .pipeline import TOKEN, binaries
from .stack import until
from .test_web_events import drop


def control(pipeline, path, body):
    """Tells the sandbox something."""
    request = urllib.request.Request(f"{pipeline.sandbox.url}/_sandbox/{path}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


@pytest.fixture
def cli(pipeline):
    """The command line against the bucket: its lines of JSON."""
    program = binaries()["ingest"].with_name("tideline")
    environment = {**os.environ, "AWS_ENDPOINT_URL": pipeline.stack.emulator.url, "AWS_REGION": "eu-west-1",
                   "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

    def run(*arguments):
        command = [str(program), "--output", "json", *arguments, "--store", f"s3://{pipeline.stack.bucket}"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (command, done.returncode, done.stdout, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]
    return run


def test_runs_rejected_rows_and_calls_are_listed_from_the_bucket(pipeline, cli):
    pipeline.put_spec("ops-list", batch_size=50)
    export = exports.export(100, seed=30, prefix="opslist", bad_percent=20)
    record, _ = drop(pipeline, "ops-list", "day.csv", export.body)
    assert cli("runs", "ops-list") == [{**record, "left_over": 0}]
    rows = cli("rejected", record["run"])
    by_code = {code: sum(row["code"] == code for row in rows) for code in export.rejected}
    assert by_code == export.rejected and len(rows) == sum(export.rejected.values())
    assert "not-an-address" not in json.dumps(rows) and "example.com" not in json.dumps(rows).lower(), "a raw value is shown"
    calls = cli("debug", record["run"])
    assert sum(call["rows"] for call in calls) == record["sums"]["accepted"]
    assert all(len(call["request"]["data"]) == len(call["primary_keys"]) == call["rows"] for call in calls), calls
    assert "@" not in json.dumps(calls), "a raw value is shown"


def test_rows_that_tiktok_refused_go_again_by_retry_and_not_by_themselves(pipeline, cli):
    pipeline.put_spec("ops-retry")
    export = exports.export(5, seed=31, prefix="opsretry", bad_percent=0)
    control(pipeline, "faults", [{"path": "/event/track/", "every": 1, "code": 40002}])
    try:
        refused, _ = drop(pipeline, "ops-retry", "day.csv", export.body)
    finally:
        control(pipeline, "faults", [])
    assert expect.counts(refused)["refused"] == 5, refused
    expect.sums_hold(refused)
    pipeline.stack.settle(30)
    assert not pipeline.events("opsretry")
    assert len(pipeline.stack.records("ops-retry")) == 1, "nothing goes by itself"
    known = set(pipeline.stack.records("ops-retry"))
    [asked] = cli("retry", refused["run"])
    record = pipeline.stack.next_record("ops-retry", known, 60)
    assert (record["run"], record["status"]) == (asked["run"], expect.COMPLETED), record
    expect.sums_hold(record)
    expect.delivered(pipeline.events("opsretry"), export.accepted)


def test_after_a_resync_the_next_export_sends_everything_again(pipeline, cli):
    pipeline.put_spec("ops-resync")
    export = exports.export(40, seed=32, prefix="opsresync", bad_percent=0)
    drop(pipeline, "ops-resync", "day-1.csv", export.body)
    known = set(pipeline.stack.records("ops-resync"))
    cli("resync", "ops-resync", "--yes")
    assert pipeline.stack.next_record("ops-resync", known, 60)["status"] == "resynced"
    again, _ = drop(pipeline, "ops-resync", "day-2.csv", export.body)
    expect.completed(again, export)
    assert {event["received"] for event in pipeline.events("opsresync")} == {2}


def test_what_went_to_the_test_page_goes_live_by_retry(pipeline, cli):
    spec = exports.spec("ops-test", batch_size=50)
    test = spec.replace("  batch_size:", "  test_event_code: TEST1\n  batch_size:")
    assert test != spec
    pipeline.stack.put("syncs/ops-test.yaml", test)
    export = exports.export(100, seed=39, prefix="opstest", bad_percent=0)
    tested, _ = drop(pipeline, "ops-test", "day.csv", export.body)
    expect.completed(tested, export)
    assert {event["test"] for event in pipeline.events("opstest")} == {True}
    pipeline.put_spec("ops-test", batch_size=50)
    known = set(pipeline.stack.records("ops-test"))
    [asked] = cli("retry", "ops-test")
    live = pipeline.stack.next_record("ops-test", known, 60)
    assert live["run"] == asked["run"] == f"{tested['run']}.2", (asked, live)
    expect.completed(live, export)
    events = [event for event in pipeline.events("opstest") if not event["test"]]
    expect.delivered(events, export.accepted)
    assert cli("retry", "ops-test")[0]["run"] is None, "nothing is left to do"


def test_markers_are_no_exports_and_one_export_is_done_again_by_its_key(pipeline, cli):
    pipeline.put_spec("ops-markers", batch_size=50)
    for marker, body in [("_SUCCESS", ""), ("_temporary/0/day.csv", "id\n1\n"), (".day.csv.crc", "crc"), ("day.csv/", ""), ("empty.csv", "")]:
        pipeline.stack.put(f"models/ops-markers/{marker}", body)
    export = exports.export(60, seed=40, prefix="opsmarkers", bad_percent=0)
    first, _ = drop(pipeline, "ops-markers", "day.csv", export.body)
    pipeline.stack.settle(30)
    assert [record["run"] for record in pipeline.stack.records("ops-markers").values()] == [first["run"]], "a marker became a run"
    expect.completed(first, export)
    known = set(pipeline.stack.records("ops-markers"))
    [asked] = cli("retry", "--export", "models/ops-markers/day.csv")
    again = pipeline.stack.next_record("ops-markers", known, 60)
    assert again["run"] == asked["run"] == f"{first['run']}.2", (asked, again)
    expect.unchanged(again, export)


def test_a_cancelled_run_sends_no_more_and_frees_the_sync(pipeline, cli):
    pipeline.put_spec("ops-cancel", batch_size=1)
    export = exports.export(400, seed=33, prefix="opscancel", bad_percent=0)
    control(pipeline, "faults", [{"path": "/event/track/", "every": 1, "hang_ms": 1500}])
    try:
        pipeline.stack.put("models/ops-cancel/day.csv", export.body)
        assert until(lambda: pipeline.events("opscancel"), 60), pipeline.stack.function_logs()
        [run] = [run["run"] for run in cli("runs", "ops-cancel")]
        cli("cancel", run)
    finally:
        control(pipeline, "faults", [])
    # The quiet time of Timing quick: 30 seconds for deliver and 60 for TikTok.
    record = pipeline.stack.next_record("ops-cancel", set(), 280)
    assert record["status"] == "cancelled", record
    expect.sums_hold(record)
    sent = len(pipeline.events("opscancel"))
    assert 0 < sent < 400
    found = expect.counts(record)
    assert found["accepted"] <= sent, "nothing is called accepted that TikTok does not have"
    corrected, _ = drop(pipeline, "ops-cancel", "day-again.csv", export.body + b"\n")
    assert expect.counts(corrected)["unchanged"] == found["accepted"]
    expect.delivered(pipeline.events("opscancel"), export.accepted)


def test_two_versions_of_one_key_both_count(pipeline):
    pipeline.put_spec("ops-versions")
    first, second = (exports.export(150, seed=seed, prefix="opsversions", bad_percent=0) for seed in (34, 35))
    for export in (first, second):
        pipeline.stack.put("models/ops-versions/latest.csv", export.body)
    assert until(lambda: len(pipeline.stack.records("ops-versions")) == 2, 60), pipeline.stack.function_logs()
    for record in pipeline.stack.records("ops-versions").values():
        assert record["status"] == expect.COMPLETED, record
        expect.sums_hold(record)
    expect.delivered(pipeline.events("opsversions"), first.accepted | second.accepted)


def test_a_dead_token_costs_one_call_and_a_new_one_sends_what_was_left(pipeline):
    stack = pipeline.stack
    spec = exports.spec("ops-token", batch_size=10).replace("destination: acme", "destination: other")
    stack.put("syncs/ops-token.yaml", spec)
    stack.put_destination("other", "a-token-that-nobody-gave")
    export = exports.export(100, seed=36, prefix="opstoken", bad_percent=0)
    before = pipeline.calls()
    record, _ = drop(pipeline, "ops-token", "day-1.csv", export.body)
    assert record["status"] == "needs_reauthorisation", record
    assert expect.counts(record)["carried_out"] == 100
    expect.sums_hold(record)
    made = sum(count for key, count in flat(pipeline.calls()) if key) - sum(count for key, count in flat(before) if key)
    assert made == 1, f"{made} calls with a dead token"
    # A later export waits.
    later = exports.export(20, seed=37, prefix="opstoken", bad_percent=0)
    stack.put("models/ops-token/day-2.csv", later.body)
    time.sleep(3)
    stack.settle(30)
    assert len(stack.records("ops-token")) == 1
    stack.secrets.put_secret_value(SecretId=f"tideline/{stack.bucket}/destinations/other",
                                   SecretString=json.dumps({"access_token": TOKEN}))
    stack.put("wake/other.json", "{}")
    assert until(lambda: len(stack.records("ops-token")) >= 2, 60), stack.function_logs()
    expect.delivered(pipeline.events("opstoken"), export.accepted | later.accepted)


def flat(calls):
    """The counts of a nested answer, with the path to each."""
    if isinstance(calls, dict):
        return [(f"{key}/{below}", count) for key, value in calls.items() for below, count in flat(value)]
    return [("", calls)] if isinstance(calls, int) else [found for value in calls for found in flat(value)]


@pytest.mark.slow
def test_batches_whose_messages_were_lost_are_woken_by_the_schedule(pipeline):
    stack, export = pipeline.stack, exports.export(200, seed=38, prefix="opslost", bad_percent=0)
    pipeline.put_spec("ops-lost", batch_size=100)
    functions = stack.client("lambda")
    [mapping] = [each["UUID"] for each in functions.list_event_source_mappings()["EventSourceMappings"]
                 if each["EventSourceArn"] == stack.sqs.get_queue_attributes(
                     QueueUrl=stack.outputs["DeliverQueueUrl"], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]]
    functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    try:
        stack.put("models/ops-lost/day.csv", export.body)
        assert until(lambda: stack.keys("batches/ops-lost/"), 60), stack.function_logs()
        time.sleep(2)
        stack.sqs.purge_queue(QueueUrl=stack.outputs["DeliverQueueUrl"])
    finally:
        functions.update_event_source_mapping(UUID=mapping, Enabled=True)
    record = stack.next_record("ops-lost", set(), 280)
    expect.completed(record, export)
    expect.delivered(pipeline.events("opslost"), export.accepted)
