"""Short ways of writing seeded errors."""

from collections.abc import Callable

from planchecker.checks import CHECKS
from planchecker.commission.export import Export
from planchecker.commission.model import Impossible, Mutation
from planchecker.results import Finding, NotApplicable, Status

__all__ = ["asked_of", "seed"]


def asked_of(export: Export, code: str) -> tuple[Finding, ...]:
    """Return what a check says of the clean plan; `Impossible` where it does not apply there."""
    run = next(check.run for check in CHECKS if check.code == code)
    outcomes = tuple(run(export.clean))
    found = tuple(outcome for outcome in outcomes if isinstance(outcome, Finding))
    if not found:
        reasons = [outcome.reason for outcome in outcomes if isinstance(outcome, NotApplicable)]
        raise Impossible(f"{code} does not apply: {'; '.join(reasons) or 'nothing to ask'}")
    return found


def seed(
    id: str,  # noqa: A002 - the word of the table
    code: str,
    status: str,
    title: str,
    says: str,
    apply: Callable[[Export], None],
) -> Mutation:
    """Return a mutation; `status` lists the intended ones, separated by blanks.

    Parameters
    ----------
    says
        What the finding must say, as a regular expression.
    """
    return Mutation(
        id=id,
        title=title,
        code=code,
        statuses=tuple(Status(word) for word in status.split()),
        says=says,
        apply=apply,
    )
