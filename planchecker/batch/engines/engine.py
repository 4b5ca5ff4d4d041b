"""What every engine is."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from planchecker.batch.job import Job, Outcome

__all__ = ["Engine"]


class Engine(Protocol):
    """Turns jobs into outcomes, one for each, in whatever order they end.

    Jobs are taken one by one, no more than a few ahead of the outcomes, so that a tree of any
    size needs the same memory. A job whose process dies, hangs or takes too much memory has an
    outcome that says so; it costs no other job. Where the generator is closed early, everything
    the engine started is ended.
    """

    name: str
    """The word of the store: ``in-process``, ``pool`` or ``dask``."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """Run the jobs."""
        ...
