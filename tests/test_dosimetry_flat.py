"""Many loops at once give what each gives alone."""

import numpy as np
import pytest

from planchecker.dosimetry.flat import FlatLoops
from planchecker.dosimetry.loops import densify, signed_area
from planchecker.dosimetry.repair import find_crossings, tangled

SQUARE = np.array([[0.0, 0.0], [8.0, 0.0], [8.0, 8.0], [0.0, 8.0]])
EIGHT = SQUARE[[0, 2, 1, 3]]
KEYHOLE = np.array(
    [[0.0, 0], [9, 0], [9, 9], [0, 9], [0, 0], [3, 3], [3, 6], [6, 6], [6, 3], [3, 3]]
)


def circle(count, radius_mm=5.0, centre_mm=(0.0, 0.0)):
    angle = 2 * np.pi * np.arange(count) / count
    return radius_mm * np.column_stack([np.cos(angle), np.sin(angle)]) + np.array(centre_mm)


def wild(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(4, 40))
    return circle(count) * rng.uniform(0.2, 1.8, (count, 1)) + rng.normal(0, 1.2, (count, 2))


LOOPS = [circle(60), SQUARE, circle(7)[::-1], wild(1), 300 + circle(31)]


def test_areas_are_those_of_each_loop():
    assert FlatLoops.of(LOOPS).signed_areas() == pytest.approx([signed_area(p) for p in LOOPS])


def test_cut_edges_are_those_of_each_loop():
    for found, loop in zip(FlatLoops.of(LOOPS).densified(0.7).split(), LOOPS, strict=True):
        assert found == pytest.approx(densify(loop, 0.7))


def test_repeated_vertices_go_and_a_loop_may_lose_all():
    twice = np.repeat(SQUARE, 2, axis=0)
    point = np.zeros((3, 2))
    found = FlatLoops.of([twice, point, SQUARE]).cleaned()
    assert found.sizes.tolist() == [4, 0, 4]
    assert found.points == pytest.approx(np.concatenate([SQUARE, SQUARE]))


def test_vertices_on_straight_edges_go_and_corners_stay():
    fine = densify(SQUARE, 0.1)
    found = FlatLoops.of([fine, circle(400)]).simplified(0.002).split()
    assert len(found[0]) < len(fine) / 8
    assert {tuple(p) for p in SQUARE} <= {tuple(p) for p in found[0]}
    assert abs(signed_area(found[1])) == pytest.approx(signed_area(circle(400)), rel=1e-3)


def test_loops_too_short_to_be_simplified_stay():
    assert FlatLoops.of([densify(SQUARE, 4.0)]).simplified(0.1).points == pytest.approx(
        densify(SQUARE, 4.0)
    )


def test_loops_that_cross_themselves_or_run_along_a_bridge_are_marked():
    loops = [SQUARE, EIGHT, KEYHOLE, circle(50), SQUARE[:2]]
    assert tangled(FlatLoops.of(loops)).tolist() == [False, True, True, False, False]


def test_the_same_loops_are_marked_that_cross_themselves_when_looked_at_alone():
    loops = [wild(seed) for seed in range(200)]
    alone = [len(find_crossings(loop)[0]) > 0 for loop in loops]
    assert tangled(FlatLoops.of(loops)).tolist() == alone
    assert 20 < sum(alone) < 180


def test_loops_that_overlap_each_other_are_not_marked():
    loops = [circle(40, centre_mm=(x, 0.0)) for x in (0.0, 1.0, 2.0)]
    assert not tangled(FlatLoops.of(loops)).any()
