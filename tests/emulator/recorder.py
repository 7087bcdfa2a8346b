"""A function for tests of the wiring: writes down what wakes it, and does what the key asks for.

`hand-back` in the key: the message is reported as failed. `crash`: the process dies. `slow`: it takes a second.
It stands on the standard library alone and is deployed as the `bootstrap` of a function.
"""

import json
import os
import time
import urllib.request

API = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
FOLDER = os.environ["RECORDER_FOLDER"]
NAME = os.environ["AWS_LAMBDA_FUNCTION_NAME"]


def note(kind: str, content: dict) -> None:
    line = json.dumps({"kind": kind, "function": NAME, "at": time.time(), "pid": os.getpid(), **content})
    with open(os.path.join(FOLDER, "seen.jsonl"), "a", encoding="utf-8") as out:
        out.write(line + "\n")


def handle(event: dict) -> dict:
    failed = []
    for message in event["Records"]:
        body = message["body"]
        note("message", {"body": json.loads(body), "messages": len(event["Records"]),
                         "receives": int(message["attributes"]["ApproximateReceiveCount"])})
        if "slow" in body:
            time.sleep(1)
        if "crash" in body:
            os._exit(1)
        if "hand-back" in body:
            failed.append({"itemIdentifier": message["messageId"]})
        note("done", {"body": json.loads(body)})
    return {"batchItemFailures": failed}


note("start", {"environment": dict(os.environ)})
while True:
    with urllib.request.urlopen(f"{API}/next") as answer:
        request, payload = answer.headers["Lambda-Runtime-Aws-Request-Id"], json.load(answer)
    reply = json.dumps(handle(payload)).encode()
    urllib.request.urlopen(urllib.request.Request(f"{API}/{request}/response", data=reply, method="POST")).read()
