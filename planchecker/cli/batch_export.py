"""``planchecker batch-export``: the store of a batch as tables for other programs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from planchecker.cli.output import emit

__all__ = ["Format", "batch_export"]


class Format(StrEnum):
    """How the tables are written."""

    CSV = "csv"
    PARQUET = "parquet"


def batch_export(
    store: Annotated[
        Path,
        typer.Argument(
            metavar="STORE", exists=True, dir_okay=False, help="The file that batch wrote."
        ),
    ],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the tables go.")
    ],
    format: Annotated[  # noqa: A002 - the word users know
        Format, typer.Option("--format", help="How the tables are written.")
    ] = Format.CSV,
) -> None:
    """Write every table of the store of a batch to a file of its own.

    The tables hold names and IDs of patients, unless the batch was made without them.
    """
    from planchecker.batch.export import export  # noqa: PLC0415 - heavy

    for one in export(store, output, format=format.value):
        emit(f"{one.path}: {one.rows} rows\n", None)
