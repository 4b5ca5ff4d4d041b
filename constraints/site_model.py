"""What a centre decides for itself: the shape of a site file, and what changed by it."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from constraints.limits import Limit
from constraints.terms import Course, Model, Number, Technique

__all__ = [
    "Change",
    "Confirmation",
    "CriterionChange",
    "GoverningChange",
    "LimitChange",
    "Machine",
    "OwnLimit",
    "Site",
    "SiteAlias",
]

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""A reason or a name; it may not be empty."""


class LimitChange(Model):
    """A published limit with another value."""

    guideline: str
    limit: str
    """Id of the limit, such as ``HYT/3``."""
    value: Number
    reason: Said
    approver: Said
    date: str = ""


class Confirmation(Model):
    """A row that somebody of the centre has compared with its source."""

    guideline: str
    row: str
    """Id of a row, or what comes before the slash: ``heart-d0.5cc`` stands for every number of
    fractions of it."""
    read: Literal["publication", "copy"]
    """The publication's own page makes strength A; a further copy makes B of C and C of D."""
    by: Said
    date: Said


class OwnLimit(Limit):
    """A limit of the centre's own, or a point of a published risk curve taken as a limit."""

    reason: Said
    approver: Said


class GoverningChange(Model):
    """Which guidelines decide for some structures, instead of what the protocol says."""

    structures: tuple[str, ...]
    technique: Technique
    course: Course = Course.FIRST
    guidelines: tuple[str, ...] = Field(min_length=1)
    reason: Said
    approver: Said


class CriterionChange(Model):
    """Another number for a criterion of the protocol."""

    value: Number
    reason: Said
    approver: Said


class SiteAlias(Model):
    """Spellings of the centre that stand for a structure."""

    name: str
    """TG-263 name."""
    synonyms: tuple[Said, ...] = Field(min_length=1)


class Machine(Model):
    """A treatment machine of the centre."""

    name: Said
    """As plans write it."""
    aliases: tuple[str, ...] = ()
    energies: tuple[str, ...] = ()
    """Such as ``6X`` or ``10FFF``; empty where any is expected."""
    techniques: tuple[Technique, ...] = ()
    """What it may be used for; empty where any."""
    note: str = ""


class Site(Model):
    """One site file."""

    id: str
    title: str
    protocol: str = "bone_metastases"
    """Id of the packaged protocol it starts from."""
    add_guidelines: tuple[str, ...] = ()
    drop_guidelines: tuple[str, ...] = ()
    governing: tuple[GoverningChange, ...] = ()
    limits: tuple[LimitChange, ...] = ()
    own_limits: tuple[OwnLimit, ...] = ()
    confirmed: tuple[Confirmation, ...] = ()
    criteria: dict[str, CriterionChange] = Field(default_factory=dict)
    aliases: tuple[SiteAlias, ...] = ()
    machines: tuple[Machine, ...] = ()
    sha256: str = ""
    """Digest of the file's text, line endings apart; filled in when it is read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One thing a site file made different from what was published.

    Parameters
    ----------
    subject
        ``"limit"``, ``"own-limit"``, ``"evidence"``, ``"criterion"``, ``"governing"``,
        ``"guideline"`` or ``"alias"``.
    where
        Guideline and row, criterion, or structures.
    before, after
        In words, with their unit.
    direction
        ``"tightened"``, ``"loosened"``, ``"confirmed"``, ``"added"``, ``"dropped"`` or
        ``"changed"`` where a number has no stricter side.
    reason, approver, date
        As the site file states them; empty where it asks for none.
    """

    subject: str
    where: str
    before: str
    after: str
    direction: str
    reason: str = ""
    approver: str = ""
    date: str = ""

    @property
    def summary(self) -> str:
        """The change in one line.

        Examples
        --------
        >>> Change(
        ...     subject="limit",
        ...     where="tg101-2010 heart-d15cc/5",
        ...     before="32 Gy",
        ...     after="30 Gy",
        ...     direction="tightened",
        ...     approver="Dr A",
        ... ).summary
        'tg101-2010 heart-d15cc/5: 32 Gy -> 30 Gy, tightened (Dr A)'
        """
        who = f" ({self.approver})" if self.approver else ""
        return f"{self.where}: {self.before} -> {self.after}, {self.direction}{who}"
