"""What the library knows, as frozen values: guidelines, limits, schemes, protocols.

Everything is validated when it is built; a wrong key or value is a `pydantic.ValidationError`
that `constraints.loader` turns into a `constraints.LibraryError` with file and key.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from constraints.metric import Metric

__all__ = [
    "Comparison",
    "Course",
    "Criterion",
    "Evidence",
    "Governing",
    "Guideline",
    "Indication",
    "Keyword",
    "Kind",
    "Limit",
    "Model",
    "Protocol",
    "Scheme",
    "SchemeRange",
    "Source",
    "Standing",
    "Statement",
    "Technique",
]


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


def _metric(value: object) -> object:
    return Metric.parse(value) if isinstance(value, str) else value


class Model(BaseModel):
    """Base of all library values: frozen, unknown keys refused."""

    # A limit of nan would be met by every dose, so nan and inf never load.
    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False
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

    @property
    def citation(self) -> str:
        """Authors, year, title and where to find it, on one line."""
        when = str(self.year) if self.year is not None else "undated"
        head = f"{self.authors} ({when})" if self.authors else f"({when})"
        where = "; ".join(part for part in (self.locator, self.doi and f"doi:{self.doi}") if part)
        return ". ".join(part for part in (head, self.title, where) if part)


class Limit(Model):
    """One published bound on one metric of one structure for one way of treating.

    A table row with one value per fraction number becomes one limit per fraction number.
    """

    id: str
    """Unique in its guideline, permanent."""
    structures: tuple[str, ...]
    """TG-263 names; the limit applies to each of them that is contoured."""
    metric: Annotated[Metric, BeforeValidator(_metric)]
    comparison: Comparison
    value: float
    unit: Literal["Gy", "cc", "%", "%Rx"]
    """Unit of `value`; ``%Rx`` is percent of the prescribed dose, for dose metrics."""
    kind: Kind
    fractions: tuple[int, ...] = ()
    """Numbers of fractions the limit was given for; empty means any."""
    schemes: tuple[tuple[float, int], ...] = ()
    """(dose in Gy, fractions) pairs the limit was given for; empty means any."""
    dose_per_fraction_gy: tuple[float, float] | None = None
    """Range of prescribed dose per fraction, both ends included."""
    technique: Technique
    course: Course = Course.ANY
    sites: tuple[str, ...] = ()
    """Body sites (cervical, thoracic, lumbar, sacral, ...); empty means any."""
    endpoint: str
    figures_from: tuple[str, ...] = ()
    """TG-263 names of the contours the figure was measured on, where the wording of the source
    names another structure; empty where both are the same."""
    evidence: Evidence
    where: str
    """Table, row or place in the publication."""
    note: str = ""


class Scheme(Model):
    """A named pair of total dose and fractions for an indication."""

    id: str
    indication: str
    dose_gy: float = Field(gt=0)
    fractions: int = Field(gt=0)
    standing: Standing
    technique: Technique | None = None
    """None where the source names no technique for the pair."""
    delivery: tuple[Literal["3DCRT", "IMRT", "SBRT"], ...] = ()
    """The techniques of the source's cell for this indication; empty where it names none."""
    course: Course = Course.FIRST
    evidence: Evidence
    where: str
    note: str = ""


class SchemeRange(Model):
    """A range of doses and fractions; never a rectangle that passes, only a place to look.

    Pairs inside a range that no scheme names are judged by their full-dose cord EQD2.
    """

    id: str
    indication: str
    dose_gy: tuple[float, float]
    fractions: tuple[int, int]
    standing: Standing
    technique: Technique | None = None
    """None where the source names no technique for the range."""
    delivery: tuple[Literal["3DCRT", "IMRT", "SBRT"], ...] = ()
    course: Course = Course.FIRST
    evidence: Evidence
    where: str
    note: str = ""


class Statement(Model):
    """A row of a publication that no single bound can hold: listed, never evaluated.

    Rows without a figure, risk points of a model, figures given as a range of practice, and
    figures for a part of an organ that plain contours do not delimit.
    """

    id: str
    """Unique in its guideline, permanent."""
    summary: str
    """The figures of the row in the words of this library, never a sentence of the source."""
    indications: tuple[str, ...] = ()
    """Indications the row speaks of; empty where it is not about a prescription."""
    delivery: tuple[Literal["3DCRT", "IMRT", "SBRT"], ...] = ()
    """The techniques of the source's cell; empty where it names none."""
    evidence: Evidence
    where: str
    note: str = ""


class Guideline(Model):
    """One publication, one file."""

    id: str
    """As the file name; permanent."""
    source: Source
    summary: str = ""
    limits: tuple[Limit, ...] = ()
    schemes: tuple[Scheme, ...] = ()
    ranges: tuple[SchemeRange, ...] = ()
    statements: tuple[Statement, ...] = ()


class Criterion(Model):
    """One number a check compares with, and how much authority it has."""

    value: float
    unit: str
    mark: Literal["standard", "tool", "paper", "local"]
    """DICOM or AAPM meaning, value of a published tool, a paper, or a local choice."""
    source: str
    """Publication, tool or reason; a local choice says so."""


class Governing(Model):
    """Which guideline decides for some structures when several speak."""

    structures: tuple[str, ...]
    """TG-263 names; an empty tuple stands for every structure not named elsewhere."""
    technique: Technique
    course: Course = Course.FIRST
    guidelines: tuple[str, ...]
    """In order of precedence: the first that has a limit for the plan's fractions governs."""


class Indication(Model):
    """A row of the guideline table as the checker understands it."""

    id: str
    title: str
    spine: bool
    """Whether the cord, sac or cauda must be judged."""
    site_known: bool = True
    """False where the row does not say whether the bone is a vertebra."""
    course: Course = Course.FIRST
    """Whether the row is about a first course or about re-irradiation."""


class Keyword(Model):
    """Words in names and labels that point to indications or to a site; hints, never proof.

    A word counts where it stands alone between characters that are neither letter nor digit,
    in any case; a trailing ``*`` stands for any ending.
    """

    words: tuple[str, ...] = Field(min_length=1)
    places: tuple[Literal["plan", "target", "structure"], ...] = Field(min_length=1)
    """Where they are looked for: plan label, name and description; names of targets; of all."""
    indications: tuple[str, ...] = ()
    """Ids of the indications they point to."""
    spine: bool | None = None
    """What they say about the site; None where nothing."""


class Protocol(Model):
    """Which guidelines apply and which one governs where they disagree."""

    id: str
    title: str
    guidelines: tuple[str, ...]
    """Ids of every guideline whose limits are evaluated."""
    scheme_tables: tuple[str, ...]
    """Ids of the guidelines whose schemes are recognised; the first is the house table."""
    indications: tuple[Indication, ...]
    governing: tuple[Governing, ...]
    nested: tuple[tuple[str, ...], ...]
    """Chains of TG-263 names from the inside outward: cord, PRV, thecal sac, canal."""
    criteria: dict[str, Criterion]
    """Numbers of the checks by dotted name, such as ``coverage.ptv_d50_percent``."""
    alpha_beta_gy: dict[str, float]
    """Per TG-263 structure, with ``default``."""
    keywords: tuple[Keyword, ...] = ()
    spine_structures: tuple[str, ...] = ()
    """TG-263 names whose contours in the high dose show that the target is spine."""
    ambiguous_pairs: tuple[tuple[float, int], ...] = ()
    """(dose in Gy, fractions) pairs that either technique delivers: with arcs or intensity
    modulation both sets of limits are evaluated; local choice."""
    grid_exempt_pairs: tuple[tuple[float, int], ...] = ()
    """(dose in Gy, fractions) pairs whose static conformal plans are asked for no dose grid
    spacing; local choice."""
    treated_bones: tuple[str, ...] = ()
    """TG-263 names of organs that may themselves be the treated bone: where one overlaps a
    target, its limits are advisory."""
