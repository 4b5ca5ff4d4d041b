"""Every file under a root: what it is and its hash, without holding pixel data."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final

from planchecker.case import ForeignFile
from planchecker.errors import ReadError
from planchecker.reading.dataset import MALFORMED
from planchecker.reading.files import looks_like_dicom, walk
from planchecker.reading.header import Header, read_header
from planchecker.reading.limits import DEFAULT_LIMITS, ReadLimits
from planchecker.reading.sop_classes import why_foreign

__all__ = ["Entry", "Known", "State", "look_at", "take_stock"]

_PREFIXES: Final = (65_536, 1_048_576, 16_777_216)
_HEAD: Final = 132


class State(StrEnum):
    """What became of a file; the words of the store."""

    OBJECT = "object"
    COPY = "copy"
    """The same bytes as another file, which counts for both."""
    FOREIGN = "foreign"
    """No DICOM, or of a class that is not used."""
    UNREADABLE = "unreadable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One file of the tree.

    Parameters
    ----------
    label
        Its path as the user would write it, with forward slashes.
    state, reason
        A word of `State`, and why it is no object.
    sha256
        Empty where the file could not be read or is no DICOM.
    header
        None where there is none to read.
    """

    label: str
    state: State
    size: int = 0
    mtime_ns: int = 0
    sha256: str = ""
    reason: str = ""
    header: Header | None = None


Known = Callable[[str, int, int], Entry | None]
"""Takes label, size and time of a file; gives what an earlier run knew of it, if unchanged."""


def take_stock(
    root: Path, *, known: Known | None = None, limits: ReadLimits = DEFAULT_LIMITS
) -> Iterator[Entry]:
    """Yield what every file under a root is, one after the other.

    Nothing is ever left out: what cannot be read, such as a folder that may not be listed or a
    pipe, comes out as `State.UNREADABLE`.

    Parameters
    ----------
    known
        Spares reading a file again.

    Raises
    ------
    ReadError
        If the root does not exist.
    """
    if not root.exists():
        raise ReadError(f"{str(root)!r} does not exist; give a folder of exported plans")
    unlisted: list[ForeignFile] = []
    for path in walk(root, unlisted):
        yield _entry(path, known, limits)
        while unlisted:
            yield _unlisted(unlisted.pop())
    while unlisted:
        yield _unlisted(unlisted.pop())


def look_at(path: Path, label: str, *, limits: ReadLimits = DEFAULT_LIMITS) -> Entry:
    """Say what one file is; the hash is of the bytes the header was read from.

    Only as much as the header needs is held in memory; the hash is taken in passing.
    """
    entry = Entry(label=label, state=State.UNREADABLE)
    try:
        _refuse_pipe(path)
        with path.open("rb") as stream:
            stat = os.fstat(stream.fileno())
            entry = replace(entry, size=stat.st_size, mtime_ns=stat.st_mtime_ns)
            _refuse_size(stat.st_size, limits)
            if not looks_like_dicom(stream.read(_HEAD)):
                return replace(entry, state=State.FOREIGN, reason="not a DICOM file")
            stream.seek(0)
            entry = replace(entry, sha256=hashlib.file_digest(stream, "sha256").hexdigest())
            _refuse_changed(stream.tell(), stat.st_size)
            header = _header(stream, stat.st_size)
    except OSError as error:
        reason = f"cannot be read: {error.strerror or type(error).__name__}"
        return replace(entry, sha256="", reason=reason)
    except ReadError as error:
        return replace(entry, reason=str(error))
    return _of_class(entry, header)


def _refuse_pipe(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise ReadError("not a regular file")


def _refuse_size(size: int, limits: ReadLimits) -> None:
    if size > limits.max_file_bytes:
        raise ReadError(f"{size} bytes; files over {limits.max_file_bytes} bytes are not read")
    if not size:
        raise ReadError("the file is empty")


def _refuse_changed(read: int, size: int) -> None:
    if read != size:
        raise ReadError("the file changed while it was read")


def _of_class(entry: Entry, header: Header) -> Entry:
    if not header.sop_class_uid or not header.sop_instance_uid:
        lacking = "SOP Class UID" if not header.sop_class_uid else "SOP Instance UID"
        return replace(entry, reason=f"it has no {lacking}")
    if header.kind is None:
        reason = why_foreign(header.sop_class_uid)
        return replace(entry, state=State.FOREIGN, reason=reason, header=header)
    return replace(entry, state=State.OBJECT, header=header)


def _header(stream: BinaryIO, size: int) -> Header:
    """Read the header from a bounded beginning of the file, from all of it where that fails."""
    for length in _PREFIXES:
        if length >= size:
            break
        stream.seek(0)
        try:
            # A beginning that ends before the pixel data would hide what stands behind its end.
            return read_header(stream.read(length), whole=False)
        except (ReadError, *MALFORMED):
            continue
    stream.seek(0)
    try:
        return read_header(stream.read(size))
    except MALFORMED as error:
        raise ReadError(f"malformed DICOM: {error or type(error).__name__}") from error


def _entry(path: Path, known: Known | None, limits: ReadLimits) -> Entry:
    label = path.as_posix()
    if known is not None:
        try:
            stat = path.stat()
        except OSError:
            return look_at(path, label, limits=limits)
        before = known(label, stat.st_size, stat.st_mtime_ns)
        if before is not None:
            return before
    return look_at(path, label, limits=limits)


def _unlisted(file: ForeignFile) -> Entry:
    return Entry(label=file.path, state=State.UNREADABLE, reason=file.reason)
