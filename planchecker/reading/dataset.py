"""Bytes to a data set, with leave for what exports commonly lack."""

import re
import struct
import warnings
import zlib
from dataclasses import dataclass
from io import BytesIO

from planchecker.errors import ReadError
from planchecker.reading.character_sets import encodings_of
from planchecker.reading.items import Item, RawElement, Tag, looks_explicit, read_elements
from planchecker.reading.limits import ReadLimits
from planchecker.reading.syntaxes import DEFLATED, EXPLICIT_BIG, IMPLICIT_LITTLE, name_of

__all__ = ["MALFORMED", "DataSet", "parse", "raised_by_pydicom"]

MALFORMED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
    struct.error,
)
"""What malformed input raises, pydicom's own errors apart."""

_CHARACTER_SET = Tag(0x00080005)
_MEDIA_SOP_CLASS, _TRANSFER_SYNTAX = 0x00020002, 0x00020010
_LONG_IN_META = frozenset((b"OB", b"OW", b"UN", b"UT", b"SQ"))
_UID = re.compile(rb"[0-9.]{1,64}\0?")


def raised_by_pydicom() -> tuple[type[Exception], ...]:
    """Return what pydicom raises on malformed input."""
    from pydicom.errors import BytesLengthException, InvalidDicomError  # noqa: PLC0415 - slow

    return (*MALFORMED, BytesLengthException, InvalidDicomError)


@dataclass(frozen=True, kw_only=True, slots=True)
class DataSet:
    """One parsed file; values stay raw bytes until they are asked for.

    Parameters
    ----------
    transfer_syntax_uid, media_sop_class_uid
        Of the file meta; empty where absent.
    character_sets
        Python names of the encodings of text.
    notes
        What was assumed in place of what the file lacks.
    """

    elements: Item
    transfer_syntax_uid: str
    media_sop_class_uid: str
    little_endian: bool
    character_sets: tuple[str, ...]
    notes: tuple[str, ...]


def parse(data: bytes, *, limits: ReadLimits) -> DataSet:
    """Parse one file held in memory; preamble, file meta and transfer syntax may be missing.

    Raises
    ------
    ReadError
        If the bytes are no data set, or end before it does: what is missing could be the
        contour that matters. Cut pixel data are let through, for the dose to report.
    """
    notes = [] if data[128:132] == b"DICM" else ["no preamble"]
    syntax, media_class, start = _file_meta(data)
    if syntax == DEFLATED:
        data, start = _inflate(data[start:], limits), 0
    implicit, little = _encoding(syntax, data, start, notes)
    try:
        elements = read_elements(data, start, implicit=implicit, little=little)
    except ValueError as error:
        raise ReadError(f"malformed or cut DICOM: {error}") from error
    return DataSet(
        elements=elements,
        transfer_syntax_uid=syntax,
        media_sop_class_uid=media_class,
        little_endian=little,
        character_sets=_character_sets(elements, notes),
        notes=tuple(notes),
    )


def _file_meta(data: bytes) -> tuple[str, str, int]:
    """Return transfer syntax and SOP class of group 0002, and where the data set begins."""
    start = 132 if data[128:132] == b"DICM" else 0
    return _plain_meta(data, start) or _odd_meta(data, start)


def _plain_meta(data: bytes, at: int) -> tuple[str, str, int] | None:
    """Read file meta that are as they should be; None where anything is out of the way."""
    uids = {_TRANSFER_SYNTAX: b"", _MEDIA_SOP_CLASS: b""}
    while data[at : at + 2] == b"\x02\x00":
        if not looks_explicit(data, at) or at + 12 > len(data):
            return None
        long = data[at + 4 : at + 6] in _LONG_IN_META
        form, begin = ("<L", at + 8) if long else ("<H", at + 6)
        (length,) = struct.unpack_from(form, data, begin)
        begin += struct.calcsize(form)
        tag = 0x00020000 | int.from_bytes(data[at + 2 : at + 4], "little")
        at = begin + length
        if at + 8 > len(data):
            return None
        if tag in uids:
            uids[tag] = data[begin:at]
            if not _UID.fullmatch(uids[tag]):
                return None
    if at + 8 > len(data):
        return None
    syntax, media_class = (uid.rstrip(b"\0").decode("ascii") for uid in uids.values())
    return syntax, media_class, at


def _odd_meta(data: bytes, start: int) -> tuple[str, str, int]:
    from pydicom.filereader import read_dataset  # noqa: PLC0415 - slow to load

    stream = BytesIO(data)
    stream.seek(start)
    try:
        meta = read_dataset(
            stream,
            is_implicit_VR=False,
            is_little_endian=True,
            stop_when=lambda tag, _vr, _length: tag >> 16 != 2,
        )
        syntax = str(meta.get("TransferSyntaxUID") or "")
        media_class = str(meta.get("MediaStorageSOPClassUID") or "")
    except raised_by_pydicom() as error:
        raise ReadError(f"malformed file meta: {error or type(error).__name__}") from error
    return syntax, media_class, stream.tell()


def _inflate(packed: bytes, limits: ReadLimits) -> bytes:
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = unpacker.decompress(packed, limits.max_file_bytes)
    except zlib.error as error:
        raise ReadError(f"the deflated data set cannot be unpacked: {error}") from error
    if not unpacker.eof:
        raise ReadError(f"ends early, or unpacks to more than {limits.max_file_bytes} bytes")
    return data


def _encoding(syntax: str, data: bytes, start: int, notes: list[str]) -> tuple[bool, bool]:
    """Return whether VR is implicit and whether the order is little endian."""
    if syntax == EXPLICIT_BIG:
        return False, False
    explicit = looks_explicit(data, start)
    how = "explicit" if explicit else "implicit"
    if syntax:
        if explicit == (syntax == IMPLICIT_LITTLE):
            notes.append(f"the transfer syntax is {name_of(syntax)!r}, the data have {how} VR")
        return not explicit, True
    # Big endian data have explicit VR, and their group 0008 begins with the zero.
    little = not explicit or data[start : start + 1] != b"\0"
    notes.append(f"no transfer syntax: read as {how} VR {'little' if little else 'big'} endian")
    return not explicit, little


def _character_sets(elements: Item, notes: list[str]) -> tuple[str, ...]:
    element = elements.get(_CHARACTER_SET)
    raw = element.value if isinstance(element, RawElement) else b""
    names = raw.decode("ascii", errors="replace")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            encodings = encodings_of([name.strip(" \0") for name in names.split("\\")])
        except MALFORMED as error:
            notes.append(f"character set {names!r} is malformed: {error}")
            return ("iso8859",)
    notes += [f"character set: {warning.message}" for warning in caught]
    return tuple(encodings)
