"""What wakes which function, how often a message comes, and what each role may do: the template without our code."""

import json
import time
import urllib.parse

import pytest
from botocore.exceptions import ClientError

from .stack import until


def seen(stack, kind="message", function=None):
    """What the recorders wrote down, in order."""
    path = stack.folder / "seen.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [line for line in lines if line["kind"] == kind and (not function or line["function"].endswith(function))]


def records_of(message):
    return message["body"].get("Records", [])


def keys_seen(stack, function):
    return [urllib.parse.unquote_plus(record["s3"]["object"]["key"])
            for message in seen(stack, function=function) for record in records_of(message)]


def wait_for_keys(stack, function, keys, seconds=30):
    assert until(lambda: set(keys) <= set(keys_seen(stack, function)), seconds), \
        f"{function} saw {keys_seen(stack, function)}, expected {keys}"


WAKES_INGEST = ["models/a/1.csv", "tasks/s/r/scan/0.json", "state/s/head.json", "wake/acme.json"]
WAKES_DELIVER = ["batches/s/r/0-0.jsonl"]
WAKES_NOBODY = ["pending/s/1-a.json", "state/s/fixed.json", "state/s/snapshot/1-r/0", "state/connections/acme/dead/v1.json",
                "runs/s/r/run.json", "runs/s/r/plan.json", "outcomes/s/r/0-0.json", "manifests/s/r/0.json",
                "progress/s/r/0-0.json", "work/s/r/scan/0", "syncs/s.yaml", "identities/a.csv", "rejected/s/r.csv",
                "calls/s/r/0-0.jsonl.gz"]


def test_each_key_wakes_its_function_and_nothing_else_wakes_any(wiring):
    for key in [*WAKES_NOBODY, *WAKES_INGEST, *WAKES_DELIVER]:
        wiring.put(key, "x")
    wait_for_keys(wiring, "ingest", WAKES_INGEST)
    wait_for_keys(wiring, "deliver", WAKES_DELIVER)
    wiring.settle(20)
    assert not set(WAKES_NOBODY) & {*keys_seen(wiring, "ingest"), *keys_seen(wiring, "deliver")}
    assert not set(WAKES_INGEST) & set(keys_seen(wiring, "deliver"))
    assert not set(WAKES_DELIVER) & set(keys_seen(wiring, "ingest"))


def test_an_event_names_the_version_and_holds_the_key_url_encoded(wiring):
    key = "models/a/Käufe 1+2.csv"
    version = wiring.put(key, "x")
    wait_for_keys(wiring, "ingest", [key])
    record = next(r for m in seen(wiring, function="ingest") for r in records_of(m)
                  if urllib.parse.unquote_plus(r["s3"]["object"]["key"]) == key)
    assert record["s3"]["object"]["key"] == "models/a/K%C3%A4ufe+1%2B2.csv"
    assert record["s3"]["object"]["versionId"] == version


def test_an_object_copied_onto_itself_wakes_again(wiring):
    key = "batches/s/r/copied.jsonl"
    wiring.put(key, "x")
    wait_for_keys(wiring, "deliver", [key])
    wiring.s3.copy_object(Bucket=wiring.bucket, Key=key, CopySource={"Bucket": wiring.bucket, "Key": key},
                          MetadataDirective="REPLACE", Metadata={"nudge": "1"})
    assert until(lambda: keys_seen(wiring, "deliver").count(key) == 2, 20)


def test_the_first_message_of_each_queue_is_the_test_event_of_s3(wiring):
    wiring.put("models/a/first.csv", "x")
    wiring.put("batches/s/r/first.jsonl", "x")
    wait_for_keys(wiring, "ingest", ["models/a/first.csv"])
    wait_for_keys(wiring, "deliver", ["batches/s/r/first.jsonl"])
    for function in ("ingest", "deliver"):
        assert any(m["body"].get("Event") == "s3:TestEvent" for m in seen(wiring, function=function))


def test_messages_come_one_at_a_time_and_deliver_runs_five_at_once(wiring):
    keys = [f"batches/s/r/slow-{n}.jsonl" for n in range(15)]
    for key in keys:
        wiring.put(key, "x")
    wait_for_keys(wiring, "deliver", keys, 60)
    wiring.settle(30)
    assert all(message["messages"] == 1 for message in seen(wiring))
    steps = [(line["at"], +1) for line in seen(wiring, function="deliver") if "slow" in json.dumps(line["body"])]
    steps += [(line["at"], -1) for line in seen(wiring, "done", "deliver") if "slow" in json.dumps(line["body"])]
    running = most = 0
    for _, step in sorted(steps):
        running += step
        most = max(most, running)
    assert 2 <= most <= 5


@pytest.mark.parametrize("how", ["hand-back", "crash"])
@pytest.mark.parametrize(("function", "key", "receives"), [("deliver", "batches/s/r/{}.jsonl", 5),
                                                           ("ingest", "models/a/{}.csv", 10)])
def test_a_message_that_never_succeeds_comes_to_the_dead_letters_after_its_receives(wiring, function, key, receives, how):
    queue = f"{function.capitalize()}DeadLetters"
    before = wiring.depths()[queue][0]
    name = key.format(how)
    with wiring.redelivery(1):
        wiring.put(name, "x")
        assert until(lambda: wiring.depths()[queue][0] == before + 1, 90), (wiring.depths(), keys_seen(wiring, function))
    tries = [m["receives"] for m in seen(wiring, function=function)
             if any(urllib.parse.unquote_plus(r["s3"]["object"]["key"]) == name for r in records_of(m))]
    assert tries == list(range(1, receives + 1))
    wiring.settle(30)  # the schedule's message may be under way


HOUSEKEEPING = {"task": "housekeeping"}


def test_the_schedule_wakes_ingest_through_its_queue(wiring):
    assert until(lambda: [m for m in seen(wiring, function="ingest") if m["body"] == HOUSEKEEPING], 120)
    assert not [m for m in seen(wiring, function="deliver") if m["body"] == HOUSEKEEPING]


def environment(stack, function):
    assert until(lambda: seen(stack, "start", function), 30)
    return seen(stack, "start", function)[0]["environment"]


def test_the_functions_find_their_settings(wiring):
    wiring.put("models/a/settings.csv", "x")
    wiring.put("batches/s/r/settings.jsonl", "x")
    common = {"TIDELINE_BUCKET": wiring.bucket, "TIDELINE_LOG": "info", "TIDELINE_DELIVER_TIMEOUT_SECONDS": "30"}
    own = {"ingest": {"TIDELINE_MAX_RECEIVES": "10"},
           "deliver": {"TIDELINE_MAX_RECEIVES": "5", "TIDELINE_CALLS_IN_FLIGHT": "16", "TIDELINE_CALLS_PER_SECOND": "100"}}
    for function, settings in own.items():
        found = {k: v for k, v in environment(wiring, function).items() if k.startswith("TIDELINE_")}
        assert found == common | settings


class Role:
    """S3 and Secrets Manager as a function's role sees them."""

    def __init__(self, stack, function):
        own = environment(stack, function)
        keys = {"aws_access_key_id": own["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": own["AWS_SECRET_ACCESS_KEY"],
                "aws_session_token": own["AWS_SESSION_TOKEN"]}
        self.bucket, self.s3, self.secrets = stack.bucket, stack.client("s3", **keys), stack.client("secretsmanager", **keys)

    def answer(self, call, **arguments):
        """`ok`, or the error's code."""
        try:
            call(**arguments)
            return "ok"
        except ClientError as error:
            return error.response["Error"]["Code"]

    def get(self, key):
        return self.answer(self.s3.get_object, Bucket=self.bucket, Key=key)

    def put(self, key):
        return self.answer(self.s3.put_object, Bucket=self.bucket, Key=key, Body=b"x")

    def delete(self, key):
        return self.answer(self.s3.delete_object, Bucket=self.bucket, Key=key)

    def secret(self, name):
        return self.answer(self.secrets.get_secret_value, SecretId=name)


DENIED = "AccessDenied"


def test_only_ingest_makes_the_key_of_the_fingerprints_and_nobody_changes_a_token(wiring):
    own, token = f"tideline/{wiring.bucket}/fingerprint-key", f"tideline/{wiring.bucket}/destinations/fixed"
    wiring.secrets.create_secret(Name=token, SecretString='{"access_token":"x"}')
    ingest, deliver = Role(wiring, "ingest"), Role(wiring, "deliver")
    for role, answer in ((deliver, False), (ingest, True)):
        assert (role.answer(role.secrets.create_secret, Name=own, SecretString="x") == "ok") is answer
        assert (role.secret(own) == "ok") is answer
        assert role.answer(role.secrets.put_secret_value, SecretId=token, SecretString="y") != "ok"


def test_deliver_may_not_read_exports_nor_write_heads_records_or_specs(wiring):
    for key in ("models/a/role.csv", "identities/role.csv", "rejected/s/role.csv", "state/s/head.json", "batches/s/r/role.jsonl"):
        wiring.put(key, "x")
    role = Role(wiring, "deliver")
    assert [role.get(key) for key in ("models/a/role.csv", "identities/role.csv", "rejected/s/role.csv")] == [DENIED] * 3
    assert [role.put(key) for key in ("state/s/head.json", "runs/s/r/run.json", "syncs/s.yaml", "models/a/x.csv",
                                      "manifests/s/r/0.json")] == [DENIED] * 5
    assert role.delete("batches/s/r/role.jsonl") == DENIED
    assert [role.get(key) for key in ("state/s/head.json", "batches/s/r/role.jsonl")] == ["ok"] * 2
    assert [role.put(key) for key in ("outcomes/s/r/0-9.json", "progress/s/r/0-9.json", "tasks/s/r/finish/0.json",
                                      "calls/s/r/0-9.jsonl.gz", "state/connections/acme/dead/v2.json", "runs/s/r/stop.json")] == ["ok"] * 6


def test_ingest_may_not_change_or_delete_exports_specs_or_records(wiring):
    for key in ("models/a/role.csv", "syncs/role.yaml", "runs/s/role/run.json", "state/s/head.json", "pending/s/role.json"):
        wiring.put(key, "x")
    role = Role(wiring, "ingest")
    assert [role.put(key) for key in ("models/a/role.csv", "syncs/role.yaml", "identities/x.csv")] == [DENIED] * 3
    assert [role.delete(key) for key in ("models/a/role.csv", "syncs/role.yaml", "runs/s/role/run.json",
                                         "state/s/head.json")] == [DENIED] * 4
    assert [role.get(key) for key in ("models/a/role.csv", "syncs/role.yaml", "pending/s/role.json")] == ["ok"] * 3
    assert role.delete("pending/s/role.json") == "ok"


@pytest.mark.parametrize("function", ["ingest", "deliver"])
def test_a_function_reads_the_tokens_of_its_own_bucket_only(wiring, function):
    own, other = f"tideline/{wiring.bucket}/destinations/{function}", f"tideline/other-{function}/destinations/acme"
    for name in (own, other):
        wiring.secrets.create_secret(Name=name, SecretString='{"access_token":"x"}')
    role = Role(wiring, function)
    assert role.secret(own) == "ok"
    assert role.secret(other) != "ok"


def test_a_handed_back_message_does_not_hold_up_the_others(wiring):
    key, behind = "batches/s/r/hand-back-alone.jsonl", "batches/s/r/behind.jsonl"
    wiring.put(key, "x")
    wait_for_keys(wiring, "deliver", [key])
    begun = time.monotonic()
    wiring.put(behind, "x")
    wait_for_keys(wiring, "deliver", [behind])
    assert time.monotonic() - begun < 15  # the first one rests for the 30 seconds of Timing quick
    assert keys_seen(wiring, "deliver").count(key) == 1
