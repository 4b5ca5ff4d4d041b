"""Judging a set at once, in this process, for a person who waits for the answer."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from planchecker.hooks.judging import Options, Outcome, Request, judge
from planchecker.hooks.shelf import Shelf

__all__ = ["combined_exit_code", "judge_now"]


def judge_now(
    paths: Sequence[Path], shelf: Shelf, *, name: str, hook: str, who: str, options: Options
) -> list[tuple[Outcome, Path]]:
    """Judge a set, enter it in the journal and put the reports on the shelf.

    Returns
    -------
    list of (Outcome, Path)
        The folder of each report with it.

    Raises
    ------
    PlanCheckerError
        If the set cannot be read or the report cannot be kept.
    """
    with shelf.workspace() as folder:
        request = Request(
            paths=tuple(map(str, paths)), folder=str(folder), name=name, options=options
        )
        return [
            (outcome, shelf.place(outcome, hook=hook, who=who)[1]) for outcome in judge(request)
        ]


def combined_exit_code(codes: Iterable[int]) -> int:
    """Return the worst exit code: 1 before 2 before 3 before 0; 2 where there is none.

    Examples
    --------
    >>> combined_exit_code([0, 3, 2]), combined_exit_code([])
    (2, 2)
    """
    found = set(codes)
    return next((code for code in (1, 2, 3, 0) if code in found), 2)
