"""What every check is given, and what a check is."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from constraints.model import Guideline, Protocol, Technique
from constraints.site_model import Site
from planchecker.case import Case
from planchecker.courses.values import Course
from planchecker.dosimetry.dvh import DVH
from planchecker.naming import Match
from planchecker.plan_dose import PlanDose
from planchecker.results import Finding, NotApplicable
from planchecker.schemes import SchemeReading, TechniqueReading

__all__ = ["Check", "Cited", "Context", "Outcome"]

Outcome = Finding | NotApplicable


class Cited(TypedDict):
    """Guideline and source of a finding, as its fields."""

    guideline: str
    source: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Context:
    """One plan, read and measured, with the knowledge it is tested against.

    Parameters
    ----------
    guidelines
        Every guideline of the protocol by id, in the protocol's order.
    matches
        One per ROI of the structure set, in its order.
    dvhs
        By ROI number; an ROI without a volume or a plan without a dose has none.
    dvh_problems
        By ROI number: why there is no DVH.
    second_opinion
        Whether to compare with an independent histogram engine as well.
    courses
        Earlier courses that were given, and with `summed` the other plans of the patient.
    summed
        Whether the other plans under the same paths are to be added up with this one.
    site
        The site file, for lists of the centre that are no rules, such as its machines; its
        decisions are in `protocol` and `guidelines` already.
    sums
        Memory of `cumulative_at`: several checks ask for the same sum.
    """

    case: Case
    protocol: Protocol
    guidelines: Mapping[str, Guideline]
    matches: tuple[Match, ...]
    plan_dose: PlanDose
    technique: TechniqueReading
    scheme: SchemeReading
    dvhs: Mapping[int, DVH]
    dvh_problems: Mapping[int, str]
    second_opinion: bool = False
    courses: tuple[Course, ...] = ()
    summed: bool = False
    site: Site | None = None
    sums: dict[tuple[float, ...], tuple[tuple[Course, ...], Any]] = field(
        default_factory=dict, repr=False
    )

    def criterion(self, name: str) -> float:
        """Return a number of the protocol by its dotted name."""
        return self.protocol.criteria[name].value

    def cited(self, name: str) -> Cited:
        """Return guideline and source of a finding that a number of the protocol decides."""
        return {"guideline": self.protocol.id, "source": self.protocol.criteria[name].source}

    def matched(self, *names: str) -> Iterator[Match]:
        """Yield the matches whose TG-263 name is one of `names`."""
        return (match for match in self.matches if match.name in names)

    def targets(self, kind: str) -> Iterator[Match]:
        """Yield the target matches whose name starts with `kind`, such as ``"PTV"``."""
        return (m for m in self.matches if m.category == "target" and m.name.startswith(kind))


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One check of the explicit table `planchecker.checks.CHECKS`.

    The docstring of `run` is its documentation, with the sections What, Why, Passes, Fires,
    Not evaluated and References; `planchecker explain` prints it and a test reads it.

    Parameters
    ----------
    technique
        The only technique it is asked of; where that of the plan is unknown, it is not evaluated.
    """

    code: str
    title: str
    run: Callable[[Context], Iterable[Outcome]]
    technique: Technique | None = None
