"""CT numbers of one slice, read from its file when they are asked for."""

import math
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planchecker.case import ImageSlice
from planchecker.errors import ReadError

__all__ = ["read_hounsfield"]

_MOST_PIXELS = 4096 * 4096


def read_hounsfield(image: ImageSlice) -> NDArray[np.float32]:
    """Read the CT numbers of one slice.

    Returns
    -------
    ndarray of shape (rows, columns)
        In HU: stored values after slope and intercept.

    Raises
    ------
    ReadError
        If the file is gone, is another image than when it was first read, states no slope or
        intercept or none that can be meant, or holds pixels that cannot be decoded.

    Examples
    --------
    >>> from planchecker.case import Patient
    >>> slice_ = ImageSlice(
    ...     sop_instance_uid="1.2", series_uid="1.3", patient=Patient(), path="no-pixels.dcm"
    ... )
    >>> read_hounsfield(slice_)
    Traceback (most recent call last):
    ...
    planchecker.errors.ReadError: 'no-pixels.dcm' states 0 x 0 pixels
    """
    from pydicom import dcmread  # noqa: PLC0415 - heavy

    from planchecker.reading.dataset import raised_by_pydicom  # noqa: PLC0415

    if not 0 < image.rows * image.columns <= _MOST_PIXELS:
        raise ReadError(f"{image.path!r} states {image.rows} x {image.columns} pixels")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = dcmread(Path(image.path), force=True)
            if str(dataset.SOPInstanceUID) != image.sop_instance_uid:
                raise ReadError(f"{image.path!r} was changed since it was first read")
            if int(dataset.get("NumberOfFrames") or 1) != 1:
                raise ReadError(f"{image.path!r} holds more than one frame")
            slope, intercept = float(dataset.RescaleSlope), float(dataset.RescaleIntercept)
            stored = dataset.pixel_array
    except raised_by_pydicom() as error:
        raise ReadError(f"{image.path!r}: its pixels cannot be read") from error
    # A slope of nan or 0 would turn every metal into something that no threshold finds.
    if not (math.isfinite(slope) and slope > 0 and math.isfinite(intercept)):
        raise ReadError(f"{image.path!r}: its pixels cannot be read")
    if stored.shape != (image.rows, image.columns):
        raise ReadError(f"{image.path!r} holds pixels of shape {stored.shape!r}")
    return np.asarray(stored * slope + intercept, dtype=np.float32)
