"""Deciding a status by the first of several rungs that holds."""

from planchecker.results import Status

__all__ = ["Rung", "climb"]

Rung = tuple[bool, Status, str]
"""Whether it holds, and the status and message that then follow."""


def climb(*rungs: Rung) -> tuple[Status, str]:
    """Return status and message of the first rung that holds.

    Raises
    ------
    ValueError
        If none holds: the last rung must always hold.

    Examples
    --------
    >>> climb((False, Status.FAIL, "never"), (True, Status.PASS, "always"))
    (<Status.PASS: 'pass'>, 'always')
    """
    for holds, status, message in rungs:
        if holds:
            return status, message
    raise ValueError("the last rung must always hold")
