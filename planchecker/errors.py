"""Every error planchecker raises on purpose.

::

    PlanCheckerError
      ReadError            a file or folder cannot be read as asked
        MissingElement     names file, keyword and tag
      GeometryError        contours or grids that do not describe a volume
      DoseError            a dose object that is not a dose in Gy on a grid
      MetricError          a question with no answer; becomes not-evaluated, never 0
      MissingExtra         an optional dependency is not installed
"""

__all__ = [
    "DoseError",
    "GeometryError",
    "MetricError",
    "MissingElement",
    "MissingExtra",
    "PlanCheckerError",
    "ReadError",
]


class PlanCheckerError(Exception):
    """What the user can mend; caught once, in `planchecker.cli`."""


class ReadError(PlanCheckerError):
    """A file or folder cannot be read as asked."""


class MissingElement(ReadError):  # noqa: N818 - the name says it
    """A DICOM attribute that is needed is absent; the message names file, keyword and tag."""


class GeometryError(PlanCheckerError):
    """Contours or grids that do not describe a volume."""


class DoseError(PlanCheckerError):
    """A dose object that is not a dose in Gy on a grid."""


class MetricError(PlanCheckerError):
    """A question with no answer; the checker turns it into `not-evaluated`, never into 0."""


class MissingExtra(PlanCheckerError):  # noqa: N818 - the name says it
    """An optional dependency is not installed; the message names the pip command."""
