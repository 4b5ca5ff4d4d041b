"""Pixel data of RT Dose to dose in Gy; every size is checked before memory is taken."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from planchecker.errors import DoseError
from planchecker.reading.dataset import DataSet, raised_by_pydicom
from planchecker.reading.elements import Elements
from planchecker.reading.items import PIXEL_DATA, RawElement, is_whole
from planchecker.reading.syntaxes import (
    DEFLATED,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    RUN_LENGTH,
    name_of,
)

__all__ = ["read_stored", "scale"]

_PLAIN = (
    IMPLICIT_LITTLE,
    EXPLICIT_LITTLE,
    EXPLICIT_BIG,
    DEFLATED,
)
# A run-length code takes at most one byte more per 128; a frame has a header of 64 bytes and
# its item one of 8, and the offset table takes 4 bytes a frame.
_RLE_OVERHEAD = 1.05
_RLE_HEADER = 256


def read_stored(dataset: DataSet, *, shape: tuple[int, int, int]) -> NDArray[np.integer[Any]]:
    """Return the stored integers of shape (frames, rows, columns).

    Raises
    ------
    DoseError
        If the pixel format is not one of RT Dose, or the pixel data are missing, cut or longer
        than the shape allows.
    """
    bits, signed = _pixel_format(Elements(dataset.elements, []))
    expected = shape[0] * shape[1] * shape[2] * (bits // 8)
    data = _pixel_bytes(dataset)
    syntax = dataset.transfer_syntax_uid
    if syntax == RUN_LENGTH:
        return _decode_rle(data, shape=shape, bits=bits, signed=signed)
    if syntax and syntax not in _PLAIN:
        raise DoseError(f"the dose is stored as {name_of(syntax)!r}; export it uncompressed")
    if len(data) not in (expected, expected + expected % 2):
        raise DoseError(
            f"Pixel Data (7FE0,0010) holds {len(data)} bytes where Rows, Columns and Number of "
            f"Frames ask for {expected}; the file is cut or its header is wrong: export it again"
        )
    order = "<" if dataset.little_endian else ">"
    kind = f"{order}{'i' if signed else 'u'}{bits // 8}"
    return np.frombuffer(data, dtype=kind, count=shape[0] * shape[1] * shape[2]).reshape(shape)


def scale(
    stored: NDArray[np.integer[Any]], *, scaling: float, frame_order: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Multiply frame by frame in double precision, then round once to single.

    Parameters
    ----------
    stored
        Shape (frames, rows, columns).
    scaling
        Dose Grid Scaling in Gy.
    frame_order
        Stored frame of each plane of the result.

    Examples
    --------
    >>> stored = np.array([[[1]], [[2]]], dtype=np.uint16)
    >>> scale(stored, scaling=0.5, frame_order=np.array([1, 0])).ravel()
    array([1. , 0.5], dtype=float32)
    """
    dose_gy = np.empty(stored.shape, dtype=np.float32)
    with np.errstate(over="ignore"):
        for plane, frame in enumerate(frame_order):
            np.multiply(
                stored[frame], scaling, out=dose_gy[plane], dtype=np.float64, casting="unsafe"
            )
    return dose_gy


def _pixel_format(dose: Elements) -> tuple[int, bool]:
    bits = dose.integer("BitsAllocated")
    if bits not in (16, 32):
        raise DoseError(f"Bits Allocated (0028,0100) must be 16 or 32, got {bits!r}")
    for keyword, allowed in (
        ("SamplesPerPixel", (1, None)),
        ("BitsStored", (bits, None)),
        ("HighBit", (bits - 1, None)),
        ("PixelRepresentation", (0, 1)),
    ):
        value = dose.integer(keyword)
        if value not in allowed:
            raise DoseError(f"{keyword} is {value!r}, which is not allowed in RT Dose")
    return bits, dose.integer("PixelRepresentation") == 1


def _pixel_bytes(dataset: DataSet) -> bytes:
    element = dataset.elements.get(PIXEL_DATA)
    if not isinstance(element, RawElement) or not element.value:
        raise DoseError(
            "the file holds no Pixel Data (7FE0,0010); export the dose grid with its voxels"
        )
    if not is_whole(element):
        raise DoseError(
            f"Pixel Data (7FE0,0010) are cut: {len(element.value)} of {element.length} bytes; "
            "export the dose again"
        )
    return bytes(element.value)


def _decode_rle(
    data: bytes, *, shape: tuple[int, int, int], bits: int, signed: bool
) -> NDArray[np.integer[Any]]:
    expected = shape[0] * shape[1] * shape[2] * (bits // 8)
    if len(data) > expected * _RLE_OVERHEAD + shape[0] * _RLE_HEADER:
        raise DoseError("the run-length encoded Pixel Data are longer than the dose grid")
    from pydicom.pixels.decoders.base import get_decoder  # noqa: PLC0415 - rarely needed
    from pydicom.uid import RLELossless  # noqa: PLC0415

    options: dict[str, Any] = {
        "number_of_frames": shape[0],
        "rows": shape[1],
        "columns": shape[2],
        "bits_allocated": bits,
        "bits_stored": bits,
        "pixel_representation": int(signed),
        "samples_per_pixel": 1,
        "photometric_interpretation": "MONOCHROME2",
        "pixel_keyword": "PixelData",
    }
    try:
        array, _ = get_decoder(RLELossless).as_array(data, raw=True, **options)
        return np.asarray(array).reshape(shape)
    except raised_by_pydicom() as error:
        raise DoseError(f"the run-length encoded Pixel Data cannot be read: {error}") from error
