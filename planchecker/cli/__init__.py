"""The command line: one module a command, and the one place where errors become exit codes."""

from typing import Annotated

import typer

from planchecker.cli.edge import Edge

__all__ = ["app"]

app = typer.Typer(
    cls=Edge,
    help="Check radiotherapy plans for bone metastases against published limits.",
    epilog=(
        "Exit codes: 0 pass or warn; 1 at least one fail; 2 wrong use or unreadable input; "
        "3 no fail, but borderline, manual or not evaluated."
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(value: bool) -> None:  # noqa: FBT001 - typer calls it by position
    if value:
        from planchecker import __version__  # noqa: PLC0415 - slow to load

        typer.echo(f"planchecker {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    del version
