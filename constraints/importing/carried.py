"""What an import carries, what it leaves, and how goals become limits."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from constraints.limits import Limit, Unit
from constraints.metric import Metric
from constraints.terms import Comparison, Course, Evidence, Kind, Technique
from constraints.vocabulary import Vocabulary

__all__ = [
    "Bound",
    "Goal",
    "Imported",
    "LeftOut",
    "Scope",
    "clean",
    "is_looser",
    "limits_of",
    "structures_of",
]

_LONGEST = 200
_UPPER = (Comparison.AT_MOST, Comparison.BELOW)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What a sheet does not say and the person who imports it must.

    Parameters
    ----------
    technique
        Limits of stereotactic and of conventional treatment are never mixed.
    fractions
        Numbers of fractions the goals are for; empty means any.
    dose_per_fraction_gy
        Range of dose per fraction; None means any.
    """

    technique: Technique
    fractions: tuple[int, ...] = ()
    dose_per_fraction_gy: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """Something that was not carried over.

    Parameters
    ----------
    place
        Line of the sheet or number of the metric.
    what
        The text, made printable.
    reason
        Why, and where possible what would carry it.
    """

    place: str
    what: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """The outcome of an import.

    Parameters
    ----------
    title
        Name of the sheet as it states it, or of its file.
    limits
        What was carried over.
    aliases
        (TG-263 name, spelling) pairs of the sheet that the vocabulary does not hold.
    left_out
        What was not, in the order of the sheet.
    """

    title: str
    limits: tuple[Limit, ...]
    aliases: tuple[tuple[str, str], ...] = ()
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """One figure of a goal: a metric with a relation, in the units of the library."""

    metric: Metric
    comparison: Comparison
    value: float
    unit: Unit


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """A goal with what may still be accepted.

    Parameters
    ----------
    structures
        TG-263 names.
    aim
        The goal itself.
    accepted
        The variation that may still be accepted; None where there is none.
    where, note
        Place in the sheet, and what it says beside.
    """

    structures: tuple[str, ...]
    aim: Bound
    accepted: Bound | None
    where: str
    note: str = ""


def limits_of(goals: Iterable[Goal], scope: Scope) -> tuple[Limit, ...]:
    """Return the limits of some goals.

    A goal with an accepted variation is optimal and its variation mandatory; a goal alone is
    mandatory. Strength C: the sheet is one transcription of what it quotes.
    """
    limits: list[Limit] = []
    taken: set[str] = set()
    for goal in goals:
        bounds = [(goal.aim, Kind.MANDATORY)]
        if goal.accepted is not None:
            bounds = [(goal.aim, Kind.OPTIMAL), (goal.accepted, Kind.MANDATORY)]
        for bound, kind in bounds:
            limits.append(
                Limit(
                    id=_free(_slug(goal.structures[0], bound.metric, kind), taken),
                    structures=goal.structures,
                    metric=bound.metric,
                    comparison=bound.comparison,
                    value=bound.value,
                    unit=bound.unit,
                    kind=kind,
                    fractions=scope.fractions,
                    dose_per_fraction_gy=scope.dose_per_fraction_gy,
                    technique=scope.technique,
                    course=Course.FIRST,
                    endpoint="goal of the sheet",
                    evidence=Evidence.C,
                    where=goal.where,
                    note=goal.note,
                )
            )
    return tuple(limits)


def is_looser(accepted: Bound, aim: Bound) -> bool:
    """Tell whether an accepted variation lets more through than the goal."""
    if accepted.metric != aim.metric:
        # A cold volume in percent or cc moved into the metric: the smaller one is laxer.
        return (accepted.metric.number or 0) < (aim.metric.number or 0)
    if aim.comparison in _UPPER:
        return accepted.value > aim.value
    return accepted.value < aim.value


def structures_of(
    name: str, aliases: Iterable[str], vocabulary: Vocabulary
) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Return (TG-263 names, spellings that are new, why there is no name).

    The name of the sheet decides; its aliases only where the name is unknown. Several targets
    may stand together, several organs may not.
    """
    spellings = [text for text in (name, *aliases) if text]
    found = {text: _known(text, vocabulary) for text in spellings}
    first = found.get(name, "")
    names = tuple(dict.fromkeys(known for known in found.values() if known))
    if first:
        new = tuple(text for text, known in found.items() if not known)
        return (first,), new, ""
    if not names:
        doubt = vocabulary.refusal(name)
        return (), (), f"could be {doubt}" if doubt else "no structure of the vocabulary"
    if len(names) > 1 and any(vocabulary.category(known) != "target" for known in names):
        return (), (), f"could be {', '.join(names)}; name one of them"
    new = (name,) if len(names) == 1 else ()
    return names, new, ""


def clean(value: object) -> str:
    """Return a text in one printable line, cut at 200 characters.

    Examples
    --------
    >>> clean(chr(27) + "[31mCord" + chr(0) + chr(10))
    '[31mCord'
    """
    text = "".join(
        " " if unicodedata.category(char) in ("Zl", "Zp") or char in "\t\r\n" else char
        for char in str(value)
        if unicodedata.category(char)[0] != "C" or char in "\t\r\n"
    )
    return " ".join(text.split())[:_LONGEST]


def _known(text: str, vocabulary: Vocabulary) -> str:
    if text in vocabulary:
        return text
    found = vocabulary.find(text) or vocabulary.find_lateral(text)
    return found.name if found else ""


def _slug(structure: str, metric: Metric, kind: Kind) -> str:
    text = f"{structure}-{metric}".lower().replace("%", "pc")
    slug = re.sub(r"[^a-z0-9.]+", "-", text).strip("-")
    return f"{slug}-optimal" if kind is Kind.OPTIMAL else slug


def _free(slug: str, taken: set[str]) -> str:
    name, number = slug, 2
    while name in taken:
        name, number = f"{slug}-{number}", number + 1
    taken.add(name)
    return name
