"""``planchecker explain``: what a check does, why, and when it fires."""

import difflib
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from planchecker.cli.output import emit
from planchecker.errors import PlanCheckerError

if TYPE_CHECKING:
    from planchecker.checks.context import Check

__all__ = ["explain"]


def explain(
    code: Annotated[
        str | None, typer.Argument(metavar="CODE", help="Such as DL001; without it, all codes.")
    ] = None,
) -> None:
    """Print what a check asks, why, and an example of each outcome."""
    from planchecker.checks import CHECKS  # noqa: PLC0415 - heavy
    from planchecker.hooks.completeness import EXPLAINED  # noqa: PLC0415

    if code is None:
        emit("".join(f"{check.code}  {check.title}\n" for check in CHECKS), None)
        return
    known = {check.code: check for check in CHECKS}
    found = known.get(code.upper())
    if found is None and code.upper() in EXPLAINED:
        title, asked = EXPLAINED[code.upper()]
        emit(_page_of(code.upper(), title, asked), None)
        return
    if found is None:
        raise PlanCheckerError(_unknown(code, tuple(known)))
    emit(_page(found), None)


def _page(check: "Check") -> str:
    return _page_of(check.code, check.title, check.run)


def _page_of(code: str, title: str, asked: Callable[..., object]) -> str:
    text = inspect.getdoc(asked) or "This check is not documented."
    heading = f"{code}  {title}"
    return f"{heading}\n{'=' * len(heading)}\n\n{text.strip()}\n"


def _unknown(code: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(code.upper(), known, n=5, cutoff=0.5)
    hint = f"; near ones are {', '.join(near)}" if near else ""
    return f"there is no check {code!r}{hint}; 'planchecker explain' lists all"
