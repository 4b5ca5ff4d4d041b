"""The folders of reports under the output folder of a batch."""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from planchecker.errors import PlanCheckerError
from planchecker.whole_file import write_file

__all__ = [
    "ASSETS",
    "CASES",
    "file_name",
    "folder_of",
    "is_whole",
    "place",
    "place_shared",
    "remove",
]

ASSETS: Final = "assets"
CASES: Final = "cases"
JSON: Final = "report.json"


_SUFFIXES: Final = {"junit": "xml", "terminal": "txt"}


def file_name(format_: str) -> str:
    """Return the name of a report by its format.

    Examples
    --------
    >>> file_name("html"), file_name("junit")
    ('report.html', 'report.xml')
    """
    return f"report.{_SUFFIXES.get(format_, format_)}"


def folder_of(key: str) -> str:
    """Return the folder of the reports of a case, relative to the output folder."""
    return f"{CASES}/{key}"


def place(out: Path, key: str, documents: Mapping[str, bytes]) -> str:
    """Write the report of a case, each file whole or not at all, and return the digest of its JSON.

    Raises
    ------
    PlanCheckerError
        If they cannot be written.
    """
    folder = out / folder_of(key)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.iterdir():
            if left.name not in documents:
                left.unlink()
    except OSError as error:
        raise PlanCheckerError(
            f"cannot write to {str(folder)!r}: {error.strerror or error}; "
            "choose a folder that can be written"
        ) from error
    # The JSON last: where it is there and whole, so is the rest.
    for name in sorted(documents, key=lambda name: name == JSON):
        write_file(folder / name, documents[name])
    return hashlib.sha256(documents[JSON]).hexdigest() if JSON in documents else ""


def remove(out: Path, key: str) -> None:
    """Take away the report of an earlier run: its verdict no longer counts."""
    shutil.rmtree(out / folder_of(key), ignore_errors=True)


def place_shared(out: Path) -> None:
    """Write what the pages share."""
    from planchecker.reports.assets import shared_assets  # noqa: PLC0415 - heavy

    (out / ASSETS).mkdir(parents=True, exist_ok=True)
    for name, content in shared_assets().items():
        write_file(out / ASSETS / name, content)


def is_whole(out: Path, folder: str, report_sha256: str, formats: tuple[str, ...]) -> bool:
    """Whether a report lies on the disk as it was written, in all these formats."""
    home = out / folder
    try:
        digest = hashlib.sha256((home / JSON).read_bytes()).hexdigest()
    except OSError:
        return False
    return digest == report_sha256 and all((home / file_name(name)).is_file() for name in formats)
