"""`make bench`: how many rows a second a run does on this machine, against the sandbox, and in how much memory: web
events, and an audience that is mirrored and then changes by one percent.

    python -m emulator.bench TIDELINE ROWS
"""

import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time

from . import exports, servers


def timed(command: list[str], env: dict) -> tuple[float, float, int, bytes]:
    """Runs a command: wall and CPU seconds, peak memory in KiB, what it printed."""
    begun = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=env)
    peak: list[int] = [0]
    watch = threading.Thread(target=watch_memory, args=(process.pid, peak), daemon=True)
    watch.start()
    out = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    watch.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):  # 3: done, with rejected rows
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return time.monotonic() - begun, used.ru_utime + used.ru_stime, peak[0], out


def watch_memory(process: int, peak: list[int]) -> None:
    """Keeps the peak of a process's memory in KiB. Its usage at the end would count this one's memory too, from which
    it was forked."""
    while True:
        try:
            status = pathlib.Path(f"/proc/{process}/status").read_text()
        except OSError:
            return
        found = re.search(r"VmHWM:\s+(\d+)", status)
        if not found:
            return
        peak[0] = max(peak[0], int(found[1]))
        time.sleep(0.01)


def main() -> int:
    tideline, rows = str(pathlib.Path(sys.argv[1]).resolve()), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(prefix="tideline-bench-") as name:
        folder = pathlib.Path(name)
        spec, file = folder / "web-bench.yaml", folder / "export.csv"
        spec.write_text(exports.spec("web-bench"))
        export = exports.export(rows, seed=1, prefix="bench")
        file.write_bytes(export.body)
        env = {**os.environ, "TIKTOK_ACCESS_TOKEN": "sandbox-token"}
        sandbox = servers.start("sandbox", [tideline, "sandbox"], folder, seconds=3600, ready="/_sandbox/calls")
        try:
            report("run", rows, timed([tideline, "run", str(spec), str(file), "--store", str(folder / "store"),
                                       "--endpoint", sandbox.url], env)[:3])
            report("run again (all unchanged)", rows,
                   timed([tideline, "run", str(spec), str(again(folder, export.body)), "--store", str(folder / "store"),
                          "--endpoint", sandbox.url], env)[:3])
            calls = json.dumps(servers.get_json(f"{sandbox.url}/_sandbox/calls"))
        finally:
            sandbox.stop()
        print(f"API calls: {calls}")
        audience(tideline, rows, folder, env)
    return 0


AUDIENCE = """\
destination: acme
type: custom_audience
mode: mirror
model: {path: models/bench/, primary_key: id, run_on: each_file}
audience: {advertiser_id: "7100000000000000001", name: Bench, via: segment}
mappings:
  - {from: email, to: email}
  - {from: phone, to: phone}
"""


def people(file: pathlib.Path, rows: int, changed: int) -> None:
    """A table of people. The first `changed` have another address than usual, and as many of the last are others."""
    with file.open("w") as out:
        out.write("id,email,phone\n")
        for number in range(rows):
            host = "new.example.com" if number < changed else "example.com"
            key = number if number < rows - changed or not changed else number + rows
            out.write(f"c-{key},person.{key}@{host},+4915{key:09d}\n")


def audience(tideline: str, rows: int, folder: pathlib.Path, env: dict) -> None:
    """A mirrored audience: the first export, then one with 1 % of the people changed and 1 % gone and new."""
    spec, store = folder / "bench.yaml", folder / "audience-store"
    spec.write_text(AUDIENCE)
    sandbox = servers.start("sandbox", [tideline, "sandbox"], folder, seconds=3600, ready="/_sandbox/calls")
    try:
        for what, changed in (("audience, first export", 0), ("audience, 1 % changed, 1 % gone, 1 % new", rows // 100)):
            file = folder / "people.csv"
            people(file, rows, changed)
            before = mapping_calls(sandbox.url)
            used = timed([tideline, "run", str(spec), str(file), "--store", str(store), "--endpoint", sandbox.url], env)
            report(what, rows, used[:3])
            print(f"  mapping calls: {mapping_calls(sandbox.url) - before}", flush=True)
    finally:
        sandbox.stop()


def mapping_calls(url: str) -> int:
    calls = servers.get_json(f"{url}/_sandbox/calls")
    return sum(calls.get("/open_api/v1.3/segment/mapping/", {}).values())


def again(folder: pathlib.Path, body: bytes) -> pathlib.Path:
    """The same rows as another export: one more line break makes another file of it."""
    path = folder / "export-2.csv"
    path.write_bytes(body + b"\n")
    return path


def report(what: str, rows: int, used: tuple[float, float, int]) -> None:
    wall, cpu, memory = used
    print(f"{what}: {rows:,} rows in {wall:.1f} s, {rows / wall:,.0f} rows/s, {cpu:.1f} s of CPU, {memory / 1024:.0f} MiB",
          flush=True)


if __name__ == "__main__":
    sys.exit(main())
