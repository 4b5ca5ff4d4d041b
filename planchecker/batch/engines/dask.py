"""Jobs on a Dask cluster: one that runs, or one that is started on this machine."""

import contextlib
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from planchecker.batch.job import Job, Limits, Options, Outcome
from planchecker.batch.running import failed
from planchecker.batch.workers import Work, run_in_worker
from planchecker.errors import MissingExtra, PlanCheckerError

if TYPE_CHECKING:
    from planchecker.batch.child import Child

__all__ = ["Dask", "end_children", "run_on_worker"]

_RECYCLED_AFTER: Final = 50
_CONNECT_S: Final = 30
_lock = threading.Lock()
_idle: "list[tuple[Options, Limits, Work, Child]]" = []


class Dask:
    """Run jobs on a Dask cluster.

    Each job runs in a child of the worker that took it, under the limits of time and memory, so
    that a case which crashes costs the cluster nothing. A job whose worker is lost goes to
    another one.

    Parameters
    ----------
    address
        Of the scheduler, such as ``tcp://10.0.0.1:8786``; None starts a cluster here.
    workers
        How many processes where a cluster is started; else the cluster tells.
    ship_files
        Send the bytes of the files with each job, for workers that do not see the files.
    work
        What the child of a worker does with a job; it must be importable there.
    """

    name = "dask"

    def __init__(
        self,
        options: Options,
        limits: Limits,
        *,
        address: str | None = None,
        workers: int = 2,
        ship_files: bool = False,
        work: Work = run_in_worker,
    ) -> None:
        self._options = options
        self._limits = limits
        self._address = address
        self._workers = workers
        self._ship_files = ship_files
        self._work = work

    def run(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """Run the jobs, no more of them at a time than the cluster has room for."""
        distributed = _distributed()
        with contextlib.ExitStack() as stack:
            client = stack.enter_context(self._client(distributed, stack))
            waiting = iter(jobs)
            running: dict[Any, Job] = {}
            finished = distributed.as_completed(loop=client.loop, with_results=False)
            try:
                while True:
                    while len(running) < self._room(client):
                        job = next(waiting, None)
                        if job is None:
                            break
                        shipped = _shipped(job) if self._ship_files else job
                        if isinstance(shipped, Outcome):
                            yield shipped
                            continue
                        future = client.submit(
                            run_on_worker,
                            shipped,
                            self._options,
                            self._limits,
                            self._work,
                            pure=False,
                        )
                        running[future] = job
                        finished.add(future)
                    if not running:
                        break
                    future = next(finished)
                    job = running.pop(future)
                    outcome = self._outcome(future, job)
                    future.release()
                    yield outcome
            finally:
                client.cancel(list(running))
                with contextlib.suppress(Exception):
                    # A cluster that goes on must not keep what waits for jobs of this batch.
                    client.run(end_children, self._options)

    def _client(self, distributed: Any, stack: contextlib.ExitStack) -> Any:
        try:
            if self._address is not None:
                return distributed.Client(self._address, timeout=_CONNECT_S, set_as_default=False)
            cluster = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=self._workers,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=None,
                    # The child of each worker has a limit of its own.
                    memory_limit=0,
                )
            )
            return distributed.Client(cluster, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise PlanCheckerError(
                f"no Dask scheduler answers at {self._address or 'this machine'}: {error}; "
                "give its address, such as tcp://10.0.0.1:8786"
            ) from error

    def _room(self, client: Any) -> int:
        threads = int(sum(client.nthreads().values()))
        # Bytes that wait for a worker fill the memory of the scheduler.
        return max(1, threads + 1 if self._ship_files else 2 * threads)

    def _outcome(self, future: Any, job: Job) -> Outcome:
        try:
            outcome: Outcome = future.result()
        except Exception as error:  # noqa: BLE001 - a lost worker, or a defect on the way
            return failed(job.key, "crash", f"the cluster gave no answer: {error}")
        return outcome


def run_on_worker(job: Job, options: Options, limits: Limits, work: Work) -> Outcome:
    """Run a job in a child of this process; the child waits for the next job afterwards."""
    from planchecker.batch.child import Child  # noqa: PLC0415 - workers only

    child = None
    with _lock:
        for entry in _idle:
            if entry[:3] == (options, limits, work):
                child = entry[3]
                _idle.remove(entry)
                break
    child = child or Child(options, limits, work)
    outcome = child.run(job)
    if child.jobs >= _RECYCLED_AFTER:
        child.close()
    with _lock:
        _idle.append((options, limits, work, child))
    return outcome


def end_children(options: Options) -> None:
    """End the children that wait in this process for jobs with these options."""
    with _lock:
        waiting = [entry for entry in _idle if entry[0] == options]
        for entry in waiting:
            _idle.remove(entry)
    for *_, child in waiting:
        child.close()


def _shipped(job: Job) -> Job | Outcome:
    """Give every file of a job its bytes; tell where one cannot be read any more."""
    sources = []
    for source in job.sources:
        if not source.sha256:
            # It could not be read before; the worker is to say so, as it would here.
            sources.append(source)
            continue
        try:
            content = Path(source.path).read_bytes()
        except OSError as error:
            why = error.strerror or type(error).__name__
            return failed(job.key, "changed", f"{source.label} cannot be read any more: {why}")
        sources.append(replace(source, content=content))
    return replace(job, sources=tuple(sources))


def _distributed() -> Any:
    try:
        import distributed  # noqa: PLC0415 - optional
    except ImportError as error:
        raise MissingExtra(
            "a Dask cluster needs the extra: pip install 'planchecker[cluster]'"
        ) from error
    return distributed
