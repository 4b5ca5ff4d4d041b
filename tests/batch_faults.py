"""Work that goes wrong on purpose; workers import it by name."""

import os
import signal
import time
from pathlib import Path

from planchecker.batch.job import Job, Outcome
from planchecker.batch.workers import run_in_worker


def faulty(job: Job) -> Outcome:
    """Do what the label of the plan says, else check the case."""
    if "crash" in job.label:
        os._exit(11)
    if "killed" in job.label:
        os.kill(os.getpid(), signal.SIGKILL)
    if "hang" in job.label:
        time.sleep(600)
    if "greedy" in job.label:
        hoard = []
        while True:
            hoard.append(bytearray(os.urandom(1000) * 20_000))
            time.sleep(0.01)
    if "huge" in job.label:
        bytearray(1 << 50)
    if "silent" in job.label:
        raise SystemExit(0)
    if "slow" in job.label:
        time.sleep(0.5)
    return run_in_worker(job)


def changing(job: Job) -> Outcome:
    """Change a file of the case between the inventory and the check, once."""
    if "changes" in job.label:
        for source in job.sources:
            path = Path(source.path)
            if path.name.startswith("RD"):
                path.write_bytes(path.read_bytes() + b"\0\0")
    return run_in_worker(job)
