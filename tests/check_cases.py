"""What the tests of checks share: asking one check of a case, and DICOM-like parts."""

from typing import Any

import case_factory as factory

from planchecker.checks import CHECKS
from planchecker.results import Finding, NotApplicable

RUN = {check.code: check.run for check in CHECKS}
BODY = factory.cylinder(
    "BODY", number=9, radius_mm=70, length_mm=100, interpreted_type="EXTERNAL", step_mm=3.0
)
PTV = factory.box("PTV", number=1, step_mm=3.0, size_mm=(50.0, 50.0, 42.0))
CTV = factory.box("CTV", number=3, step_mm=3.0, size_mm=(40.0, 40.0, 30.0))
CORD = factory.cylinder("SpinalCord", number=2, step_mm=3.0, length_mm=84.0)


def context(of: Any = None, **overrides: Any) -> Any:
    """Context with the packaged protocol."""
    return factory.context(of, **(factory.rules() | overrides))


def with_rois(*structures: Any, **overrides: Any) -> Any:
    """Context of a case with these structures, in the default order of the factory."""
    of = factory.case(structure_set=factory.structure_set(*structures))
    return context(of, **overrides)


def with_plan(**overrides: Any) -> Any:
    """Context of a case whose plan has these values."""
    return context(factory.case(plan=factory.plan(**overrides)))


def ask(code: str, situation: Any) -> list[str]:
    """Statuses of one check, ``n/a`` where it does not apply."""
    found = list(RUN[code](situation))
    assert all(outcome.code == code for outcome in found)
    for outcome in found:
        if isinstance(outcome, Finding):
            assert outcome.message
            assert outcome.remedy or outcome.status == "pass"
    return ["n/a" if isinstance(o, NotApplicable) else o.status.value for o in found]


def findings(code: str, situation: Any) -> list[Finding]:
    """Findings of one check that do not pass."""
    return [f for f in RUN[code](situation) if isinstance(f, Finding) and f.status != "pass"]
