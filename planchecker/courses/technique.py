"""Whether a course was conventional or stereotactic, from dose and fractions alone."""

from collections.abc import Mapping

from constraints.model import Guideline, Protocol, Technique
from planchecker.courses.values import Course
from planchecker.schemes.tables import named

__all__ = ["technique_of"]


def technique_of(
    course: Course, protocol: Protocol, guidelines: Mapping[str, Guideline]
) -> Technique | None:
    """Return the technique that is stated or that only fits; None where both may be.

    A pair that the scheme tables name for one technique only is of that technique; else a low
    dose per fraction is conventional, as it is for a plan.

    Examples
    --------
    >>> from constraints.loader import load_protocol
    >>> course = Course(label="T10", source="typed", prescribed_gy=30, fractions=10)
    >>> technique_of(course, load_protocol("bone_metastases"), {}).value
    'conventional'
    """
    if course.technique is not None:
        return course.technique
    dose_gy, fractions = course.prescribed_gy, course.fractions
    if dose_gy is None or not fractions:
        return None
    entries = named(dose_gy, fractions, protocol=protocol, guidelines=guidelines)
    kinds = {entry.is_stereotactic for entry in entries}
    if len(kinds) == 1:
        return Technique.STEREOTACTIC if kinds.pop() else Technique.CONVENTIONAL
    most = protocol.criteria.get("technique.conventional_dose_per_fraction_gy")
    low = fractions > 1 and most is not None and dose_gy / fractions <= most.value
    return Technique.CONVENTIONAL if low else None
