"""Deploys infra/template.yaml, as it is, to the emulator, and the few things that one does with a deployed stack."""

import contextlib
import gzip
import hashlib
import io
import json
import pathlib
import re
import subprocess
import time
import zipfile

import boto3
from botocore.config import Config

from .servers import REGION, ROOT, Server

TEMPLATE = ROOT / "infra" / "template.yaml"
BUCKET = "tideline-test"
STACK = "tideline"
ARTIFACTS = "tideline-artifacts"


def zipped(binary: pathlib.Path, scratch: pathlib.Path) -> bytes:
    """The deployment package of a function: its binary, stripped, as `bootstrap`."""
    content = binary.read_bytes()
    if content.startswith(b"\x7fELF"):
        stripped = scratch / f"{binary.name}.stripped"
        subprocess.run(["strip", "-o", str(stripped), str(binary)], check=True)
        content = stripped.read_bytes()
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return package.getvalue()


class Stack:
    """A deployed stack. `outputs` are the template's; `bucket` is the bucket's name."""

    def __init__(self, emulator: Server):
        self.emulator = emulator
        self.bucket = BUCKET
        self.s3, self.sqs, self.secrets = (self.client(name) for name in ("s3", "sqs", "secretsmanager"))
        self.outputs: dict[str, str] = {}

    def client(self, service: str, **credentials: str):
        """A boto3 client of the emulator: its root user, or the credentials given."""
        given = credentials or {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.emulator.url, region_name=REGION, **given,
                            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}))

    def deploy(self, binaries: dict[str, pathlib.Path], parameters: dict[str, str], scratch: pathlib.Path) -> None:
        """Creates the stack with one binary for each function; only `CodeUri` differs from the template."""
        text = TEMPLATE.read_text()
        self.s3.create_bucket(Bucket=ARTIFACTS, CreateBucketConfiguration={"LocationConstraint": REGION})
        for function, binary in binaries.items():
            package = zipped(binary, scratch)
            key = hashlib.sha256(package).hexdigest()
            self.s3.put_object(Bucket=ARTIFACTS, Key=key, Body=package)
            text, found = re.subn(rf"CodeUri: \.\./build/{function}/", f"CodeUri: s3://{ARTIFACTS}/{key}", text)
            assert found == 1, f"the template has {found} places for the code of {function}"
        formation = self.client("cloudformation")
        formation.create_stack(
            StackName=STACK, TemplateBody=text, Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value}
                        for key, value in {"BucketName": self.bucket, **parameters}.items()])

        def state():
            return formation.describe_stacks(StackName=STACK)["Stacks"][0]
        until(lambda: state()["StackStatus"] != "CREATE_IN_PROGRESS", 120)
        if state()["StackStatus"] != "CREATE_COMPLETE":
            events = formation.describe_stack_events(StackName=STACK)["StackEvents"]
            failed = [f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}" for e in events
                      if "FAILED" in e["ResourceStatus"]]
            raise RuntimeError(f"the stack is {state()['StackStatus']}: {failed}")
        self.outputs = {each["OutputKey"]: each["OutputValue"] for each in state()["Outputs"]}
        self._allow_plain_http()

    def _allow_plain_http(self) -> None:
        """Takes the TLS-only policy away: the emulator speaks plain HTTP, and enforces it as AWS would."""
        client = self.client("s3")
        client.meta.events.register("before-sign.s3", lambda request, **_: request.headers.add_header(
            "X-Forwarded-Proto", "https"))
        client.delete_bucket_policy(Bucket=self.bucket)

    # -- objects

    def put(self, key: str, body: bytes | str) -> str:
        """Writes an object; its version."""
        content = body.encode() if isinstance(body, str) else body
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)["VersionId"]

    def keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", [])]

    def read(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def put_destination(self, name: str, token: str) -> None:
        """Stores a destination's token as `tideline connect` does."""
        self.secrets.create_secret(Name=f"tideline/{self.bucket}/destinations/{name}",
                                   SecretString=json.dumps({"access_token": token}))

    # -- runs and queues

    def records(self, sync: str) -> dict[str, dict]:
        """The finished runs of a sync: key of `run.json` to its content."""
        return {key: json.loads(self.read(key)) for key in self.keys(f"runs/{sync}/") if key.endswith("/run.json")}

    def debugger(self, record: dict) -> dict[str, list[dict]]:
        """What the live debugger keeps of a run: the calls of each object, by the object's name."""
        prefix = f"calls/{record['sync']}/{record['run']}/"
        return {key.removeprefix(prefix).removesuffix(".jsonl.gz"):
                [json.loads(line) for line in gzip.decompress(self.read(key)).splitlines()] for key in self.keys(prefix)}

    def next_record(self, sync: str, known: set[str], seconds: float) -> dict:
        """Waits for a record that is not among the known ones."""
        fresh: dict[str, dict] = {}

        def look():
            fresh.update({key: record for key, record in self.records(sync).items() if key not in known})
            return fresh
        if not until(look, seconds):
            raise AssertionError(f"no new runs/{sync}/*/run.json within {seconds:.0f} s. The bucket holds "
                                 f"{[key for key in self.keys('') if not key.startswith('models/')]}, the queues "
                                 f"{self.depths()}. The functions' last words:\n{self.function_logs()}")
        assert len(fresh) == 1, f"one run expected, found {sorted(fresh)}"
        return next(iter(fresh.values()))

    def depths(self) -> dict[str, tuple[int, int]]:
        """Messages waiting and in flight, by queue."""
        found = {}
        for name in ("IngestQueue", "DeliverQueue", "IngestDeadLetters", "DeliverDeadLetters"):
            attributes = self.sqs.get_queue_attributes(QueueUrl=self.outputs[f"{name}Url"], AttributeNames=["All"])
            counts = attributes["Attributes"]
            found[name] = (int(counts["ApproximateNumberOfMessages"]),
                           int(counts["ApproximateNumberOfMessagesNotVisible"]))
        return found

    def settle(self, seconds: float, quiet: float = 1.5) -> dict[str, tuple[int, int]]:
        """Waits until the two work queues have been empty for a while; the depths at the end."""
        since = None
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            depths = self.depths()
            if any(depths["IngestQueue"]) or any(depths["DeliverQueue"]):
                since = None
            elif since is None:
                since = time.monotonic()
            elif time.monotonic() - since >= quiet:
                return depths
            time.sleep(0.2)
        raise AssertionError(f"the queues are not empty after {seconds:.0f} s: {self.depths()}\n{self.function_logs()}")

    @contextlib.contextmanager
    def redelivery(self, seconds: int):
        """For a while, a message that was handed back or whose function died comes again after so many seconds."""
        queues = [self.outputs[f"{name}Url"] for name in ("IngestQueue", "DeliverQueue")]
        before = [self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["VisibilityTimeout"])["Attributes"]
                  for queue in queues]
        try:
            for queue in queues:
                self.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": str(seconds)})
            yield
        finally:
            for queue, attributes in zip(queues, before):
                self.sqs.set_queue_attributes(QueueUrl=queue, Attributes=attributes)

    def function_logs(self, lines: int = 25) -> str:
        """The last lines that each function wrote."""
        logs, said = self.client("logs"), []
        for name in ("IngestLogGroup", "DeliverLogGroup"):
            try:
                events = logs.filter_log_events(logGroupName=self.outputs[name])["events"]
                said.append(f"{name}:\n" + "\n".join(e["message"].rstrip() for e in events[-lines:]))
            except Exception as problem:  # a report about a failure must not hide it
                said.append(f"{name}: {problem}")
        return "\n".join(said)


def until(test, seconds: float):
    """Asks again and again; the first answer that is true, or the last one."""
    end = time.monotonic() + seconds
    while True:
        answer = test()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.1)
