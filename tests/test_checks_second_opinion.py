"""SO: stored DVHs and dicompyler-core beside our own histogram."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import sample_dicom
from constraints.loader import load_protocol
from planchecker.case import Case
from planchecker.checker.measuring import build_context
from planchecker.checks import second_opinion
from planchecker.dosimetry.second_opinion import stored_opinion
from planchecker.reading import read_case
from planchecker.results import Finding, NotApplicable, Status

STORED, DICOMPYLER = second_opinion.CHECKS


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder: Path = tmp_path_factory.mktemp("so")
    sample_dicom.write("cord-compression-30-in-10", folder)
    return read_case(folder)


def outcomes(case: Case, check, *, second: bool = True):
    context = build_context(case, load_protocol("bone_metastases"))
    return list(check.run(dataclasses.replace(context, second_opinion=second)))


def with_stored(case: Case, **changes) -> Case:
    dose = case.doses[0]
    stored = tuple(dataclasses.replace(one, **changes) for one in dose.stored_dvhs)
    return dataclasses.replace(case, doses=(dataclasses.replace(dose, stored_dvhs=stored),))


def test_true_stored_dvhs_pass(case):
    found = [o for o in outcomes(case, STORED) if isinstance(o, Finding)]
    assert len(found) >= 5
    assert {o.status for o in found} == {Status.PASS}


def test_a_stored_volume_that_is_off_warns(case):
    scaled = tuple(
        dataclasses.replace(one, volume=one.volume * 1.05) for one in case.doses[0].stored_dvhs
    )
    dose = dataclasses.replace(case.doses[0], stored_dvhs=scaled)
    changed = dataclasses.replace(case, doses=(dose,))
    found = [o for o in outcomes(changed, STORED) if isinstance(o, Finding)]
    assert {o.status for o in found} == {Status.WARN}
    assert all("volume" in o.message and o.remedy for o in found)


def test_a_stored_dose_that_is_off_warns(case):
    scaled = tuple(
        dataclasses.replace(one, dose=one.dose * 1.1) for one in case.doses[0].stored_dvhs
    )
    dose = dataclasses.replace(case.doses[0], stored_dvhs=scaled)
    changed = dataclasses.replace(case, doses=(dose,))
    found = [o for o in outcomes(changed, STORED) if isinstance(o, Finding)]
    assert {o.status for o in found} == {Status.WARN}


def test_without_stored_dvhs_there_is_nothing_to_compare(case):
    dose = dataclasses.replace(case.doses[0], stored_dvhs=())
    found = outcomes(dataclasses.replace(case, doses=(dose,)), STORED)
    assert [type(o) for o in found] == [NotApplicable]


def test_a_stored_curve_that_cannot_be_read_is_listed_with_its_reason(case):
    found = outcomes(with_stored(case, dvh_type="NATURAL"), STORED)
    reasons = [o.reason for o in found if isinstance(o, NotApplicable)]
    assert any("NATURAL" in reason for reason in reasons)


def test_dicompyler_agrees_on_large_structures(case):
    found = [o for o in outcomes(case, DICOMPYLER) if isinstance(o, Finding)]
    by_name = {o.subject: o.status for o in found}
    for name in ("PTV", "CTV", "Heart", "Lungs", "External"):
        assert by_name[name] is Status.PASS, name


def test_dicompyler_leaves_small_structures_out(case):
    small = [
        o
        for o in outcomes(case, DICOMPYLER)
        if isinstance(o, NotApplicable) and "engines differ on structures" in o.reason
    ]
    context = build_context(case, load_protocol("bone_metastases"))
    expected = {d.roi_name for d in context.dvhs.values() if d.volume_cc < 10}
    assert {o.subject for o in small} == expected


def test_dicompyler_is_not_asked_unless_wanted(case):
    found = outcomes(case, DICOMPYLER, second=False)
    assert [o.reason for o in found] == ["not asked for"]


def test_dicompyler_finds_a_dose_that_is_not_the_one_we_measured(case):
    context = build_context(case, load_protocol("bone_metastases"))
    grid = context.plan_dose.grid
    lower = dataclasses.replace(grid, values_gy=grid.values_gy * 0.9)
    changed = dataclasses.replace(
        context,
        second_opinion=True,
        plan_dose=dataclasses.replace(context.plan_dose, grid=lower),
    )
    found = {o.subject: o.status for o in DICOMPYLER.run(changed) if isinstance(o, Finding)}
    assert found["PTV"] is Status.WARN


def test_an_oblique_grid_is_not_evaluated(case):
    context = build_context(case, load_protocol("bone_metastases"))
    grid = context.plan_dose.grid
    turn = np.array([[1.0, 0, 0], [0, np.cos(0.1), -np.sin(0.1)], [0, np.sin(0.1), np.cos(0.1)]])
    oblique = dataclasses.replace(grid, axes=grid.axes @ turn)
    changed = dataclasses.replace(
        context,
        second_opinion=True,
        plan_dose=dataclasses.replace(context.plan_dose, grid=oblique),
    )
    found = [o for o in DICOMPYLER.run(changed) if isinstance(o, Finding)]
    assert {o.status for o in found} == {Status.NOT_EVALUATED}
    assert all(o.remedy for o in found)


LIES = [
    # stated mean, prescription, expected note
    (50.0, 30.0, True),  # half of 30 Gy written as 50
    (15.0, 30.0, False),
    (None, 30.0, False),
    (50.0, None, False),
]


@pytest.mark.parametrize(("stated", "prescription", "noticed"), LIES)
def test_statistics_in_percent_under_units_of_gy_are_noticed(stated, prescription, noticed):
    dose = np.arange(0.0, 30.01, 0.01)
    volume = np.interp(dose, [0, 10, 20], [100.0, 100.0, 0.0])
    opinion = stored_opinion(
        dose,
        volume,
        volume_units="CM3",
        dose_units="GY",
        dvh_type="CUMULATIVE",
        prescription_gy=prescription,
        stated_mean=stated,
    )
    assert opinion.mean_gy == pytest.approx(15.0, abs=0.01)
    assert opinion.d50_gy == pytest.approx(15.0, abs=0.01)
    assert any("percentages" in note for note in opinion.notes) is noticed


def test_relative_dose_needs_a_prescription():
    dose, volume = np.array([0.0, 50.0, 100.0]), np.array([10.0, 10.0, 0.0])
    units = {"volume_units": "CM3", "dose_units": "RELATIVE", "dvh_type": "CUMULATIVE"}
    assert stored_opinion(dose, volume, **units).mean_gy is None
    known = stored_opinion(dose, volume, prescription_gy=20.0, **units)
    assert known.mean_gy == pytest.approx(15.0)


def test_a_differential_curve_gives_the_same_as_its_cumulative():
    dose = np.arange(0.0, 10.0, 1.0)
    share = np.array([0, 0, 1, 3, 5, 3, 1, 0, 0, 0], dtype=float)
    cumulative = np.cumsum(share[::-1])[::-1]
    units = {"volume_units": "CM3", "dose_units": "GY"}
    one = stored_opinion(dose, share, dvh_type="DIFFERENTIAL", **units)
    other = stored_opinion(dose, cumulative, dvh_type="CUMULATIVE", **units)
    assert one.mean_gy == pytest.approx(other.mean_gy)
    assert one.volume_cc == pytest.approx(13.0)
