"""The uncertainty band: it covers the truth, and it is no wider than it has to be."""

import numpy as np
import phantoms
import pytest

from planchecker.dosimetry.dvh import compute_dvh

METRICS = ("D99%", "D95%", "D50%", "D2%", "D0.03cc", "Dmean")
PHANTOMS = 200


def random_shape(rng: np.random.Generator) -> phantoms.Shape:
    axis = rng.normal(size=3)
    kind = rng.integers(6)
    if kind == 0:
        return phantoms.sphere(float(rng.choice([3, 5, 7, 10, 15, 20])) / 2)
    if kind == 1:
        return phantoms.cylinder(rng.uniform(4, 14), rng.uniform(10, 40), axis)
    if kind == 2:
        return phantoms.cylinder(rng.uniform(4, 14), rng.uniform(10, 40), np.array([0, 0, 1.0]))
    if kind == 3:
        return phantoms.cone(rng.uniform(6, 14), rng.uniform(10, 40), axis)
    if kind == 4:
        outer = rng.uniform(8, 16)
        return phantoms.ring(outer, outer * rng.uniform(0.3, 0.8), rng.uniform(10, 40))
    return phantoms.ellipsoid(*rng.uniform(4, 15, 3))


def covered(seed: int) -> list[tuple[str, bool]]:
    rng = np.random.default_rng(seed)
    shape = random_shape(rng)
    centre = rng.uniform(-20, 20, 3)
    spacing = rng.uniform(1, 3)
    parts = phantoms.contours(
        shape, centre_mm=centre, spacing_mm=spacing, offset_mm=rng.uniform(0, spacing)
    )
    if len({float(part.points_mm[0, 2]) for part in parts}) < 2:
        return []
    gradient = rng.normal(size=3)
    gradient *= rng.uniform(0.2, 2) / np.linalg.norm(gradient)
    dose = phantoms.LinearDose(at_origin_gy=100 - float(centre @ gradient), gradient_gy_mm=gradient)
    grid = dose.grid(
        centre_mm=centre, half_mm=max(shape.half_mm) + 10, spacing_mm=tuple(rng.uniform(1, 3, 3))
    )
    dvh = compute_dvh(phantoms.structure(shape.name, parts), grid)
    points = 150_000
    doses = dose.at(shape.truth(points) + centre)
    volume = shape.volume_cc(points)
    # The sampled truth itself is known to this much.
    noise = 0.03 * float(np.linalg.norm(gradient))
    answers = []
    for name in METRICS:
        answer = dvh.metric(name)
        if answer.value is None or answer.band is None:
            continue
        truth = {
            "Dmean": lambda: float(doses.mean()),
            "D0.03cc": lambda: phantoms.true_dose_at(doses, volume, 0.03),
        }.get(
            name,
            lambda name=name: phantoms.true_dose_at(
                doses, volume, float(name[1:-1]) / 100 * volume
            ),
        )()
        answers.append((name, answer.band[0] - noise <= truth <= answer.band[1] + noise))
    return answers


def test_the_band_covers_the_truth_in_95_of_100_random_phantoms():
    answers = [answer for seed in range(PHANTOMS) for answer in covered(seed)]
    assert len(answers) > 5 * PHANTOMS
    share = sum(inside for _, inside in answers) / len(answers)
    assert share >= 0.95
    for name in METRICS:
        one = [inside for metric, inside in answers if metric == name]
        assert sum(one) / len(one) >= 0.93, name


def test_the_band_is_narrow_where_the_export_determines_the_answer():
    rng = np.random.default_rng(7)
    widths: dict[str, list[float]] = {"D0.03cc": [], "D95%": [], "Dmean": []}
    for _ in range(20):
        shape = phantoms.ellipsoid(*(13.4 * np.array([1.0, rng.uniform(0.8, 1.2), 1.0])))
        gradient = rng.normal(size=3)
        gradient /= np.linalg.norm(gradient)
        dose = phantoms.LinearDose(at_origin_gy=100, gradient_gy_mm=gradient)
        parts = phantoms.contours(
            shape, centre_mm=np.zeros(3), spacing_mm=2.0, offset_mm=rng.uniform(0, 2)
        )
        grid = dose.grid(centre_mm=np.zeros(3), half_mm=25, spacing_mm=(2.0, 2.0, 2.0))
        dvh = compute_dvh(phantoms.structure(shape.name, parts), grid)
        for name, found in widths.items():
            low, high = dvh.metric(name).band
            found.append(high - low)
    assert np.median(widths["D0.03cc"]) <= 1.0
    assert np.median(widths["D95%"]) <= 0.4
    assert np.median(widths["Dmean"]) <= 0.25


@pytest.mark.parametrize("metric", ["D0.03cc", "D95%", "Dmean", "Dmax", "V100Gy[cc]", "V100Gy[%]"])
def test_the_value_lies_in_its_own_band(metric):
    shape = phantoms.cylinder(9.0, 25.0, np.array([0.2, 0.1, 1.0]))
    dose = phantoms.LinearDose(at_origin_gy=100, gradient_gy_mm=np.array([0.4, 0.3, 0.8]))
    parts = phantoms.contours(shape, centre_mm=np.zeros(3), spacing_mm=2.5, offset_mm=0.6)
    grid = dose.grid(centre_mm=np.zeros(3), half_mm=30, spacing_mm=(2.0, 2.5, 3.0))
    answer = compute_dvh(phantoms.structure("c", parts), grid).metric(metric)
    low, high = answer.band
    assert low <= answer.value <= high
