"""Bytes to a data set, with leave for what exports commonly lack."""

import struct
import warnings
import zlib
from dataclasses import dataclass
from io import BytesIO

from pydicom.charset import convert_encodings
from pydicom.dataelem import RawDataElement
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)

from planchecker.errors import ReadError
from planchecker.reading.items import Item, looks_explicit, read_elements
from planchecker.reading.limits import ReadLimits

__all__ = ["MALFORMED", "DataSet", "parse"]

MALFORMED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    OSError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
    struct.error,
)
"""What pydicom raises on malformed input."""

_CHARACTER_SET = BaseTag(0x00080005)


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
    transfer_syntax_uid: UID
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
    if syntax == DeflatedExplicitVRLittleEndian:
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


def _file_meta(data: bytes) -> tuple[UID, str, int]:
    """Return transfer syntax and SOP class of group 0002, and where the data set begins."""
    stream = BytesIO(data)
    stream.seek(132 if data[128:132] == b"DICM" else 0)
    try:
        meta = read_dataset(
            stream,
            is_implicit_VR=False,
            is_little_endian=True,
            stop_when=lambda tag, _vr, _length: tag >> 16 != 2,
        )
        syntax = UID(str(meta.get("TransferSyntaxUID") or ""))
        media_class = str(meta.get("MediaStorageSOPClassUID") or "")
    except MALFORMED as error:
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


def _encoding(syntax: UID, data: bytes, start: int, notes: list[str]) -> tuple[bool, bool]:
    """Return whether VR is implicit and whether the order is little endian."""
    if syntax == ExplicitVRBigEndian:
        return False, False
    explicit = looks_explicit(data, start)
    how = "explicit" if explicit else "implicit"
    if syntax:
        if explicit == (syntax == ImplicitVRLittleEndian):
            notes.append(f"the transfer syntax is {syntax.name!r}, the data have {how} VR")
        return not explicit, True
    # Big endian data have explicit VR, and their group 0008 begins with the zero.
    little = not explicit or data[start : start + 1] != b"\0"
    notes.append(f"no transfer syntax: read as {how} VR {'little' if little else 'big'} endian")
    return not explicit, little


def _character_sets(elements: Item, notes: list[str]) -> tuple[str, ...]:
    element = elements.get(_CHARACTER_SET)
    raw = element.value if isinstance(element, RawDataElement) else None
    names = (raw or b"").decode("ascii", errors="replace")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            encodings = convert_encodings([name.strip(" \0") for name in names.split("\\")])
        except MALFORMED as error:
            notes.append(f"character set {names!r} is malformed: {error}")
            return ("iso8859",)
    notes += [f"character set: {warning.message}" for warning in caught]
    return tuple(encodings)
