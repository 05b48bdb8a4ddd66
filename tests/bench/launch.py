"""Starts one command and tells what it cost. A program of its own, so that its parent's memory is not counted.

``python -I launch.py REPORT COMMAND…`` writes a JSON object to the file REPORT: ``seconds`` of wall time, ``peak``
in KiB, ``status`` (negative: the signal). A process begins with the resident set of the one that started it, and
Linux keeps that in ru_maxrss; this one is small.
"""

import json
import os
import sys
import time


def main() -> None:
    """Run, wait, report."""
    report, command = sys.argv[1], sys.argv[2:]
    began = time.monotonic()
    pid = os.posix_spawn(command[0], command, os.environ)
    _pid, status, usage = os.wait4(pid, 0)
    seconds = time.monotonic() - began
    with open(report, "w") as stream:
        json.dump({"seconds": seconds, "peak": usage.ru_maxrss, "status": os.waitstatus_to_exitcode(status)}, stream)


if __name__ == "__main__":
    main()
