"""Runs one command and everything it starts, and ends them all when the one who asked is gone.

    python guard.py SECONDS COMMAND...

The caller holds the other end of this process's standard input: when that closes (a normal end, a crash, a SIGKILL),
or when SECONDS are over, the whole process group gets SIGTERM and, three seconds later, SIGKILL.
"""

import os
import select
import signal
import subprocess
import sys
import time


def main() -> int:
    seconds, command = float(sys.argv[1]), sys.argv[2:]
    if os.getpgid(0) != os.getpid():
        os.setsid()  # never another one's group
    stop = []
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, lambda *_: stop.append(1))
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    end = time.monotonic() + seconds
    while child.poll() is None and not stop and time.monotonic() < end:
        try:
            readable, _, _ = select.select([0], [], [], 0.2)
        except InterruptedError:
            continue
        if readable and not os.read(0, 4096):
            break
    os.killpg(0, signal.SIGTERM)
    try:
        child.wait(3)
    except subprocess.TimeoutExpired:
        pass
    os.killpg(0, signal.SIGKILL)  # this process too
    return 0


if __name__ == "__main__":
    sys.exit(main())
