"""Which published limits apply to a plan, and which guideline governs a structure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from constraints.model import Course, Evidence, Guideline, Limit, Setting, Technique
from planchecker.case import Prescription
from planchecker.checks.context import Context
from planchecker.checks.limits.nesting import CORD, base_of, in_family, transfers
from planchecker.checks.saying import words_in
from planchecker.schemes.tables import is_one_of

__all__ = [
    "Question",
    "cord_governors",
    "governing_guideline",
    "governors",
    "is_operated",
    "is_reirradiation",
    "lacks_earlier",
    "out_of_scope",
    "prescription",
    "questions",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One limit asked of one structure."""

    guideline: Guideline
    limit: Limit
    structure: str
    world: Technique


def prescription(context: Context) -> Prescription:
    """Return the prescription of the plan; one without values where there is no plan."""
    return context.case.plan.prescription if context.case.plan else Prescription()


def is_reirradiation(context: Context) -> bool:
    """Tell whether the plan is known to be a further course at this place.

    It is where every indication that remains possible is one of re-irradiation. An earlier
    course that nobody supplied cannot be known: such a plan is judged as a first course, and
    DL005 says so.
    """
    further = {row.id for row in context.protocol.indications if row.course is Course.REIRRADIATION}
    indications = context.scheme.indications
    return bool(indications) and further.issuperset(indications)


def is_operated(context: Context) -> bool:
    """Tell whether indication or implants show that the bone was operated.

    That it was not operated, an export cannot show.
    """
    if set(context.scheme.indications) == {"postoperative"}:
        return True
    structures = context.case.structure_set.structures if context.case.structure_set else ()
    return any(s.contours and words_in(context, "implants", s.name) for s in structures)


def lacks_earlier(context: Context) -> bool:
    """Tell whether the plan is known to be a further course and no earlier one was given.

    With the earlier courses at hand, first-course limits are what this plan alone must keep,
    and the RI checks judge the sum.
    """
    given = any(not course.concurrent for course in context.courses)
    return is_reirradiation(context) and not given


def out_of_scope(context: Context, limit: Limit, world: Technique) -> str:
    """Say why a limit does not apply to the plan; empty where it does.

    Limits are given for one technique, and most for exact numbers of fractions: none is
    carried over to another number.
    """
    stated = prescription(context)
    if limit.evidence is Evidence.D:
        return "switched off: the figure rests on memory (evidence D)"
    if limit.technique is not world:
        return f"for {limit.technique.value} plans"
    if limit.course is Course.REIRRADIATION:
        return "for re-irradiation"
    if limit.fractions and stated.fractions not in limit.fractions:
        return f"for {_listed(map(str, limit.fractions))} fraction(s)"
    if limit.schemes and not _named(context, limit.schemes):
        return f"for {_listed(f'{dose:g} Gy / {n}' for dose, n in limit.schemes)}"
    return _setting(context, limit) or _dose_per_fraction(limit, stated.dose_per_fraction_gy)


def questions(context: Context, world: Technique) -> Iterator[Question]:
    """Yield every limit of the protocol that applies, once for each of its structures."""
    for guideline in context.guidelines.values():
        for limit in guideline.limits:
            if not out_of_scope(context, limit, world):
                for structure in limit.structures:
                    yield Question(
                        guideline=guideline, limit=limit, structure=structure, world=world
                    )


def governors(context: Context, structure: str, world: Technique) -> tuple[str, ...]:
    """Return the guidelines that govern a structure, in the protocol's order of precedence."""
    entries = [
        entry
        for entry in context.protocol.governing
        if entry.technique is world and entry.course is not Course.REIRRADIATION
    ]
    base = base_of(structure)
    named = [e for e in entries if structure in e.structures or base in e.structures]
    chosen = named or [e for e in entries if not e.structures]
    return tuple(dict.fromkeys(name for entry in chosen for name in entry.guidelines))


def governing_guideline(context: Context, structure: str, world: Technique) -> str:
    """Return the id of the first governing guideline with a limit for the plan; else empty.

    Where the protocol names none that has one, the first of its guidelines that has a limit
    governs, unless the protocol says that it only stands beside: a limit that applies is never
    without authority for want of an entry.
    """
    speaking = {q.guideline.id for q in questions(context, world) if q.structure == structure}
    beside = context.protocol.beside
    others = (name for name in context.guidelines if name not in beside)
    order = (*governors(context, structure, world), *others)
    return next((name for name in order if name in speaking), "")


def cord_governors(context: Context, world: Technique) -> tuple[str, ...]:
    """Return the guidelines whose limits on the cord decide.

    Stereotactic: the first in precedence that has one for the plan's number of fractions.
    Conventional: all of them, since each speaks for its own schemes.
    """
    speaking = {
        q.guideline.id
        for q in questions(context, world)
        if in_family(context.protocol, q.structure)
        and transfers(q.limit.metric, q.limit.comparison)
    }
    found = tuple(name for name in governors(context, CORD, world) if name in speaking)
    return found[:1] if world is Technique.STEREOTACTIC else found


def _named(context: Context, pairs: tuple[tuple[float, int], ...]) -> bool:
    stated = prescription(context)
    if stated.dose_gy is None or stated.fractions is None:
        return False
    return is_one_of(pairs, stated.dose_gy, stated.fractions, context.protocol)


def _setting(context: Context, limit: Limit) -> str:
    if limit.setting is Setting.INTACT and is_operated(context):
        return "for bone that was not operated"
    return ""


def _dose_per_fraction(limit: Limit, dose_gy: float | None) -> str:
    if limit.dose_per_fraction_gy is None:
        return ""
    low, high = limit.dose_per_fraction_gy
    if dose_gy is not None and low <= dose_gy <= high:
        return ""
    return f"for {low:g} to {high:g} Gy per fraction"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
