"""What was read about technique and scheme, as frozen values."""

from dataclasses import dataclass

from constraints.model import Technique
from planchecker.results import SchemeMatch

__all__ = ["SchemeReading", "TechniqueReading"]


@dataclass(frozen=True, kw_only=True, slots=True)
class TechniqueReading:
    """How the plan is delivered and which world of limits it belongs to.

    Parameters
    ----------
    delivery
        ``"static conformal"``, ``"IMRT"``, ``"conformal arc"``, ``"VMAT"``, ``"proton"``,
        ``"electron"`` or ``""`` where the beams do not tell.
    cell
        The word of the guideline table: ``"3DCRT"``, ``"IMRT"``, ``"SBRT"`` or ``""``.
    worlds
        The limit tables to evaluate: one technique where it is clear; both where the plan may
        be either (the worse verdict decides, at least `manual`); none where it is unknown.
    why
        One sentence.
    """

    delivery: str
    cell: str
    worlds: tuple[Technique, ...]
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemeReading:
    """The recognised scheme and what follows from it.

    Parameters
    ----------
    match
        As the report shows it.
    named
        Whether the pair of dose and fractions is named by the house table.
    in_range
        Whether it lies in a range of the table without being named.
    indications
        Ids of every indication that remains possible.
    spine
        True, False, or None where it is unknown whether the target is spine.
    told
        What told the indication: ``"given"`` by the user, the quoted names and labels that
        hint at it, or ``""`` where nothing did.
    conflicting
        Whether names and labels hint at indications that exclude each other.
    elsewhere
        The name or label that tells of a bone outside the spine, where the target is spine
        nevertheless; empty where nothing does.
    """

    match: SchemeMatch
    named: bool
    in_range: bool
    indications: tuple[str, ...]
    spine: bool | None
    told: str = ""
    conflicting: bool = False
    elsewhere: str = ""
