"""The words every row of the library is written with: strength, kind, technique, source."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Strict

from constraints.metric import Metric

__all__ = [
    "Comparison",
    "Count",
    "Course",
    "Delivery",
    "Evidence",
    "Kind",
    "MetricField",
    "Model",
    "Number",
    "Setting",
    "Source",
    "Standing",
    "Technique",
]

Delivery = Literal["3DCRT", "IMRT", "SBRT"]

# Pydantic would read true as 1 and "14" as 14; in a rule file both are mistakes.
Number = Annotated[float, Strict()]
"""A number, written as one."""
Count = Annotated[int, Strict()]
"""A whole number, written as one."""


class Evidence(StrEnum):
    """How the figure reached this library."""

    A = "A"
    """Read on the publication's own page."""
    B = "B"
    """Two or more independent transcriptions agree."""
    C = "C"
    """One transcription, or derived by arithmetic from verified figures; never drives `fail`."""
    D = "D"
    """Memory only; loaded, listed and switched off."""


class Kind(StrEnum):
    """How binding the source makes the limit."""

    MANDATORY = "mandatory"
    OPTIMAL = "optimal"
    REPORTED = "reported"
    """The source does not distinguish; counts as mandatory unless the protocol says otherwise."""


class Comparison(StrEnum):
    """The relation the metric must have to the value."""

    AT_MOST = "<="
    BELOW = "<"
    AT_LEAST = ">="
    ABOVE = ">"


class Technique(StrEnum):
    """The two worlds whose limits must never be mixed."""

    STEREOTACTIC = "stereotactic"
    CONVENTIONAL = "conventional"


class Course(StrEnum):
    """Which course of radiotherapy at this place the figure was given for."""

    FIRST = "first"
    REIRRADIATION = "reirradiation"
    ANY = "any"


class Standing(StrEnum):
    """How a source stands to a scheme."""

    RECOMMENDED = "recommended"
    ALSO = "also"
    """Listed beside the recommended one without reserve."""
    EXCEPTIONAL = "exceptional"
    PRACTICE = "practice"
    """Used in a trial or a centre, not recommended by a guideline."""


class Setting(StrEnum):
    """Whether the bone was operated before."""

    ANY = "any"
    INTACT = "intact"
    POSTOPERATIVE = "postoperative"


def _metric(value: object) -> object:
    return Metric.parse(value) if isinstance(value, str) else value


MetricField = Annotated[Metric, BeforeValidator(_metric)]
"""A metric, written in a file as text such as ``D0.03cc``."""


class Model(BaseModel):
    """Base of all library values: frozen, unknown keys refused."""

    # A limit of nan would be met by every dose, so nan and inf never load.
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        arbitrary_types_allowed=True,
        allow_inf_nan=False,
        defer_build=True,
    )


class Source(Model):
    """Where a publication can be found."""

    title: str
    authors: str = ""
    year: int | None = None
    """None where the publication bears no date."""
    doi: str = ""
    locator: str = ""
    """Where no DOI exists: journal, volume, page, or the page read."""
    unread: tuple[Literal["title", "authors", "doi", "locator"], ...] = ()
    """What of this entry stands on memory: it was not compared with a page of the publication."""

    @property
    def citation(self) -> str:
        """Authors, year, title and where to find it, on one line."""
        when = str(self.year) if self.year is not None else "undated"
        head = f"{self.authors} ({when})" if self.authors else f"({when})"
        where = "; ".join(part for part in (self.locator, self.doi and f"doi:{self.doi}") if part)
        return ". ".join(part for part in (head, self.title, where) if part)
