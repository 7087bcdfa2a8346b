"""Functions are killed at random moments while exports arrive: nothing is missing, nothing is extra, records add up.

SOAK_SECONDS sets for how long processes are killed (15), SOAK_SEED the moments.
"""

import os
import random
import time

import pytest

from . import exports, expect
from .stack import until


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_killed_functions_lose_nothing_and_double_nothing(pipeline):
    seconds, chance = float(os.environ.get("SOAK_SECONDS", "15")), random.Random(int(os.environ.get("SOAK_SEED", "7")))
    stack, syncs = pipeline.stack, ["web-kills-a", "web-kills-b"]
    given: dict[str, list[exports.Export]] = {sync: [] for sync in syncs}
    for sync in syncs:
        pipeline.put_spec(sync, batch_size=20)
    stack.settle(60)
    with stack.redelivery(8):
        killed = kill_for(seconds, chance, pipeline, given)
        check(pipeline, given, killed)


def kill_for(seconds, chance, pipeline, given):
    """Drops exports and kills processes; how many were killed."""
    killed, end, next_export = 0, time.monotonic() + seconds, 0.0
    while time.monotonic() < end:
        if time.monotonic() >= next_export:
            sync = chance.choice(list(given))
            export = exports.export(chance.choice([50, 500, 3000]), seed=1000 + len(given[sync]), prefix=sync)
            pipeline.stack.put(f"models/{sync}/{len(given[sync])}.csv", export.body)
            given[sync].append(export)
            next_export = time.monotonic() + chance.uniform(2, 5)
        if running := pipeline.function_processes():
            pipeline.kill(chance.choice(running))
            killed += 1
        time.sleep(chance.uniform(0.2, 1.5))
    return killed


def check(pipeline, given, killed):
    stack = pipeline.stack
    assert killed, "no function ran while processes were to be killed"
    for sync, several in given.items():
        assert until(lambda: len(stack.records(sync)) >= len(several), 300), \
            f"{sync}: {len(stack.records(sync))} of {len(several)} records; {stack.depths()}\n{stack.function_logs()}"
        for record in stack.records(sync).values():
            expect.sums_hold(record)
        events = pipeline.events(sync)
        expect.delivered(events, set().union(*(export.accepted for export in several)))
        again = sum(event["received"] - 1 for event in events)
        print(f"{sync}: {len(several)} exports, {len(events)} events, {again} sent again, {killed} processes killed")
    stack.settle(120)
