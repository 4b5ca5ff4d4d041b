"""``planchecker explain``: what a check does, why, and when it fires."""

import difflib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from planchecker.cli.check import Language
from planchecker.cli.output import emit
from planchecker.errors import PlanCheckerError

if TYPE_CHECKING:
    from planchecker.checks.context import Check

__all__ = ["explain"]

_PROTOCOL = "bone_metastases"


def explain(
    code: Annotated[
        str | None, typer.Argument(metavar="CODE", help="Such as DL001; without it, all codes.")
    ] = None,
    *,
    lang: Annotated[
        Language, typer.Option("--lang", help="Language of what people read.")
    ] = Language.EN,
) -> None:
    """Print what a check asks, why, and when it fires."""
    from planchecker.locale import speaking  # noqa: PLC0415 - heavy

    with speaking(lang.value):
        _explain(code)


def _explain(code: str | None) -> None:
    from planchecker.checks import CHECKS  # noqa: PLC0415 - heavy
    from planchecker.hooks.completeness import EXPLAINED  # noqa: PLC0415
    from planchecker.locale import gettext  # noqa: PLC0415

    if code is None:
        emit("".join(f"{check.code}  {gettext(check.title)}\n" for check in CHECKS), None)
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
    return _page_of(check.code, check.title, check.run) + _criteria(check.run.__doc__ or "")


def _criteria(asked: str) -> str:
    """Return the numbers of the packaged protocol that a page names, each with its mark."""
    from constraints.loader import load_protocol  # noqa: PLC0415 - heavy
    from planchecker.locale import gettext  # noqa: PLC0415

    known = load_protocol(_PROTOCOL).criteria
    named = dict.fromkeys(re.findall(r"``([a-z_]+\.[a-z0-9_]+)``", asked))
    lines = [
        f"{name} = {known[name].value:g} {known[name].unit} ({known[name].mark})\n"
        f"    {known[name].source}\n"
        for name in named
        if name in known
    ]
    if not lines:
        return ""
    heading = gettext("Criteria")
    return f"\n{heading}\n{'-' * len(heading)}\n" + "".join(lines)


def _page_of(code: str, title: str, asked: Callable[..., object]) -> str:
    from planchecker.locale import retold  # noqa: PLC0415
    from planchecker.locale.explanations import told_explanation  # noqa: PLC0415

    text = told_explanation(asked.__doc__ or "This check is not documented.")
    heading = f"{code}  {retold(title)}"
    return f"{heading}\n{'=' * len(heading)}\n\n{text.strip()}\n"


def _unknown(code: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(code.upper(), known, n=5, cutoff=0.5)
    hint = f"; near ones are {', '.join(near)}" if near else ""
    return f"there is no check {code!r}{hint}; 'planchecker explain' lists all"
