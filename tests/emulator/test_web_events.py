"""Web events on the deployed template: an export in the bucket becomes API calls and a record."""

import time

import pytest

from . import exports, expect
from .stack import until


def drop(pipeline, sync, key, body, seconds=90):
    """Puts an export and waits for its record; the record and the export's version."""
    known = set(pipeline.stack.records(sync))
    version = pipeline.stack.put(f"models/{sync}/{key}", body)
    return pipeline.stack.next_record(sync, known, seconds), version


def dead_letters(pipeline):
    depths = pipeline.stack.depths()
    return depths["IngestDeadLetters"], depths["DeliverDeadLetters"]


def test_an_export_with_bad_rows_is_delivered_without_them(pipeline):
    pipeline.put_spec("web-first", batch_size=100)
    export = exports.export(2000, seed=1, prefix="first")
    record, _ = drop(pipeline, "web-first", "day-1.csv", export.body)
    expect.completed(record, export)
    expect.every_call_is_kept(record, pipeline.stack.debugger(record), ["@"])
    events = pipeline.events("first")
    expect.delivered(events, export.accepted)
    expect.received_once(events)
    pipeline.stack.settle(30)
    assert dead_letters(pipeline) == ((0, 0), (0, 0))


def test_the_same_notification_again_does_nothing(pipeline):
    pipeline.put_spec("web-again")
    export = exports.export(300, seed=2, prefix="again")
    record, version = drop(pipeline, "web-again", "day-1.csv", export.body)
    expect.completed(record, export)
    pipeline.stack.settle(30)
    calls = pipeline.calls()
    for _ in range(3):
        pipeline.notify("models/web-again/day-1.csv", version)
    pipeline.stack.settle(30)
    assert list(pipeline.stack.records("web-again").values()) == [record]
    assert pipeline.calls() == calls
    expect.received_once(pipeline.events("again"))


def test_the_same_rows_under_another_key_are_unchanged(pipeline):
    pipeline.put_spec("web-copy")
    export = exports.export(300, seed=3, prefix="copy")
    first, _ = drop(pipeline, "web-copy", "day-1.csv", export.body)
    expect.completed(first, export)
    second, _ = drop(pipeline, "web-copy", "day-1-again.csv", export.body)
    expect.unchanged(second, export)
    expect.received_once(pipeline.events("copy"))


@pytest.mark.parametrize(("prefix", "key"), [("keys-a", "day 1+2.csv"), ("keys-b", "Käufe/März 100%.csv"),
                                             ("keys-c", "a&b=c?d#e.csv"), ("keys-d", "日本.csv")])
def test_a_key_may_hold_any_character(pipeline, prefix, key):
    pipeline.put_spec("web-keys")
    export = exports.export(50, seed=4, prefix=prefix, bad_percent=0)
    record, _ = drop(pipeline, "web-keys", key, export.body)
    expect.completed(record, export)
    expect.delivered(pipeline.events(prefix), export.accepted)


HEADER = ",".join(exports.COLUMNS)


@pytest.mark.parametrize(("name", "body", "words"), [
    ("column-missing", HEADER.replace("occurred_at", "happened_at").encode() + b"\nx-1,Purchase,1,a@example.com,,,,1,EUR\n",
     ["occurred_at"]),
    ("header-twice", HEADER.replace("phone", "email").encode() + b"\nx-1,Purchase,1,a@example.com,b,,,1,EUR\n", ["email"]),
    ("no-text", b"\xff\xfe\x00\x01" * 500, []),
    ("blank", b"\n", []),
])
def test_a_broken_export_ends_as_aborted_with_the_reason(pipeline, name, body, words):
    pipeline.put_spec("web-broken")
    before = dead_letters(pipeline)
    record, _ = drop(pipeline, "web-broken", f"{name}.csv", body)
    expect.aborted(record, *words)
    pipeline.stack.settle(30)
    assert dead_letters(pipeline) == before
    # The sync is free: the next export goes its way.
    export = exports.export(20, seed=5, prefix=f"after-{name}", bad_percent=0)
    record, _ = drop(pipeline, "web-broken", f"{name}-corrected.csv", export.body)
    expect.completed(record, export)


def test_an_export_of_no_sync_sticks_nowhere(pipeline):
    before = dead_letters(pipeline)
    pipeline.stack.put("models/nobody/day-1.csv", b"a,b\n1,2\n")
    time.sleep(1)
    pipeline.stack.settle(30)
    assert dead_letters(pipeline) == before


def test_exports_of_one_sync_run_one_after_another_and_none_is_left_out(pipeline):
    pipeline.put_spec("web-queue")
    several = [exports.export(200, seed=seed, prefix="queue") for seed in range(10, 16)]
    for number, export in enumerate(several):
        pipeline.stack.put(f"models/web-queue/{number}.csv", export.body)
    assert until(lambda: len(pipeline.stack.records("web-queue")) == len(several), 120), pipeline.stack.depths()
    for record in pipeline.stack.records("web-queue").values():
        expect.sums_hold(record)
    expect.delivered(pipeline.events("queue"), set().union(*(export.accepted for export in several)))


@pytest.mark.slow
def test_a_hundred_thousand_rows_arrive(pipeline):
    pipeline.put_spec("web-large")
    export = exports.export(100_000, seed=6, prefix="large")
    begun = time.monotonic()
    record, _ = drop(pipeline, "web-large", "all.csv", export.body, seconds=270)
    print(f"100,000 rows: {time.monotonic() - begun:.1f} s from the export to its record (debug build)")
    expect.completed(record, export)
    expect.delivered(pipeline.events("large"), export.accepted)
