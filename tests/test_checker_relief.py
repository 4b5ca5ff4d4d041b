from dataclasses import replace

import pytest
from case_factory import case, context, structure_set
from shape_factory import box, cylinder, ramp_dose

from planchecker.checker.relief import reliefs
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.dvh import DVH, compute_dvh
from planchecker.results import Finding, Status

PTV, CORD = box(), cylinder()
DOSE = ramp_dose(slope_gy_per_mm=(0.1, 0.05, 0.0))
LIMITS = [
    ("Dmax", 25.0),
    ("D0.03cc", 28.0),
    ("D10%", 27.0),
    ("Dmean", 20.0),
    ("V30Gy[cc]", 1.0),
    ("V30Gy[%]", 10.0),
    ("V30Gy[cc]", 0.0),
    ("V90%[cc]", 2.0),
    ("EQD2(2):Dmax", 30.0),
    ("BED(2):D0.03cc", 50.0),
]


def dvhs(dose: DoseGrid) -> dict[int, DVH]:
    return {s.roi_number: compute_dvh(s, dose) for s in (PTV, CORD)}


def scaled(factor: float) -> DoseGrid:
    return replace(DOSE, values_gy=DOSE.values_gy * factor)


def finding(asked: str, bound: float, **overrides: object) -> Finding:
    measured = dvhs(DOSE)[2].metric(asked, prescription_gy=30.0, fractions=10)
    values: dict[str, object] = {
        "code": "DL001",
        "subject": "SpinalCord",
        "status": Status.FAIL,
        "message": "",
        "roi_number": 2,
        "metric": asked,
        "value": measured.value,
        "band": measured.band,
        "comparison": "<=",
        "limit": bound,
    }
    return replace(Finding(**values), **overrides)


def relieved(*findings: Finding) -> list[object]:
    held = context(case(structure_set=structure_set(PTV, CORD)), dvhs=dvhs(DOSE))
    return list(reliefs(held, findings))


@pytest.mark.parametrize(("metric", "limit"), LIMITS)
def test_the_scaled_dose_just_meets_the_limit(metric: str, limit: float) -> None:
    (relief,) = relieved(finding(metric, limit))
    assert 0 < relief.factor < 1  # type: ignore[attr-defined]
    factor = relief.factor  # type: ignore[attr-defined]
    found = dvhs(scaled(factor))[2].metric(metric, prescription_gy=30.0, fractions=10)
    assert found.band is not None
    assert found.band[1] == pytest.approx(limit, rel=0.01, abs=0.12)
    just_above = dvhs(scaled(factor * 1.03))[2].metric(metric, prescription_gy=30.0, fractions=10)
    assert just_above.band is not None
    assert just_above.band[1] > limit


def test_the_cost_is_what_the_scaled_dose_leaves() -> None:
    (relief,) = relieved(finding("Dmax", 25.0))
    (target,) = relief.targets  # type: ignore[attr-defined]
    left = dvhs(scaled(relief.factor))[1]  # type: ignore[attr-defined]
    assert target.d95_gy[0] == pytest.approx(dvhs(DOSE)[1].metric("D95%").value)
    assert target.d95_gy[1] == pytest.approx(left.metric("D95%").value, abs=0.02)
    assert target.v100_percent[1] == pytest.approx(left.metric("V30Gy[%]").value, abs=0.3)


@pytest.mark.parametrize("status", [Status.PASS, Status.WARN, Status.MANUAL, Status.NOT_EVALUATED])
def test_only_what_fails_or_may_fail_is_relieved(status: Status) -> None:
    assert relieved(finding("Dmax", 25.0, status=status)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"comparison": ">="},
        {"value": None, "band": (31.0, float("inf"))},
        {"roi_number": None},
        {"roi_number": 99},
        {"limit": 0.0},
        {"metric": "EQD2(2):Dmean"},
        {"metric": "slice spacing"},
    ],
)
def test_what_no_scaling_mends_is_left_out(changes: dict[str, object]) -> None:
    assert relieved(finding("Dmax", 25.0, **changes)) == []
