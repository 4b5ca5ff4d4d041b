"""Words for a process that ended without an answer."""

import signal

from planchecker.batch.job import Limits, Outcome
from planchecker.batch.running import failed
from planchecker.batch.watching import MEMORY_EXIT

__all__ = ["died", "timed_out"]


def timed_out(key: str, limits: Limits) -> Outcome:
    """Return the outcome of a job that took too long."""
    return failed(key, "timeout", f"the check took longer than {limits.time_s:g} s and was ended")


def died(key: str, exit_code: int | None, limits: Limits) -> Outcome:
    """Return the outcome of a job whose process ended by itself.

    Examples
    --------
    >>> died("k", MEMORY_EXIT, Limits(memory_mb=500)).failure.kind
    'memory'
    >>> died("k", -9, Limits()).failure.message
    'the process of the check ended by SIGKILL, without an answer'
    """
    if exit_code == MEMORY_EXIT:
        message = f"the check took more than {limits.memory_mb} MB and was ended"
        return failed(key, "memory", message)
    how = f"with code {exit_code}"
    if exit_code is not None and exit_code < 0:
        try:
            how = f"by {signal.Signals(-exit_code).name}"
        except ValueError:
            how = f"by signal {-exit_code}"
    return failed(key, "crash", f"the process of the check ended {how}, without an answer")
