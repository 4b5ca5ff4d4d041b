"""The folders of reports under the output folder of a batch."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from planchecker.errors import PlanCheckerError

__all__ = [
    "ASSETS",
    "CASES",
    "folder_of",
    "is_whole",
    "place",
    "place_shared",
    "remove",
    "write_whole",
]

ASSETS: Final = "assets"
CASES: Final = "cases"
JSON: Final = "report.json"


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
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.iterdir():
        if left.name not in documents:
            left.unlink()
    # The JSON last: where it is there and whole, so is the rest.
    for name in sorted(documents, key=lambda name: name == JSON):
        write_whole(folder / name, documents[name])
    return hashlib.sha256(documents[JSON]).hexdigest() if JSON in documents else ""


def remove(out: Path, key: str) -> None:
    """Take away the report of an earlier run: its verdict no longer counts."""
    shutil.rmtree(out / folder_of(key), ignore_errors=True)


def place_shared(out: Path) -> None:
    """Write what the pages share."""
    from planchecker.reports.assets import shared_assets  # noqa: PLC0415 - heavy

    (out / ASSETS).mkdir(parents=True, exist_ok=True)
    for name, content in shared_assets().items():
        write_whole(out / ASSETS / name, content)


def is_whole(out: Path, folder: str, report_sha256: str, wanted: tuple[str, ...]) -> bool:
    """Whether a report lies on the disk as it was written."""
    home = out / folder
    try:
        digest = hashlib.sha256((home / JSON).read_bytes()).hexdigest()
    except OSError:
        return False
    return digest == report_sha256 and all((home / name).is_file() for name in wanted)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, or leave what was there.

    Raises
    ------
    PlanCheckerError
        If it cannot be written.
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        _as_umask_has_it(Path(temporary))
        Path(temporary).replace(path)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise PlanCheckerError(
            f"cannot write {str(path)!r}: {why}; make room or choose another folder with -o, "
            "and go on with --resume"
        ) from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def _as_umask_has_it(path: Path) -> None:
    current = os.umask(0o077)
    os.umask(current)
    path.chmod(0o666 & ~current)
