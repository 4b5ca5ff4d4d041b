"""Jobs in this very process: no protection against a crash, nothing to start."""

from collections.abc import Iterable, Iterator

from planchecker.batch.job import Job, Options, Outcome
from planchecker.batch.running import run_job

__all__ = ["InProcess"]


class InProcess:
    """Run one job after the other here."""

    name = "in-process"

    def __init__(self, options: Options) -> None:
        self._options = options

    def run(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """Run the jobs in their order."""
        for job in jobs:
            yield run_job(job, self._options)
