"""From what severity on a batch does not end well."""

from enum import StrEnum

__all__ = ["FailOn"]


class FailOn(StrEnum):
    """From what severity on the exit code of a batch is not 0."""

    FAIL = "fail"
    """Only what fails a plan; a case without a verdict counts all the same."""
    UNDECIDED = "undecided"
    """Also what a person must decide: borderline, manual, not-evaluated."""
    WARN = "warn"
    """Also a warning."""
