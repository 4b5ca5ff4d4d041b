"""``planchecker demo``: the bundled synthetic sample, checked end to end."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from planchecker.cli.output import emit, progress, screen_style, write_file

if TYPE_CHECKING:
    from planchecker.results import Report

__all__ = ["CASES", "demo"]

CASES: Final = ("spine-sbrt-24-in-2", "spine-sbrt-24-in-2-cord-over")
_PAGE: Final = "planchecker-report.html"


def demo(
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="PATH", help="Where to write the HTML page.")
    ] = Path(_PAGE),
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="List passes and every message too.")
    ] = False,
) -> None:
    """Check two bundled synthetic plans and write an HTML page.

    One plan is meant to pass and one to fail; the exit code is 0 when the program works.
    """
    from planchecker import __version__  # noqa: PLC0415 - heavy
    from planchecker.checker import check  # noqa: PLC0415
    from planchecker.reading import read_cases  # noqa: PLC0415
    from planchecker.reading.pixels import read_hounsfield  # noqa: PLC0415
    from planchecker.reports import render  # noqa: PLC0415
    from sample_dicom import write  # noqa: PLC0415

    reports: list[Report] = []
    with (
        tempfile.TemporaryDirectory(prefix="planchecker-demo-") as folder,
        progress("writing and checking") as tick,
    ):
        for index, case_id in enumerate(CASES, start=1):
            home = Path(folder) / case_id
            write(case_id, home)
            cases = read_cases([home])
            reports.extend(
                check(case, program_version=__version__, pictures=True, pixels=read_hounsfield)
                for case in cases
            )
            if tick is not None:
                tick(index, len(CASES))
    write_file(output, render(reports, "html"))
    style = screen_style(to_file=False, verbose=verbose)
    emit("Synthetic data: made by the program, no patient. Never judge a plan by these.\n\n", None)
    emit(render(reports, "terminal", style=style), None)
    emit(f"\nThe HTML page is {output.resolve()}\n", None)
