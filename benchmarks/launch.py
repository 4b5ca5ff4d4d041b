"""Run one command and print what it cost: ``python launch.py COMMAND...``.

A process of its own, because Linux counts the memory of a parent in the peak of its child.
"""

import json
import os
import subprocess
import sys
import time

__all__ = ["main"]


def main(command: list[str]) -> None:
    """Print exit code, wall and CPU seconds and peak memory in MB as JSON."""
    # What is installed has compiled bytecode, and keeps what it compiles.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    wall = time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        if sys.platform == "win32":
            code, cpu, peak = child.wait(), 0.0, 0.0
        else:
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = code = os.waitstatus_to_exitcode(status)
            cpu = used.ru_utime + used.ru_stime
            # Linux counts kilobytes, macOS bytes.
            peak = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1024)
    cost = {"wall_s": time.perf_counter() - wall, "cpu_s": cpu, "peak_mb": peak}
    print(json.dumps({"code": code, "cost": cost}))


if __name__ == "__main__":
    main(sys.argv[1:])
