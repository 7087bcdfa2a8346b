"""The whole of it on one machine: emulator, sandbox, the deployed template with the real functions."""

import json
import os
import pathlib
import signal
import subprocess
import urllib.parse

from . import exports, servers
from .servers import get_json
from .stack import Stack

TOKEN = "sandbox-token"
FUNCTIONS = ("ingest", "deliver", "oauth-callback")


def binaries(profile: str = "debug") -> dict[str, pathlib.Path]:
    """The programs that cargo built: the functions and the sandbox."""
    found = {name: built(name, profile) for name in (*FUNCTIONS, "tiktok-sandbox")}
    missing = [str(path) for path in found.values() if not path.exists()]
    if missing:
        raise FileNotFoundError(f"{', '.join(missing)} not found: run `cargo build --workspace --bins` first")
    return found


def built(name: str, profile: str = "debug") -> pathlib.Path:
    """Where cargo puts a program."""
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or servers.ROOT / "target") / profile / name


class Pipeline:
    """A running pipeline. Stop it when done; it stops by itself when this process ends or its time is over."""

    def __init__(self, stack: Stack, sandbox: servers.Server):
        self.stack, self.sandbox = stack, sandbox

    def stop(self) -> None:
        self.stack.emulator.stop()
        self.sandbox.stop()

    def put_spec(self, sync: str, batch_size: int = 1000) -> None:
        self.stack.put(f"syncs/{sync}.yaml", exports.spec(sync, batch_size))

    def events(self, prefix: str) -> list[dict]:
        """What the sandbox accepted and whose id starts so."""
        return [event for event in get_json(f"{self.sandbox.url}/_sandbox/events")
                if event["event_id"].startswith(f"{prefix}-")]

    def calls(self):
        """The API calls so far, by path and code."""
        return get_json(f"{self.sandbox.url}/_sandbox/calls")

    def notify(self, key: str, version: str) -> None:
        """Sends the notification of an object that is there once more, as S3 may."""
        head = self.stack.s3.head_object(Bucket=self.stack.bucket, Key=key)
        record = {
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": servers.REGION, "eventName": "ObjectCreated:Put",
            "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": self.stack.bucket},
                   "object": {"key": urllib.parse.quote_plus(key, safe="/"), "size": head["ContentLength"],
                              "eTag": head["ETag"].strip('"'), "versionId": version}},
        }
        self.stack.sqs.send_message(QueueUrl=self.stack.outputs["IngestQueueUrl"],
                                    MessageBody=json.dumps({"Records": [record]}))

    def function_processes(self) -> list[int]:
        """The processes of this pipeline's functions: `bootstrap`s in the emulator's process group."""
        listing = subprocess.run(["ps", "-eo", "pid=,pgid=,comm="], check=True, capture_output=True, text=True).stdout
        rows = (line.split(None, 2) for line in listing.splitlines())
        return [int(pid) for pid, group, name in rows
                if int(group) == self.stack.emulator.group and name.strip() == "bootstrap"]

    def kill(self, process: int) -> None:
        """Ends one of the processes above without a word to it."""
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass


def start(folder: pathlib.Path, seconds: float, enforce_roles: bool = True, parameters: dict | None = None) -> Pipeline:
    """Starts both servers, deploys, and connects the destination `acme`; all of it lives for at most `seconds`."""
    built = binaries()
    sandbox = servers.start_sandbox(folder, built["tiktok-sandbox"], seconds)
    emulator = None
    try:
        emulator = servers.start_emulator(folder, seconds, {} if enforce_roles else {"AUTH": "false"})
        stack = Stack(emulator)
        stack.deploy({name: built[name] for name in FUNCTIONS},
                     {"ApiEndpoint": sandbox.url, "Timing": "quick", **(parameters or {})}, folder)
        stack.put_destination("acme", TOKEN)
        return Pipeline(stack, sandbox)
    except BaseException:
        if emulator:
            emulator.stop()
        sandbox.stop()
        raise
