"""Values of a commissioning run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from planchecker.results import Status

if TYPE_CHECKING:
    from planchecker.commission.export import Export

__all__ = ["Commissioning", "Impossible", "Mutation", "Trial"]

FLAGGED = (Status.FAIL, Status.NOT_EVALUATED, Status.BORDERLINE, Status.MANUAL)


class Impossible(Exception):  # noqa: N818 - the name says it
    """The error cannot be made in this plan; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutation:
    """One seeded error.

    Parameters
    ----------
    id, title
        Permanent id, and the error in plain words.
    code
        The check that must find it.
    statuses
        Any of which the finding must have.
    says
        What its message must hold, so that it names this error: a regular expression, without
        regard to case.
    apply
        Makes the error in the data sets of an export; raises `Impossible` where it cannot.
    """

    id: str
    title: str
    code: str
    statuses: tuple[Status, ...]
    says: str
    apply: Callable[["Export"], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What came out for one seeded error.

    Parameters
    ----------
    detected
        True where the intended check gave the intended status and named the error, in words
        that it did not already say of the clean plan, and the exit code is not 0; None where
        the error cannot be made in this plan.
    status, exit_code
        Of the whole report of the mutated plan; empty and None where it was not made.
    said
        The finding that counts, or why there is none.
    others
        Other checks that flagged what they do not flag on the clean plan.
    """

    id: str
    title: str
    code: str
    detected: bool | None
    status: str = ""
    exit_code: int | None = None
    said: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Commissioning:
    """All trials of one plan.

    Parameters
    ----------
    plan
        Label of the plan.
    codes
        Every check, in asking order.
    clean
        ``code status subject: message`` of every finding of the clean plan that does not pass.
    """

    plan: str
    codes: tuple[str, ...]
    clean: tuple[str, ...]
    trials: tuple[Trial, ...]
    program_version: str = ""

    @property
    def possible(self) -> tuple[Trial, ...]:
        """The trials that could be made."""
        return tuple(trial for trial in self.trials if trial.detected is not None)

    @property
    def missed(self) -> tuple[Trial, ...]:
        """The errors that were not found as intended."""
        return tuple(trial for trial in self.trials if trial.detected is False)

    @property
    def sensitivity(self) -> float | None:
        """Share of the possible errors that were found; None where none was possible."""
        made = self.possible
        return sum(bool(trial.detected) for trial in made) / len(made) if made else None

    @property
    def false_flags(self) -> tuple[str, ...]:
        """Codes that flag the clean plan; on a plan that is not clean they may be right."""
        return tuple(dict.fromkeys(line.split(" ", 1)[0] for line in self.clean))

    def of(self, code: str) -> tuple[int, int]:
        """Return found and made errors of one check."""
        made = [trial for trial in self.possible if trial.code == code]
        return sum(bool(trial.detected) for trial in made), len(made)
