"""The status of one question and the exit code that follows from the worst."""

import enum
from collections.abc import Iterable
from enum import StrEnum

__all__ = ["ExitCode", "Status", "worst"]


class Status(StrEnum):
    """The verdict on one question; members stand from worst to best."""

    FAIL = "fail"
    """A mandatory limit is exceeded, or the plan contradicts itself."""
    NOT_EVALUATED = "not-evaluated"
    """The question applies but the export does not answer it."""
    BORDERLINE = "borderline"
    """The limit lies inside the uncertainty band."""
    MANUAL = "manual"
    """A person must judge."""
    WARN = "warn"
    """An optimal or advisory limit is exceeded, or the scheme is discouraged."""
    PASS = "pass"
    """Asked, answered and met."""

    @property
    def severity(self) -> int:
        """0 for the worst status, rising to `PASS`."""
        return tuple(Status).index(self)


def worst(statuses: Iterable[Status]) -> Status:
    """Return the worst of `statuses`; nothing evaluated is not a pass.

    Examples
    --------
    >>> worst([Status.PASS, Status.WARN])
    <Status.WARN: 'warn'>
    >>> worst([])
    <Status.NOT_EVALUATED: 'not-evaluated'>
    """
    return min(statuses, key=lambda status: status.severity, default=Status.NOT_EVALUATED)


class ExitCode(enum.IntEnum):
    """What the command line returns."""

    OK = 0
    """Every finding is pass or warn."""
    FAIL = 1
    """At least one fail."""
    ERROR = 2
    """Wrong use or unreadable input."""
    UNDECIDED = 3
    """No fail, but borderline, manual or not-evaluated."""

    @classmethod
    def of(cls, status: Status) -> "ExitCode":
        """Return the exit code of a report with this status."""
        if status is Status.FAIL:
            return cls.FAIL
        return cls.OK if status in (Status.WARN, Status.PASS) else cls.UNDECIDED
