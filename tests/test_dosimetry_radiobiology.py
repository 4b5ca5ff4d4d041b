"""Linear-quadratic conversions against figures worked out by hand."""

import numpy as np
import pytest

from planchecker.dosimetry.radiobiology import bed, eqd2, physical_from_eqd2

# total Gy, fractions, alpha/beta Gy, BED Gy = n d (1 + d/ab), EQD2 Gy = n d (d + ab) / (2 + ab)
BY_HAND = [
    (30.0, 10, 2.0, 75.0, 37.5),
    (20.0, 5, 2.0, 60.0, 30.0),
    (8.0, 1, 2.0, 40.0, 20.0),
    (8.0, 1, 10.0, 14.4, 12.0),
    (24.0, 2, 2.0, 168.0, 84.0),
    (50.0, 25, 3.0, 50.0 * (1 + 2 / 3), 50.0),
    (60.0, 30, 10.0, 72.0, 60.0),
    (0.0, 5, 2.0, 0.0, 0.0),
]


@pytest.mark.parametrize(("dose", "fractions", "alpha_beta", "bed_gy", "eqd2_gy"), BY_HAND)
def test_conversions_follow_the_formula(dose, fractions, alpha_beta, bed_gy, eqd2_gy):
    how = {"fractions": fractions, "alpha_beta_gy": alpha_beta}
    assert bed(dose, **how) == pytest.approx(bed_gy)
    assert eqd2(dose, **how) == pytest.approx(eqd2_gy)
    assert physical_from_eqd2(eqd2_gy, **how) == pytest.approx(dose)


def test_two_gray_fractions_are_their_own_eqd2():
    for fractions in (1, 7, 40):
        assert eqd2(2.0 * fractions, fractions=fractions, alpha_beta_gy=0.87) == pytest.approx(
            2.0 * fractions
        )


def test_bed_is_eqd2_times_one_plus_two_over_alpha_beta():
    for dose in (3.0, 18.0, 55.0):
        scaled = eqd2(dose, fractions=4, alpha_beta_gy=3.0) * (1 + 2 / 3)
        assert bed(dose, fractions=4, alpha_beta_gy=3.0) == pytest.approx(scaled)


def test_arrays_are_converted_voxel_by_voxel():
    dose = np.array([[0.0, 10.0], [20.0, 30.0]])
    found = eqd2(dose, fractions=10, alpha_beta_gy=2.0)
    expected = [[eqd2(float(d), fractions=10, alpha_beta_gy=2.0) for d in row] for row in dose]
    np.testing.assert_allclose(found, expected)


WRONG = [
    ({"fractions": 0, "alpha_beta_gy": 2.0}, "fractions"),
    ({"fractions": -5, "alpha_beta_gy": 2.0}, "fractions"),
    ({"fractions": float("nan"), "alpha_beta_gy": 2.0}, "fractions"),
    ({"fractions": 5, "alpha_beta_gy": 0.0}, "alpha/beta"),
    ({"fractions": 5, "alpha_beta_gy": -3.0}, "alpha/beta"),
    ({"fractions": 5, "alpha_beta_gy": float("nan")}, "alpha/beta"),
]


@pytest.mark.parametrize("convert", [bed, eqd2, physical_from_eqd2])
@pytest.mark.parametrize(("how", "words"), WRONG)
def test_what_has_no_meaning_is_refused(convert, how, words):
    with pytest.raises(ValueError, match=words):
        convert(20.0, **how)


@pytest.mark.parametrize("value", [-1.0, float("nan")])
def test_a_negative_eqd2_has_no_physical_dose(value):
    with pytest.raises(ValueError, match="EQD2 must be 0"):
        physical_from_eqd2(value, fractions=5, alpha_beta_gy=2.0)
