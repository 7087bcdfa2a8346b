"""The pipeline with its HTTP API at the emulator's address, a developer app, and `tideline` beside it."""

import json
import os
import subprocess
import urllib.request

from . import pipeline as pipelines
from . import servers

APP, SECRET = "7400000000000000001", "sandbox-secret"


class Connected:
    """An installation in which `tideline connect` works."""

    def __init__(self, pipeline: pipelines.Pipeline):
        self.pipeline, self.stack = pipeline, pipeline.stack
        self.address = f"{self.stack.emulator.url}/_aws/execute-api/{self.stack.outputs['OauthApi']}/$default"
        # The stack names the address that the API has on AWS.
        name = f"tideline/{self.stack.bucket}/link-key"
        kept = json.loads(self.stack.secrets.get_secret_value(SecretId=name)["SecretString"])
        assert len(kept["key"]) == 64 and kept["url"].startswith("https://"), "not what the template asks for"
        self.key = kept["key"]
        self.stack.secrets.put_secret_value(SecretId=name, SecretString=json.dumps({**kept, "url": self.address}))
        self.tideline("connect", "acme", "--app-id", APP, stdin=SECRET)

    def tideline(self, *arguments: str, stdin: str = "", code: int = 0) -> list[dict]:
        """What the command line answers, which has to end with this code."""
        env = {**os.environ, "AWS_ENDPOINT_URL": self.stack.emulator.url, "AWS_REGION": servers.REGION,
               "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        command = [str(pipelines.built("tideline")), *arguments, "--store", f"s3://{self.stack.bucket}", "--output", "json"]
        done = subprocess.run(command, input=stdin, env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == code, done
        return [json.loads(line) for line in done.stdout.splitlines()]

    def link(self, name: str, minutes: int = 60) -> str:
        return self.tideline("connect", name, "--minutes", str(minutes))[0]["url"]

    def secret(self, name: str) -> dict:
        found = self.stack.secrets.get_secret_value(SecretId=f"tideline/{self.stack.bucket}/destinations/{name}")
        return json.loads(found["SecretString"])

    def is_connected(self, name: str) -> bool:
        listed = self.stack.secrets.list_secrets()["SecretList"]
        return f"tideline/{self.stack.bucket}/destinations/{name}" in [each["Name"] for each in listed]

    def sandbox(self, path: str, body) -> None:
        """A call of the sandbox's control side."""
        url = f"{self.pipeline.sandbox.url}/_sandbox/{path}"
        urllib.request.urlopen(urllib.request.Request(url, data=json.dumps(body).encode(), method="POST"), timeout=30).read()
