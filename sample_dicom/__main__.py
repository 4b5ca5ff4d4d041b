"""Command line: ``python -m sample_dicom [OUT_DIR] [CASE ...]``."""

import argparse
import sys
from pathlib import Path

from sample_dicom.writing import available, write

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Write the samples, each into its own folder, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sample_dicom", description=main.__doc__)
    parser.add_argument("directory", nargs="?", type=Path, default=Path("samples"))
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(available()))
    given = parser.parse_args(arguments)
    for case_id in given.cases or available():
        try:
            files = write(case_id, given.directory / case_id)
        except ValueError as error:
            parser.error(str(error))
        sys.stdout.write(f"{given.directory / case_id}: {len(files)} files\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
