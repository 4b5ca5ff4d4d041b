"""Short ways of writing seeded errors."""

from collections.abc import Callable

from planchecker.commission.export import Export
from planchecker.commission.model import Mutation
from planchecker.results import Status

__all__ = ["ANY", "seed"]

ANY = (Status.FAIL, Status.NOT_EVALUATED, Status.BORDERLINE, Status.MANUAL, Status.WARN)
"""Every status that is no pass."""


def seed(
    id: str,  # noqa: A002 - the word of the table
    code: str,
    status: str,
    title: str,
    apply: Callable[[Export], None],
) -> Mutation:
    """Return a mutation; `status` lists the intended ones, separated by blanks."""
    return Mutation(
        id=id,
        title=title,
        code=code,
        statuses=tuple(Status(word) for word in status.split()),
        apply=apply,
    )
