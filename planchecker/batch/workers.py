"""The worker's side: what a process needs before its first job."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from planchecker.batch.job import Job, Options, Outcome
from planchecker.batch.running import failed, run_job
from planchecker.garbage import collect_for_many_plans

if TYPE_CHECKING:
    from planchecker.batch.watching import Watch

__all__ = ["Work", "run_in_worker", "start_worker"]

Work = Callable[[Job], Outcome]
"""What a worker does with a job."""

# One process has one set of options and one memory: it is set when the process starts.
_options: list[Options] = []
_watch: "list[Watch]" = []


def start_worker(options: Options, memory_mb: int, parent: int | None) -> None:
    """Prepare this process for jobs: options, and the watch over its memory and its parent."""
    import planchecker.checker  # noqa: PLC0415 - what takes long is loaded before the first job
    import planchecker.reading.objects  # noqa: PLC0415
    from planchecker.batch.watching import watch  # noqa: PLC0415

    del planchecker
    collect_for_many_plans()
    _options[:] = [options]
    _watch[:] = [watch(memory_mb=memory_mb, parent=parent)]


def run_in_worker(job: Job) -> Outcome:
    """Run a job in a process that `start_worker` prepared."""
    if not _options:
        return failed(job.key, "defect", "the worker was not prepared")
    for one in _watch:
        one.reset()
    outcome = run_job(job, _options[0])
    return replace(outcome, peak_mb=max((one.peak_mb for one in _watch), default=None))
