"""Jobs in processes of this machine, each used for many of them."""

import contextlib
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from multiprocessing import get_context
from typing import Any, Final

from planchecker.batch.engines.endings import died, timed_out
from planchecker.batch.job import Job, Limits, Options, Outcome
from planchecker.batch.running import failed
from planchecker.batch.workers import Work, run_in_worker, start_worker
from planchecker.errors import PlanCheckerError

__all__ = ["Pool"]

_RECYCLED_AFTER: Final = 50
_MOST_STARTS: Final = 3
_POLL_S: Final = 0.5
_MOST_QUIET_S: Final = 120.0


class Pool:
    """Run jobs in a pool of processes.

    A process that dies is replaced, and only the job it had at hand is lost with it.

    Parameters
    ----------
    workers
        How many processes.
    work
        What a worker does with a job; it must be importable there.
    """

    name = "pool"

    def __init__(
        self, options: Options, limits: Limits, *, workers: int, work: Work = run_in_worker
    ) -> None:
        self._options = options
        self._limits = limits
        self._workers = workers
        self._work = work

    def run(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """Run the jobs; each worker has one at hand and one waiting."""
        waiting = iter(jobs)
        running: dict[Future[Outcome], Job] = {}
        again: list[Job] = []
        starts: Counter[str] = Counter()
        stall = _Stall()
        pool: Any = None
        try:
            while True:
                pool = self._fill(pool, waiting, again, running)
                if not running:
                    break
                done, _ = wait(running, timeout=_POLL_S, return_when=FIRST_COMPLETED)
                if not done and stall.is_over(pool, running):
                    # It can no longer answer: what it has goes to the next one.
                    _stop(pool)
                    pool, done = None, set(running)
                for future in done:
                    job = running.pop(future)
                    outcome = self._outcome(future, job)
                    if outcome is None:
                        # The pool went down before the job was done: that need not be its fault.
                        _stop(pool)
                        pool = None
                        starts[job.key] += 1
                        if starts[job.key] < _MOST_STARTS:
                            again.append(job)
                            continue
                        why = f"its process did not start or went down {_MOST_STARTS} times"
                        outcome = failed(job.key, "crash", why)
                    yield outcome
        finally:
            _stop(pool)

    def _fill(
        self,
        pool: Any,
        waiting: Iterator[Job],
        again: list[Job],
        running: "dict[Future[Outcome], Job]",
    ) -> Any:
        """Give a pool what it has room for, and start one where there is none and no other works.

        Returns the pool; None where it went down with jobs that are still to be collected.
        """
        while len(running) < 2 * self._workers and not (pool is None and running):
            job = again.pop() if again else next(waiting, None)
            if job is None:
                break
            fresh = pool is None
            pool = pool or self._start()
            if self._give(pool, job, running):
                continue
            _stop(pool)
            if fresh:
                raise PlanCheckerError("no worker can be started; see what the system lacks")
            again.append(job)
            pool = None
        return pool

    def _give(self, pool: Any, job: Job, running: "dict[Future[Outcome], Job]") -> bool:
        """Hand a job to the pool; False where the pool takes none any more."""
        try:
            future = pool.schedule(self._work, args=(job,), timeout=self._limits.time_s)
        except (RuntimeError, OSError):
            return False
        running[future] = job
        return True

    def _start(self) -> Any:
        from pebble import ProcessPool  # noqa: PLC0415 - not needed to start the program

        return ProcessPool(
            max_workers=self._workers,
            max_tasks=_RECYCLED_AFTER,
            initializer=start_worker,
            initargs=(self._options, self._limits.memory_mb, os.getpid()),
            context=get_context("spawn"),
        )

    def _outcome(self, future: "Future[Outcome]", job: Job) -> Outcome | None:
        """Return the outcome of a job; None where the pool was gone before it began."""
        from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415

        from pebble import ProcessExpired  # noqa: PLC0415

        try:
            return future.result(timeout=0) if future.done() else None
        except TimeoutError:
            return timed_out(job.key, self._limits)
        except ProcessExpired as error:
            return died(job.key, error.exitcode, self._limits)
        except (BrokenProcessPool, CancelledError):
            return None
        except MemoryError:
            return failed(job.key, "memory", "the case needs more memory than it may have")
        except Exception as error:  # noqa: BLE001 - what does not come back is a lost case
            return failed(job.key, "crash", f"no answer came back: {error or type(error)}")


class _Stall:
    """Tells when a pool has gone quiet for good.

    A worker that dies between taking a job and saying so takes the job with it, and nobody
    notices; so does a pool whose threads have ended.
    """

    def __init__(self) -> None:
        self._since: float | None = None

    def is_over(self, pool: Any, running: "dict[Future[Outcome], Job]") -> bool:
        """Whether nothing will come from the pool any more."""
        if pool is None or not pool.active:
            return True
        if any(future.running() or future.done() for future in running):
            self._since = None
            return False
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        # A worker that starts has no job at hand for a while either.
        return now - self._since > _MOST_QUIET_S


def _stop(pool: Any) -> None:
    if pool is not None:
        with contextlib.suppress(Exception):
            pool.stop()
            pool.join()
