"""``planchecker commission``: seeded errors on the user's own plan."""

from enum import StrEnum
from typing import Annotated

import typer

from planchecker.cli.hooking import SiteOption
from planchecker.cli.output import OutputOption, PathsArgument, emit, progress, screen_style

__all__ = ["commission"]


class Format(StrEnum):
    """How a commissioning run is written."""

    TERMINAL = "terminal"
    JSON = "json"
    HTML = "html"


def commission(
    paths: PathsArgument,
    *,
    protocol: Annotated[
        str | None,
        typer.Option(metavar="ID|FILE", help="Which guidelines apply and which one governs."),
    ] = None,
    site: SiteOption = None,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that check side by side.")
    ] = 1,
    format: Annotated[  # noqa: A002 - the word users know
        Format, typer.Option("--format", help="How to write the result.")
    ] = Format.TERMINAL,
    output: OutputOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="List every error.")] = False,
) -> None:
    """Seed errors into a plan and list which checks find them.

    Nothing under the paths is changed. The exit code is 1 where a seeded error was missed.
    """
    from planchecker import __version__  # noqa: PLC0415 - heavy
    from planchecker.commission import commission as run_all  # noqa: PLC0415
    from planchecker.commission import render  # noqa: PLC0415
    from planchecker.results import ExitCode  # noqa: PLC0415

    with progress("seeding errors") as tick:
        run = run_all(
            paths,
            protocol=protocol,
            site=site,
            workers=workers,
            program_version=__version__,
            progress=tick,
        )
    style = screen_style(to_file=output is not None, verbose=verbose)
    emit(render(run, format.value, style=style), output, binary=format is Format.HTML)
    raise typer.Exit(int(ExitCode.FAIL if run.missed else ExitCode.OK))
