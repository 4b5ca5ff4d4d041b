"""Small synthetic DICOM-RT exports with known answers, made on demand.

Nothing is stored: every file is calculated from formulas, the same bytes every time, so that a
demonstration and the tests need neither a download nor a patient.
"""

from sample_dicom.cases import CASES, KnownAnswer, SampleCase
from sample_dicom.writing import available, write

__all__ = ["CASES", "KnownAnswer", "SampleCase", "available", "write"]
