"""The two servers of a test stack, each on a free port of 127.0.0.1 and under a guard: the AWS emulator and the sandbox."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

REGION = "eu-west-1"
ROOT = pathlib.Path(__file__).resolve().parents[2]
GUARD = pathlib.Path(__file__).with_name("guard.py")


class Server:
    """A running server; `stop` ends it and all that it started."""

    def __init__(self, name: str, url: str, log: pathlib.Path, process: subprocess.Popen):
        self.name, self.url, self.log, self._process = name, url, log, process
        self.group = process.pid  # of the guard, the server and all that it starts

    def stop(self) -> None:
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()  # the guard sees it
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def alive(self) -> bool:
        return self._process.poll() is None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(name: str, command: list[str], folder: pathlib.Path, seconds: float, ready: str, env: dict | None = None) -> Server:
    """Starts a server that takes `--port`, and waits until it answers `ready`. It lives for at most `seconds`."""
    port = free_port()
    return _start(name, [*command, "--port", str(port)], dict(os.environ) if env is None else env, folder,
                  f"http://127.0.0.1:{port}", ready, seconds)


def _start(name: str, command: list[str], env: dict, folder: pathlib.Path, url: str, ready: str, seconds: float) -> Server:
    log = folder / f"{name}.log"
    with open(log, "wb") as out:
        process = subprocess.Popen([sys.executable, str(GUARD), str(seconds), *command], env=env, cwd=folder,
                                   stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True)
    server = Server(name, url, log, process)
    for _ in range(1200):
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended at its start; its log is {log}:\n{tail(log)}")
        try:
            urllib.request.urlopen(url + ready, timeout=1).read()
            return server
        except urllib.error.HTTPError:
            return server  # it answers
        except OSError:
            time.sleep(0.05)
    server.stop()
    raise RuntimeError(f"{name} did not answer on {url} within a minute; its log is {log}:\n{tail(log)}")


def get_json(url: str):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)


def tail(log: pathlib.Path, lines: int = 40) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def start_emulator(folder: pathlib.Path, seconds: float, extra_env: dict | None = None) -> Server:
    """Starts ministack with roles enforced (`AUTH`), so that a permission that a function lacks fails here too."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    scratch = folder / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    env = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TIDELINE_", "TIKTOK_"))}
    env.update(
        BIND_HOST="127.0.0.1",  # its default is every interface
        GATEWAY_PORT=str(port),
        AWS_ENDPOINT_URL=url,  # handed on to the functions
        AWS_DEFAULT_REGION=REGION,
        MINISTACK_REGION=REGION,
        AUTH="true",
        LAMBDA_EXECUTOR="local",  # functions as child processes
        TMPDIR=str(scratch),
        PATH=f"{pathlib.Path(sys.executable).parent}:{env['PATH']}",
    )
    env.update(extra_env or {})
    return _start("emulator", ["ministack"], env, folder, url, "/_ministack/health", seconds)


def start_sandbox(folder: pathlib.Path, binary: pathlib.Path, seconds: float) -> Server:
    """Starts the stand-in for TikTok's API."""
    return start("sandbox", [str(binary)], folder, seconds, "/_sandbox/events")
