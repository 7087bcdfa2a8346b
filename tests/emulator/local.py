"""`make local`: the whole pipeline on this machine, for a person to play with. Ends at Ctrl-C or after its time."""

import json
import pathlib
import signal
import sys
import tempfile
import time

from . import connected, expect, exports, pipeline, servers

GUIDE = """
Tideline runs on this machine: emulated AWS, the real functions, a stand-in for TikTok.

  drop an export       curl -T {sample} {s3}/models/web-purchases/day-1.csv
  drop your own        any CSV with the columns {columns}
  change the spec      curl -T {spec} {s3}/syncs/web-purchases.yaml
  what TikTok holds    curl -s {sandbox}/_sandbox/events
  calls so far         curl -s {sandbox}/_sandbox/calls
  let TikTok throttle  curl -s -X POST {sandbox}/_sandbox/faults -d '[{{"path":"/event/track/","times":20,"code":40100}}]'
  connect TikTok       open {link}
                       (the destination `shop`; the sandbox agrees at once)
  objects              curl -s '{s3}?list-type=2&prefix=runs/'
  any AWS tool         AWS_ENDPOINT_URL={aws} AWS_REGION={region} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
                       bucket {bucket}
  logs of both servers {folder}

Each run that ends is shown below. Ctrl-C stops everything; after {minutes:g} minutes it stops by itself.
"""


def main() -> int:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="tideline-local-") as name:
        folder = pathlib.Path(name)
        running = pipeline.start(folder, minutes * 60 + 30, enforce_roles=False)
        try:
            play(running, folder, minutes)
        except KeyboardInterrupt:
            pass
        finally:
            running.stop()
            print("stopped", flush=True)
    return 0


def play(running: pipeline.Pipeline, folder: pathlib.Path, minutes: float) -> None:
    stack, sample, spec = running.stack, folder / "sample.csv", folder / "web-purchases.yaml"
    sample.write_bytes(exports.export(1000, seed=1, prefix="sample").body)
    spec.write_text(exports.spec("web-purchases"))
    running.put_spec("web-purchases")
    link = connected.Connected(running).link("shop", minutes=max(1, min(int(minutes), 1440)))
    print(GUIDE.format(link=link, sample=sample, spec=spec, s3=f"{stack.emulator.url}/{stack.bucket}", sandbox=running.sandbox.url,
                       columns=", ".join(exports.COLUMNS), bucket=stack.bucket, folder=folder, minutes=minutes,
                       aws=stack.emulator.url, region=servers.REGION), flush=True)
    shown: set[str] = set()
    end = time.monotonic() + minutes * 60
    while time.monotonic() < end and stack.emulator.alive():
        for key in stack.keys("runs/"):
            if key.endswith("/run.json") and key not in shown:
                shown.add(key)
                record = json.loads(stack.read(key))
                counts = ", ".join(f"{what} {number}" for what, number in expect.counts(record).items() if number)
                print(f"{record['status']}: {counts or record.get('reason', '')}\n"
                      f"  {stack.emulator.url}/{stack.bucket}/{key}", flush=True)
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
