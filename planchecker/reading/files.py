"""Finding files under the given paths, and their bytes; nothing here knows what is in them."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from planchecker.case import ForeignFile
from planchecker.errors import ReadError
from planchecker.reading.limits import ReadLimits

__all__ = ["FoundFile", "find_files", "looks_like_dicom", "read_bytes", "walk"]

# A data set without preamble and file meta begins with group 0008, or with group 0002 where
# only the preamble is missing; the second pair of each is big endian.
_FIRST_GROUPS = (b"\x08\x00", b"\x02\x00", b"\x00\x08", b"\x00\x02")
_PREAMBLE = 128


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundFile:
    """A regular file; `label` is its path as the user would write it, with forward slashes."""

    path: Path
    label: str


def find_files(
    paths: Iterable[Path | str], *, limits: ReadLimits
) -> tuple[tuple[FoundFile, ...], tuple[ForeignFile, ...]]:
    """List every file under the paths once, in a stable order.

    Folders are searched to any depth and symbolic links are followed; a folder that was seen
    is not entered again, so links in a circle do no harm.

    Returns
    -------
    found : tuple of FoundFile
        Sorted by path.
    foreign : tuple of ForeignFile
        What is no regular file, or a folder that may not be listed.

    Raises
    ------
    ReadError
        If a path does not exist, or more files than `limits.max_files` are found.
    """
    found: dict[str, FoundFile] = {}
    foreign: list[ForeignFile] = []
    for given in map(Path, paths):
        if not given.exists():
            raise ReadError(f"{str(given)!r} does not exist; give a file or a folder")
        for path in walk(given, foreign):
            found.setdefault(os.path.realpath(path), FoundFile(path=path, label=path.as_posix()))
            if len(found) > limits.max_files:
                raise ReadError(
                    f"more than {limits.max_files} files under {str(given)!r}; "
                    "give the folder of one patient"
                )
    return (
        tuple(sorted(found.values(), key=lambda file: file.label)),
        tuple(sorted(foreign, key=lambda file: file.path)),
    )


def walk(top: Path, foreign: list[ForeignFile]) -> Iterator[Path]:
    """Yield every regular file under a path, folder by folder in a stable order.

    Parameters
    ----------
    foreign
        Takes what is no regular file, and folders that may not be listed.
    """
    waiting, seen = [top], set()
    while waiting:
        path = waiting.pop()
        if path.is_dir():
            real = os.path.realpath(path)
            if real in seen:
                continue
            seen.add(real)
            try:
                waiting.extend(sorted(path.iterdir(), reverse=True))
            except OSError as error:
                foreign.append(ForeignFile(path=path.as_posix(), reason=_reason(error)))
        elif path.is_file():
            yield path
        else:
            # Opening a pipe or a device could wait for ever.
            foreign.append(ForeignFile(path=path.as_posix(), reason="not a regular file"))


def read_bytes(file: FoundFile, *, limits: ReadLimits) -> bytes:
    """Return the content of a file that looks like DICOM.

    Raises
    ------
    ReadError
        If the file cannot be read, is larger than the limit, is empty or does not begin as a
        DICOM file does. The message is the reason alone, without the path.
    """
    try:
        if not stat.S_ISREG(file.path.stat().st_mode):
            # Opening a pipe or a device could wait for ever.
            raise ReadError("not a regular file")
        with file.path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > limits.max_file_bytes:
                raise ReadError(
                    f"{size} bytes; files over {limits.max_file_bytes} bytes are not read"
                )
            head = stream.read(_PREAMBLE + 4)
            if not head:
                raise ReadError("the file is empty")
            if not looks_like_dicom(head):
                raise ReadError("not a DICOM file")
            stream.seek(0)
            # One byte more than was announced shows a file that grows while it is read.
            data = stream.read(size + 1)
    except OSError as error:
        raise ReadError(_reason(error)) from error
    if len(data) != size:
        raise ReadError("the file changed while it was read")
    return data


def looks_like_dicom(head: bytes) -> bool:
    """Whether a file that begins so may be DICOM.

    Examples
    --------
    >>> looks_like_dicom(bytes(128) + b"DICM"), looks_like_dicom(b"PK")
    (True, False)
    """
    return head[_PREAMBLE : _PREAMBLE + 4] == b"DICM" or head[:2] in _FIRST_GROUPS


def _reason(error: OSError) -> str:
    return f"cannot be read: {error.strerror or type(error).__name__}"
