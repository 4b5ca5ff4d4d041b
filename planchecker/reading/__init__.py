"""From DICOM files to `Case`: the only readers of DICOM on the way in."""

from planchecker.reading.api import read_case, read_cases
from planchecker.reading.limits import ReadLimits

__all__ = ["ReadLimits", "read_case", "read_cases"]
