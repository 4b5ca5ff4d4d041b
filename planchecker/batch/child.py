"""A process for one job after the other, spoken to over its standard streams.

The workers of a Dask cluster are daemonic, and such a process may start no pool of its own; a
plain child it may. The two speak in frames of a length and a pickle, which only they can write.
"""

import contextlib
import os
import pickle
import subprocess
import sys
import threading
from struct import Struct
from typing import Any, BinaryIO, Final

from planchecker.batch.engines.endings import died, timed_out
from planchecker.batch.job import Job, Limits, Options, Outcome
from planchecker.batch.workers import Work, run_in_worker, start_worker

__all__ = ["Child", "main"]

_LENGTH: Final = Struct("<Q")
_START_S: Final = 300.0


class Child:
    """One such process; it is started when a job comes and ended by `close`."""

    def __init__(self, options: Options, limits: Limits, work: Work = run_in_worker) -> None:
        self._options = options
        self._limits = limits
        self._work = work
        self._process: subprocess.Popen[bytes] | None = None
        self.jobs = 0

    def run(self, job: Job) -> Outcome:
        """Run a job; a child that dies or takes too long costs this job only."""
        late = threading.Event()
        try:
            process = self._started()
            assert process.stdin is not None  # noqa: S101 - asked for at the start
            send(process.stdin, job)
            outcome: Outcome = _in_time(process, self._limits.time_s, late)
        except (OSError, EOFError, pickle.UnpicklingError):
            code = self.close()
            return (
                timed_out(job.key, self._limits)
                if late.is_set()
                else died(job.key, code, self._limits)
            )
        self.jobs += 1
        return outcome

    def close(self) -> int | None:
        """End the process and return its exit code."""
        process, self._process, self.jobs = self._process, None, 0
        if process is None:
            return None
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            return process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "planchecker.batch.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            assert self._process.stdin is not None  # noqa: S101 - asked for above
            start = (self._options, self._limits.memory_mb, os.getpid())
            send(self._process.stdin, (self._work, start))
            # What the start takes is not the fault of the case.
            _in_time(self._process, _START_S, threading.Event())
        return self._process


def _in_time(process: "subprocess.Popen[bytes]", time_s: float, late: threading.Event) -> Any:
    """Read one value; after so long the process is ended and `late` says why."""

    def end() -> None:
        late.set()
        process.kill()

    assert process.stdout is not None  # noqa: S101 - asked for at the start
    timer = threading.Timer(time_s, end)
    timer.start()
    try:
        return receive(process.stdout)
    finally:
        timer.cancel()


def send(stream: BinaryIO | Any, value: object) -> None:
    """Write one value."""
    data = pickle.dumps(value)
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: BinaryIO | Any) -> Any:
    """Read one value.

    Raises
    ------
    EOFError
        If the other side is gone.
    """
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError("the other side is gone")
    length = _LENGTH.unpack(head)[0]
    data = stream.read(length)
    if len(data) < length:
        raise EOFError("the other side is gone")
    return pickle.loads(data)  # noqa: S301 - from the process that started us, or that we started


def main() -> None:
    """Run the jobs that come in on stdin until it is closed."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # Whatever prints must not get between the answers.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    jobs = sys.stdin.buffer
    try:
        work, start = receive(jobs)
        start_worker(*start)
        send(answers, "ready")
        while True:
            send(answers, work(receive(jobs)))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return


if __name__ == "__main__":
    main()
