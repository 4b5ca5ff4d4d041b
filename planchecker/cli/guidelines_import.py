"""``planchecker guidelines import``: a goal sheet or scorecard becomes a rule file."""

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planchecker.cli.output import OutputOption, emit

if TYPE_CHECKING:
    from constraints.importing import Imported

__all__ = ["Form", "World", "import_sheet"]


class Form(StrEnum):
    """What kind of rule file is written."""

    GUIDELINE = "guideline"
    SITE = "site"


class World(StrEnum):
    """What kind of treatment the goals are for."""

    STEREOTACTIC = "stereotactic"
    CONVENTIONAL = "conventional"


def import_sheet(
    *,
    sheet: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="CSV of PlanCheck or ClearPlan, JSON of ProKnow or PlanScoreCard.",
        ),
    ],
    technique: Annotated[
        World, typer.Option("--technique", help="What the goals are for; sheets do not say.")
    ],
    fractions: Annotated[
        list[int] | None,
        typer.Option(
            "--fractions",
            metavar="N",
            min=1,
            help="Number of fractions; may be given several times. Any where left out.",
        ),
    ] = None,
    form: Annotated[
        Form, typer.Option("--as", help="A guideline, or a site file with own limits.")
    ] = Form.GUIDELINE,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="For a site file: why these limits.")
    ] = "",
    approver: Annotated[
        str, typer.Option("--approver", metavar="NAME", help="For a site file: who approved.")
    ] = "",
    output: OutputOption = None,
) -> None:
    """Turn a goal sheet into a rule file, and list what could not be carried over.

    The file must keep its name: its id is the name without the ending.
    """
    from constraints.importing import (  # noqa: PLC0415 - heavy
        guideline_text,
        site_text,
    )
    from planchecker.reports.text import clean  # noqa: PLC0415

    if form is Form.SITE and not (reason.strip() and approver.strip()):
        raise typer.BadParameter("a site file needs --reason and --approver")
    imported = _imported(sheet, technique, tuple(fractions or ()))
    id_ = output.stem if output is not None else _id_of(sheet)
    text = (
        site_text(imported, id_=id_, reason=reason, approver=approver)
        if form is Form.SITE
        else guideline_text(imported, id_=id_)
    )
    emit(text, output, binary=True)
    if output is not None:
        lines = [f"{len(imported.limits)} limits carried over, {len(imported.left_out)} left out"]
        lines += [clean(f"{item.place}: {item.what}: {item.reason}") for item in imported.left_out]
        emit("\n".join(lines) + "\n", None)


def _imported(sheet: Path, technique: World, fractions: tuple[int, ...]) -> "Imported":
    from constraints.importing import Scope, import_scorecard  # noqa: PLC0415
    from constraints.importing import import_sheet as read_sheet  # noqa: PLC0415
    from constraints.model import Technique  # noqa: PLC0415
    from constraints.parsing import read_text  # noqa: PLC0415
    from constraints.vocabulary import load_vocabulary  # noqa: PLC0415

    text = read_text(sheet)
    scope = Scope(technique=Technique(technique.value), fractions=fractions)
    read = import_scorecard if text.lstrip().startswith(("{", "[")) else read_sheet
    return read(text, title=sheet.stem, scope=scope, vocabulary=load_vocabulary())


def _id_of(sheet: Path) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", sheet.stem.lower()).strip("-") or "imported"
