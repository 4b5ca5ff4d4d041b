"""Limits that no table holds for the plan: derived, rescaled, of a part, on a condition."""

from typing import Any

import case_factory as factory
import limit_factory as lf
import numpy as np
import pytest

from constraints.derived import bed
from constraints.model import ConditionalLimit, Evidence, Kind, PartLimit, RescaledLimit, Setting
from planchecker.checks.dose_limits import CHECKS
from planchecker.checks.limits.partial import part_near
from planchecker.results import Finding, NotApplicable

# Heart D15cc of TG-101: 16 Gy in 1 and 24 Gy in 3 fractions, alpha/beta 3 Gy. BED 101.33 and
# 88 Gy; half way at 2 fractions 94.67 Gy, which is 21.0208 Gy in 2: 21.020 Gy, rounded down.
HEART = {1: 16.0, 3: 24.0}
DERIVED_GY = 21.020
# Value, lowest and highest end of the heart's D15cc, and the status: below the limit
# published for 1 fraction no model is needed; up to the derived one it is met but unconfirmed.
HEART_DOSES = [
    ((10.0, 9.0, 11.0), "pass"),
    ((15.5, 15.0, 15.9), "pass"),
    ((16.0, 15.5, 16.5), "warn"),
    ((20.5, 20.0, 21.0), "warn"),
    ((21.0, 20.9, 21.1), "manual"),
    ((30.0, 29.0, 31.0), "manual"),
]


def _per_fraction(figures: dict[int, float], structure: str = "Heart", **changes: Any) -> list[Any]:
    return [
        lf.limit(structure, "D15cc", figure, id=f"row/{n}", fractions=(n,), **changes)
        for n, figure in figures.items()
    ]


def _asked(code: str, context: Any, subject: str) -> list[Finding]:
    outcomes = lf.findings(lf.run(CHECKS, code, context))
    return [f for f in outcomes if f.subject == subject]


@pytest.mark.parametrize(("doses", "status"), HEART_DOSES)
def test_between_two_published_numbers_a_limit_is_derived(doses: Any, status: str) -> None:
    context = lf.situation({"Heart": {"D15cc": doses}}, lf.guideline(*_per_fraction(HEART)))
    (finding,) = _asked("DL010", context, "Heart")
    assert (finding.status, finding.limit, finding.evidence) == (status, DERIVED_GY, "C")
    assert "Derived, not published" in finding.message
    assert "alpha/beta 3 Gy" in finding.message


def test_the_derived_figure_is_the_one_worked_out_by_hand() -> None:
    middle = (bed(16, 1, alpha_beta_gy=3) + bed(24, 3, alpha_beta_gy=3)) / 2
    assert middle == pytest.approx(94.6667, abs=1e-4)
    assert bed(21.0208, 2, alpha_beta_gy=3) == pytest.approx(middle, abs=1e-3)


@pytest.mark.parametrize("fractions", [4, 5, 10])
def test_outside_the_published_numbers_nothing_is_derived(fractions: int) -> None:
    rows = lf.guideline(*_per_fraction(HEART))
    context = lf.situation({"Heart": {"D15cc": 50.0}}, rows, fractions=fractions)
    assert _asked("DL010", context, "Heart") == []
    assert _asked("DL020", context, "Heart") == []


def test_a_published_limit_of_another_guideline_needs_no_derived_one_beside() -> None:
    other = lf.guideline(lf.limit("Heart", "D15cc", 18.0, fractions=(2,)), name="other")
    context = lf.situation(
        {"Heart": {"D15cc": 20.0}}, lf.guideline(*_per_fraction(HEART)), other
    )  # fmt: skip
    found = [*_asked("DL010", context, "Heart"), *_asked("DL020", context, "Heart")]
    assert [(f.guideline, f.limit) for f in found] == [("other", 18.0)]


def test_a_derived_limit_never_governs_the_cord() -> None:
    rows = lf.guideline(*_per_fraction({1: 14.0, 3: 18.0}, "SpinalCord"))
    context = lf.situation({"SpinalCord": {"D15cc": 5.0}}, rows)
    assert [f.status for f in _asked("DL001", context, "SpinalCord")] == ["not-evaluated"]
    assert [f.governs for f in _asked("DL020", context, "SpinalCord")] == [False]
    assert _asked("DL900", context, "SpinalCord")[0].status == "not-evaluated"


def test_a_limit_derived_from_one_transcription_is_never_lifted_to_a_pass() -> None:
    rows = lf.guideline(*_per_fraction(HEART, evidence=Evidence.C))
    context = lf.situation({"Heart": {"D15cc": 5.0}}, rows)
    assert [f.status for f in _asked("DL010", context, "Heart")] == ["warn"]


def test_an_organ_with_a_derived_limit_is_not_said_to_have_none() -> None:
    context = lf.situation({"Heart": {"D15cc": 5.0}}, lf.guideline(*_per_fraction(HEART)))
    outcomes = lf.run(CHECKS, "DL010", context)
    said = [o.reason for o in outcomes if isinstance(o, NotApplicable) and o.subject == "Heart"]
    assert said == []


def test_a_rescaled_goal_is_asked_in_eqd2() -> None:
    # 20 Gy in 25 fractions with alpha/beta 3 Gy: BED 25.33, EQD2 15.2 Gy.
    goal = RescaledLimit(
        **{
            **lf.limit("Lungs", "Dmean", 20.0, technique="conventional").model_dump(),
            "reference_fractions": 25,
            "alpha_beta_gy": 3,
            "evidence": Evidence.B,
        }
    )
    rows = lf.guideline().model_copy(update={"rescaled_limits": (goal,)})
    for value, status in ((15.1, "pass"), (15.3, "manual")):
        context = lf.situation(
            {"Lungs": {"EQD2(3):Dmean": value}}, rows, worlds=lf.CONVENTIONAL, fractions=10
        )
        (finding,) = _asked("DL010", context, "Lungs")
        assert finding.limit == pytest.approx(15.2)
        assert (finding.status, finding.evidence) == (status, "C")


def test_a_limit_on_a_condition_is_listed_and_never_judged() -> None:
    row = ConditionalLimit(
        **lf.limit("Bladder", "V18Gy[%]", 40.0, unit="%").model_dump(), condition="prostate"
    )
    rows = lf.guideline(lf.limit()).model_copy(update={"conditional_limits": (row,)})
    context = lf.situation({"Bladder": {"V18Gy[%]": 99.0}, "SpinalCord": {}}, rows)
    outcomes = lf.run(CHECKS, "DL020", context)
    (line,) = (o for o in outcomes if o.subject == "Bladder")
    assert isinstance(line, NotApplicable)
    assert "hold only for: prostate" in line.reason


@pytest.mark.parametrize(
    ("setting", "rois", "expected"),
    [
        (Setting.INTACT, ("Heart",), "fail"),
        (Setting.INTACT, ("Heart", "Screws"), None),
        (Setting.POSTOPERATIVE, ("Heart",), "manual"),
        (Setting.POSTOPERATIVE, ("Heart", "Screws"), "fail"),
    ],
)
def test_a_limit_for_intact_or_operated_bone(
    setting: Setting, rois: tuple[str, ...], expected: str | None
) -> None:
    rows = lf.guideline(lf.limit("Heart", "D15cc", 10.0, setting=setting))
    context = lf.situation(
        {name: {"D15cc": 20.0} for name in rois},
        rows,
        protocol=lf.protocol("house", words={"implants": ("screw*",)}),
    )
    found = _asked("DL010", context, "Heart")
    assert [f.status for f in found] == ([] if expected is None else [expected])


# The part of a cord near the target. Slices every 3 mm; the target is drawn on the planes from
# -12 to 12 mm, so its ends lie at 13.5 mm on either side.


def _cord(low: float = -60.0, high: float = 60.0, *, name: str = "SpinalCord") -> Any:
    return factory.cylinder(
        name, number=2, length_mm=high - low, centre_mm=(0.0, 0.0, (low + high) / 2), step_mm=3.0
    )


def _planes(structure: Any) -> list[float]:
    return sorted(float(c.points_mm[0, 2]) for c in structure.contours)


def test_the_part_reaches_as_far_as_the_source_says() -> None:
    target = factory.box("PTV", number=1, step_mm=3.0, size_mm=(50.0, 50.0, 27.0))
    part = part_near(_cord(), target, (5.0, 6.0))
    assert part is not None
    ends = {
        name: max(map(abs, _planes(getattr(part, name)))) for name in ("least", "likely", "most")
    }
    low, high = min(_planes(target)), max(_planes(target))
    bottom, top = low - 1.5, high + 1.5
    inside = [z for z in _planes(_cord()) if bottom - 5 <= z - 1.5 and z + 1.5 <= top + 5]
    touching = [z for z in _planes(_cord()) if z + 1.5 > bottom - 6 and z - 1.5 < top + 6]
    assert _planes(part.least) == pytest.approx(inside)
    assert _planes(part.most) == pytest.approx(touching)
    assert ends["least"] <= ends["likely"] <= ends["most"]
    assert part.covers


def test_a_cord_that_ends_within_the_target_does_not_cover_it() -> None:
    target = factory.box("PTV", number=1, step_mm=3.0, size_mm=(50.0, 50.0, 27.0))
    part = part_near(_cord(-60.0, 3.0), target, (5.0, 6.0))
    assert part is not None
    assert not part.covers


def test_a_cord_elsewhere_has_no_part_near_the_target() -> None:
    target = factory.box("PTV", number=1, step_mm=3.0, size_mm=(50.0, 50.0, 27.0))
    assert part_near(_cord(40.0, 60.0), target, (5.0, 6.0)) is None


def _part_limit(value: float, **overrides: Any) -> Any:
    plain = lf.limit("SpinalCord", "D10%", value, fractions=(2,), kind=Kind.REPORTED, **overrides)
    row = PartLimit(**plain.model_dump(), extent_mm=(5.0, 6.0))
    return lf.guideline(lf.limit("SpinalCord", "Dmax", 99.0)).model_copy(
        update={"part_limits": (row,)}
    )


def _with_ramp(value: float, *structures: Any, **overrides: Any) -> Any:
    """Cord of 120 mm in a dose of 10 Gy in the target's range, falling off beyond it.

    The dose depends on z alone: 10 Gy at the middle, 0.1 Gy less each mm away from it.
    """
    grid = factory.dose_of(lambda _x, _y, z: 10.0 - 0.1 * np.abs(z), spacing_mm=1.0)
    situation = lf.situation(
        {s.name: {"Dmax": 5.0} for s in structures},
        _part_limit(value),
        structures=structures,
        **overrides,
    )
    return factory.changed(
        situation, plan_dose=factory.changed(situation.plan_dose, grid=grid, problem="", remedy="")
    )


TARGET = factory.box("PTV", number=1, step_mm=3.0, size_mm=(50.0, 50.0, 27.0))


# By hand: the part is a straight cylinder from -h to h, so its hottest tenth is the middle tenth
# and the dose at its ends is 10 - 0.1 * 0.1 h. With h between the ends of the target (13.5 mm)
# plus 5 - 3 mm and plus 6 + 3 mm, D10% lies between 9.775 and 9.845 Gy.
@pytest.mark.parametrize(("value", "status"), [(9.9, "pass"), (9.7, "warn"), (9.82, "warn")])
def test_the_hottest_tenth_of_the_part(value: float, status: str) -> None:
    (finding,) = [
        f
        for f in _asked("DL020", _with_ramp(value, TARGET, _cord()), "SpinalCord")
        if f.metric == "D10%"
    ]
    assert finding.status == status
    assert finding.band is not None
    low, high = finding.band
    assert 9.76 <= low <= finding.value <= high <= 9.86
    assert "from 5 to 6 mm above to as far below PTV" in finding.message
    # The whole cord of 120 mm would have said 9.4 Gy.
    assert not finding.governs


def test_without_a_target_the_part_is_not_evaluated() -> None:
    found = _asked("DL020", _with_ramp(9.9, _cord()), "SpinalCord")
    assert [(f.status, bool(f.remedy)) for f in found if "share of the part" in f.message] == [
        ("not-evaluated", True)
    ]


def test_without_a_cord_the_part_is_not_evaluated() -> None:
    found = _asked("DL020", _with_ramp(9.9, TARGET), "SpinalCord")
    assert [f.status for f in found] == ["not-evaluated"]


def test_a_sac_alone_has_no_share_of_the_cord() -> None:
    context = _with_ramp(9.9, TARGET, _cord(name="ThecalSac"))
    outcomes = [o for o in lf.run(CHECKS, "DL020", context) if "D10%" in str(o)]
    assert [type(o) for o in outcomes] == [NotApplicable]


def test_a_cord_away_from_the_target_is_not_evaluated() -> None:
    found = _asked("DL020", _with_ramp(9.9, TARGET, _cord(40.0, 60.0)), "SpinalCord")
    assert [f.status for f in found if f.metric == "D10%"] == ["not-evaluated"]


def test_a_cord_that_ends_within_the_target_needs_a_person() -> None:
    found = _asked("DL020", _with_ramp(9.9, TARGET, _cord(-60.0, 3.0)), "SpinalCord")
    assert [f.status for f in found if f.metric == "D10%"] == ["manual"]
