"""Loops that cross themselves, run along a bridge or are written twice."""

import numpy as np
import pytest
from boxes import SQUARE, rectangle

from planchecker.dosimetry.loops import signed_area
from planchecker.dosimetry.repair import find_crossings, simple_loops, without_twins
from planchecker.errors import GeometryError


def regular_star(points, step):
    angle = 2 * np.pi * step * np.arange(points) / points
    return 10 * np.column_stack([np.sin(angle), np.cos(angle)])


def enclosed(parts, place):
    """Even-odd rule by a ray to the right, written down once more."""
    crossings = 0
    for part in parts:
        for (x0, y0), (x1, y1) in zip(part, np.roll(part, -1, axis=0), strict=True):
            if (y0 > place[1]) != (y1 > place[1]):
                crossings += x0 + (place[1] - y0) / (y1 - y0) * (x1 - x0) > place[0]
    return crossings % 2 == 1


def test_a_simple_loop_stays_as_it_is():
    (part,), crosses = simple_loops(SQUARE)
    assert not crosses
    np.testing.assert_array_equal(part, SQUARE)


# loop, pairs of edges that cross
CROSSED = {
    "bow tie": (np.array([[0.0, 0], [4, 4], [4, 0], [0, 4]]), 1),
    "pentagram": (regular_star(5, 2), 5),
    "star of seven": (regular_star(7, 3), 14),
    "scribble": (np.random.default_rng(3).uniform(0, 10, (25, 2)), None),
}


@pytest.mark.parametrize(("loop", "pairs"), CROSSED.values(), ids=CROSSED)
def test_parts_of_a_crossed_loop_enclose_the_same_by_even_odd(loop, pairs):
    parts, crosses = simple_loops(loop)
    assert crosses
    if pairs is not None:
        assert len(find_crossings(loop)[0]) == pairs
    for place in np.random.default_rng(4).uniform(loop.min(), loop.max(), (300, 2)):
        assert enclosed(parts, place) == enclosed([loop], place)
    for part in parts:
        assert len(find_crossings(part)[0]) == 0


def test_crossings_are_the_same_however_the_loop_lies():
    loop = CROSSED["scribble"][0]
    expected = len(find_crossings(loop)[0])
    assert expected > 10
    for other in (loop[::-1], loop[:, ::-1], -loop, np.roll(loop, 7, axis=0), loop * [1, 100]):
        assert len(find_crossings(other)[0]) == expected


def test_a_loop_that_touches_itself_in_a_point_does_not_cross_itself():
    eight = np.array([[0.0, 0], [4, 4], [8, 0], [8, 8], [4, 4], [0, 8]])
    parts, crosses = simple_loops(eight)
    assert not crosses
    assert sorted(abs(signed_area(part)) for part in parts) == [16.0, 16.0]


def test_a_loop_that_only_runs_forth_and_back_leaves_nothing():
    parts, crosses = simple_loops(np.array([[0.0, 0], [1, 1], [2, 3], [1, 1]]))
    assert parts == []
    assert not crosses


def test_noise_is_no_outline():
    with pytest.raises(GeometryError, match="crosses itself more than 1000 times"):
        find_crossings(np.random.default_rng(0).uniform(0, 10, (500, 2)))


TWINS = {
    "same": (SQUARE, 1),
    "other direction": (SQUARE[::-1], 1),
    "other start": (np.roll(SQUARE, 1, axis=0), 1),
    "more points": (
        np.repeat(SQUARE, 2, axis=0) * 0.5 + np.roll(np.repeat(SQUARE, 2, 0), 1, 0) * 0.5,
        1,
    ),
    "rounded": (np.round(SQUARE + 0.004, 2), 1),
    "a wall of half a millimetre": (rectangle(-9.5, -9.5, 9.5, 9.5), 2),
    "another shape in the same box": (SQUARE[:3], 2),
    "beside it": (SQUARE + 0.5, 2),
}


@pytest.mark.parametrize(("other", "left"), TWINS.values(), ids=TWINS)
def test_only_loops_that_run_together_all_along_are_twins(other, left):
    assert len(without_twins([SQUARE, other])) == left
    assert len(without_twins([other, SQUARE])) == left


def test_a_loop_written_five_times_is_kept_once():
    assert len(without_twins([SQUARE] * 5)) == 1
    assert without_twins([]) == []
