"""Contours in every arrangement that exports hold: what volume they enclose, and where."""

import numpy as np
import pytest
from boxes import (
    AXIAL,
    PLANES_MM,
    SQUARE,
    grid_of,
    loop,
    moved,
    ramp,
    rectangle,
    rotation,
    stack,
    structure,
)

from planchecker.dosimetry.dvh import compute_dvh
from planchecker.dosimetry.lattice import lattice_for
from planchecker.dosimetry.planes import stack_planes
from planchecker.dosimetry.structure import Contour, ContourType
from planchecker.errors import GeometryError

DOSE = ramp([0.3, -0.2, 0.5])
GRID = grid_of(DOSE)


def dvh_of(contours, grid=GRID, **options):
    return compute_dvh(structure(contours), grid, **options)


# --- orientation of the planes -------------------------------------------------------------

TURNS = {
    "sagittal": rotation([0, 1, 0], 90),
    "coronal": rotation([1, 0, 0], 90),
    "tilted by 30 degrees": rotation([1, 0, 0], 30),
    "tilted about two axes": rotation([1, 0.4, 0.2], 30),
    "almost axial": rotation([0, 1, 0], 0.5),
    "upside down": rotation([1, 0, 0], 180),
}


@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)
def test_planes_of_any_orientation_enclose_the_same_box(turn):
    dvh = dvh_of(moved(stack(SQUARE), turn, [2.0, -3.0, 4.0]))
    centre_gy = 60 + 0.3 * 2 + 0.2 * 3 + 0.5 * 4
    reach = np.abs(turn.T @ np.array([0.3, -0.2, 0.5])).sum() * 10
    assert dvh.volume_cc == pytest.approx(8.0, rel=0.005)
    assert dvh.metric("Dmean").value == pytest.approx(centre_gy, abs=0.03)
    assert dvh.metric("Dmax").value == pytest.approx(centre_gy + reach, abs=0.01)
    assert dvh.metric("Dmin").value == pytest.approx(centre_gy - reach, abs=0.01)


GRID_AXES = {
    "prone": np.array([[0.0, 0, 1], [0, -1, 0], [-1, 0, 0]]),
    "feet first supine": np.array([[0.0, 0, -1], [0, 1, 0], [-1, 0, 0]]),
    "decubitus": np.array([[0.0, 0, 1], [-1, 0, 0], [0, 1, 0]]),
    "feet first decubitus": np.array([[0.0, 0, -1], [1, 0, 0], [0, 1, 0]]),
    "sagittal": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "oblique by 20 degrees": AXIAL @ rotation([1, 2, 0], 20),
    "oblique by 45 degrees": AXIAL @ rotation([1, 1, 1], 45),
}


@pytest.mark.parametrize("axes", GRID_AXES.values(), ids=GRID_AXES)
def test_the_orientation_of_the_dose_grid_changes_nothing(axes):
    expected = dvh_of(stack(SQUARE))
    found = dvh_of(stack(SQUARE), grid_of(DOSE, spacing_mm=(3.0, 2.0, 2.5), axes=axes))
    assert found.volume_cc == pytest.approx(expected.volume_cc, rel=1e-3)
    for metric in ("Dmin", "Dmax", "Dmean", "D95%", "D0.03cc"):
        assert found.metric(metric).value == pytest.approx(expected.metric(metric).value, abs=0.01)


def test_a_sagittal_contour_set_on_an_oblique_grid_far_from_the_origin():
    turn, far = rotation([0, 1, 0], 90), np.array([80.0, -220.0, -900.0])
    dose = ramp([0.3, -0.2, 0.5], 60 - float(far @ [0.3, -0.2, 0.5]))
    grid = grid_of(dose, centre_mm=far, axes=AXIAL @ rotation([1, 2, 0], 20))
    dvh = dvh_of(moved(stack(SQUARE), turn, far), grid)
    assert dvh.volume_cc == pytest.approx(8.0, rel=0.005)
    assert dvh.metric("Dmean").value == pytest.approx(60.0, abs=0.03)
    assert dvh.metric("Dmax").location_mm == pytest.approx((90, -230, -890), abs=1e-3)


@pytest.mark.parametrize("degrees", [0.01, 0.05, 0.079, 0.2])
def test_a_grid_turned_by_a_hair_is_taken_as_it_is_turned(degrees):
    # The lever arm is the distance to the patient origin, which may be a metre and more.
    far = np.array([500.0, 0.0, -1500.0])
    dose = ramp([0.3, -0.2, 0.5], 60 - float(far @ [0.3, -0.2, 0.5]))
    grid = grid_of(dose, centre_mm=far, axes=AXIAL @ rotation([0, 1, 0], degrees))
    dvh = dvh_of(moved(stack(SQUARE), np.eye(3), far), grid)
    assert dvh.metric("D50%").value == pytest.approx(60.0, abs=0.05)


# --- planes and their distances ------------------------------------------------------------


def shuffled(contours):
    return [contours[i] for i in np.random.default_rng(0).permutation(len(contours))]


@pytest.mark.parametrize("order", [reversed, shuffled])
def test_the_order_of_the_contours_does_not_matter(order):
    expected, found = dvh_of(stack(SQUARE)), dvh_of(order(stack(SQUARE)))
    assert found.volume_cc == expected.volume_cc
    assert found.metric("D95%").value == expected.metric("D95%").value


def test_unevenly_spaced_slices_hold_the_volume_between_them():
    planes = (-9.0, -7.5, -4.5, -2.5, 0.5, 2.0, 4.5, 7.0, 9.0)
    dvh = dvh_of(stack(SQUARE, planes))
    assert dvh.volume_cc == pytest.approx(0.4 * (18 + 0.75 + 1.0), rel=0.005)
    assert dvh.notes == ()


def test_a_gap_over_one_and_a_half_spacings_splits_the_structure():
    planes = (-19.0, -17.0, -15.0, -13.0, -9.9, -7.9, -5.9)
    dvh = dvh_of(stack(SQUARE, planes))
    assert dvh.volume_cc == pytest.approx(0.4 * (8 + 6), rel=0.005)
    assert dvh.notes == ("gaps of 3.1 mm split the structure into 2 parts",)


def test_a_gap_of_less_is_bridged():
    dvh = dvh_of(stack(SQUARE, (-19.0, -17.0, -15.0, -13.0, -10.1, -8.1, -6.1)))
    assert dvh.volume_cc == pytest.approx(0.4 * (12.9 + 2), rel=0.005)
    assert dvh.notes == ()


def test_nothing_is_counted_inside_the_gap():
    planes = (-19.0, -17.0, -15.0, 5.0, 7.0, 9.0)
    dvh = dvh_of(stack(SQUARE, planes), grid_of(ramp([0, 0, 1.0])))
    # Dose is 60 Gy + z: between -14 and 4 mm there is no volume.
    assert dvh.metric("V46Gy[cc]").value == pytest.approx(2.4, rel=0.005)
    assert dvh.metric("V64Gy[cc]").value == pytest.approx(2.4, rel=0.005)


def test_an_island_on_one_plane_is_as_thick_as_a_slice():
    island = loop(rectangle(-5, -5, 5, 5), 15.0)
    dvh = dvh_of([*stack(SQUARE), island])
    assert dvh.volume_cc == pytest.approx(8.0 + 0.2, rel=0.005)
    assert "split the structure into 2 parts" in dvh.notes[0]


def test_planes_a_rounding_apart_are_one_plane():
    jitter = np.array([0.004, -0.003, 0.0, 0.002, -0.001, 0.004, 0.0, -0.004, 0.001, 0.003])
    left, right = rectangle(-10, -10, 0, 10), rectangle(1, -10, 10, 10)
    contours = [loop(left, z) for z in PLANES_MM]
    contours += [loop(right, z + d) for z, d in zip(PLANES_MM, jitter, strict=True)]
    assert len(stack_planes(structure(contours)).planes) == len(PLANES_MM)
    assert dvh_of(contours).volume_cc == pytest.approx(7.6, rel=0.005)


def test_slices_closer_than_any_scanner_makes_them_keep_their_extent():
    dvh = dvh_of(stack(SQUARE, np.arange(0, 10, 0.09)))
    assert dvh.volume_cc == pytest.approx(0.4 * 10, rel=0.02)


def test_a_single_plane_with_a_known_spacing_is_a_slice_thick():
    dvh = dvh_of([loop(SQUARE, 1.0)], spacing_mm=3.0)
    assert dvh.volume_cc == pytest.approx(1.2, rel=0.005)
    assert dvh.metric("Dmean").value == pytest.approx(60.5, abs=0.01)
    assert dvh.notes == ("one plane only: taken as 3 mm thick, the slice spacing",)


def test_a_single_plane_without_a_spacing_is_refused():
    with pytest.raises(GeometryError, match="one plane and no slice spacing is known"):
        dvh_of([loop(SQUARE, 1.0)])


@pytest.mark.parametrize("spacing_mm", [0.0, -2.0, 1e-9, 1e9, float("nan"), float("inf")])
def test_a_spacing_that_no_image_has_is_refused(spacing_mm):
    with pytest.raises(GeometryError, match="is no slice spacing"):
        dvh_of([loop(SQUARE, 1.0)], spacing_mm=spacing_mm)


def test_the_spacing_of_the_image_does_not_change_a_structure_on_several_planes():
    assert dvh_of(stack(SQUARE), spacing_mm=7.0).volume_cc == dvh_of(stack(SQUARE)).volume_cc


def test_two_planes_far_apart_do_not_determine_what_lies_between():
    with pytest.raises(GeometryError, match="40 mm apart"):
        dvh_of(stack(SQUARE, (-20.0, 20.0)))


# --- several loops on a plane --------------------------------------------------------------

BOW_TIE = [(-10.0, -10.0), (10.0, 10.0), (10.0, -10.0), (-10.0, 10.0)]
KEYHOLE = [
    *[(-10.0, -10.0), (10.0, -10.0), (10.0, 10.0), (-10.0, 10.0), (-10.0, -10.0)],
    *[(-5.0, -5.0), (-5.0, 5.0), (5.0, 5.0), (5.0, -5.0), (-5.0, -5.0)],
]

# flat loops of every plane, volume in cc by hand, words in the notes
ARRANGEMENTS = {
    "two apart": ([rectangle(-10, -10, -1, 10), rectangle(1, -10, 10, 10)], 7.2, ""),
    "hole": ([SQUARE, rectangle(-5, -5, 5, 5)], 6.0, ""),
    "island in a hole": ([SQUARE, rectangle(-6, -6, 6, 6), rectangle(-3, -3, 3, 3)], 5.84, ""),
    "keyhole": ([KEYHOLE], 6.0, ""),
    "overlapping": ([SQUARE, rectangle(0, -10, 20, 10)], 8.0, ""),
    "touching": ([rectangle(-10, -10, 0, 10), rectangle(0, -10, 10, 10)], 8.0, ""),
    "triangles side by side": ([SQUARE[:3], SQUARE[[0, 2, 3]] - [1, 0]], 8.0, ""),
    "bow tie": ([BOW_TIE], 4.0, "10 contours cross themselves"),
    # Its edges meet at (2, 2): triangles of 15 mm by 12 mm and of 10 mm by 8 mm.
    "lopsided bow tie": (
        [[(-10, -10), (10, 10), (10, 0), (-10, 5)]],
        (0.5 * 15 * 12 + 0.5 * 10 * 8) * 20 / 1000,
        "10 contours cross themselves",
    ),
    "written twice": ([SQUARE, SQUARE], 8.0, "10 contours are there twice"),
    "written twice, the other way round": ([SQUARE, np.roll(SQUARE[::-1], 2, 0)], 8.0, "twice"),
    "written twice, rounded": ([SQUARE, SQUARE + 0.004], 8.0, "twice"),
    "walked twice": ([np.concatenate([SQUARE, SQUARE])], 8.0, "twice"),
    "closed by its first point": ([np.concatenate([SQUARE, SQUARE[:1]])], 8.0, ""),
    "repeated points": ([np.repeat(SQUARE, 3, axis=0)], 8.0, ""),
    "a line beside it": (
        [SQUARE, [(15, 0), (16, 1), (17, 2)]],
        8.0,
        "zero area, which enclose nothing: 10",
    ),
    "a line walked forth and back": (
        [SQUARE, [(15, 0), (16, 1), (17, 2), (16, 1)]],
        8.0,
        "zero area, which enclose nothing: 10",
    ),
    "a point beside it": (
        [SQUARE, [(15, 0), (15, 0), (15, 0)]],
        8.0,
        "zero area, which enclose nothing: 10",
    ),
    "two points beside it": ([SQUARE, [(15, 0), (16, 1)]], 8.0, "fewer than 3 points dropped"),
}


@pytest.mark.parametrize(
    ("flat", "volume_cc", "words"), ARRANGEMENTS.values(), ids=ARRANGEMENTS.keys()
)
def test_loops_of_a_plane_combine_by_the_even_odd_rule(flat, volume_cc, words):
    dvh = dvh_of([loop(one, z) for z in PLANES_MM for one in flat])
    assert dvh.volume_cc == pytest.approx(volume_cc, rel=0.01)
    if words:
        assert any(words in note for note in dvh.notes)
    else:
        assert dvh.notes == ()


@pytest.mark.parametrize("flat", [one[0] for one in ARRANGEMENTS.values()], ids=ARRANGEMENTS.keys())
def test_turning_every_loop_round_changes_nothing(flat):
    there = dvh_of([loop(one, z) for z in PLANES_MM for one in flat])
    back = dvh_of([loop(one[::-1], z) for z in PLANES_MM for one in flat])
    assert back.volume_cc == pytest.approx(there.volume_cc, rel=2e-3)
    assert back.metric("D50%").value == pytest.approx(there.metric("D50%").value, abs=0.02)


def test_a_bow_tie_on_one_plane_does_not_cut_the_structure_in_two():
    contours = [loop(BOW_TIE if z == 1.0 else SQUARE, z) for z in PLANES_MM]
    dvh = dvh_of(contours)
    assert 7.2 < dvh.volume_cc < 8.0
    assert dvh.notes == ("1 contours cross themselves: filled by the even-odd rule",)


def test_a_loop_exported_twice_on_one_plane_leaves_no_hole():
    dvh = dvh_of([*stack(SQUARE), loop(SQUARE, 1.0)])
    assert dvh.volume_cc == pytest.approx(8.0, rel=0.005)
    assert dvh.notes == ("1 contours are there twice on their plane: counted once",)


def test_exclusive_or_contours_combine_like_plain_ones():
    flat = [SQUARE, rectangle(-5, -5, 5, 5)]
    kind = ContourType.CLOSED_PLANAR_XOR
    dvh = dvh_of([loop(one, z, kind=kind) for z in PLANES_MM for one in flat])
    assert dvh.volume_cc == pytest.approx(6.0, rel=0.005)


# --- what is left out, and what is refused ---------------------------------------------------

NO_VOLUMES = {
    "nothing": ([], "found: none"),
    "points": ([loop([(0, 0)], 1.0, kind=ContourType.POINT)], "found: POINT"),
    "open lines": (
        [loop(SQUARE, z, kind=ContourType.OPEN_PLANAR) for z in PLANES_MM],
        "found: OPEN_PLANAR",
    ),
    "catheters": (
        [loop(SQUARE, z, kind=ContourType.OPEN_NONPLANAR) for z in PLANES_MM],
        "found: OPEN_NONPLANAR",
    ),
    "no type": ([loop(SQUARE, z, kind=ContourType.UNKNOWN) for z in PLANES_MM], "found: no type"),
    "two points a plane": (stack([(0, 0), (5, 5)]), "no contour has 3 points"),
    "lines": (stack([(0, 0), (5, 5), (9, 9)]), "encloses an area"),
    "one place": (stack([(1, 1)] * 5), "encloses an area"),
}


@pytest.mark.parametrize(("contours", "words"), NO_VOLUMES.values(), ids=NO_VOLUMES)
def test_contours_that_are_no_volume_are_refused_in_words(contours, words):
    with pytest.raises(GeometryError, match=words):
        dvh_of(contours, spacing_mm=2.0)


def test_points_among_the_contours_are_left_out_and_noted():
    dvh = dvh_of([*stack(SQUARE), loop([(0, 0)], 1.0, kind=ContourType.POINT)])
    assert dvh.volume_cc == pytest.approx(8.0, rel=0.005)
    assert dvh.notes == ("contours that are no closed planar loops left out: 1",)


@pytest.mark.parametrize("share", [0.1, 0.4, 1.0])
def test_contours_across_the_others_are_refused_not_dropped(share):
    across = moved(stack(SQUARE, PLANES_MM[: int(10 * share)]), rotation([1, 0, 0], 90), [0, 0, 0])
    with pytest.raises(GeometryError, match="do not lie in parallel planes"):
        dvh_of([*stack(SQUARE), *across])


def test_contours_that_are_not_flat_are_refused():
    bent = [
        Contour(points_mm=c.points_mm + np.outer([0, 0, 0, 5.0], [0, 0, 1])) for c in stack(SQUARE)
    ]
    with pytest.raises(GeometryError, match="do not lie in parallel planes"):
        dvh_of(bent)


def test_a_stray_mark_across_the_others_is_dropped_and_noted():
    mark = Contour(points_mm=np.array([[0, 0, 0], [0, 1, 0.0], [0, 0, 1.0]]))
    dvh = dvh_of([*stack(SQUARE), mark])
    assert dvh.volume_cc == pytest.approx(8.0, rel=0.005)
    assert dvh.notes == ("1 contours outside the common plane orientation dropped",)


def test_a_stray_line_far_longer_than_the_structure_does_not_hide_its_planes():
    line = loop([(-100, 0), (0, 0), (100, 0)], 1.0)
    assert dvh_of([*stack(SQUARE), line]).volume_cc == pytest.approx(8.0, rel=0.005)


def test_a_tip_shrunk_to_a_point_closes_the_shape():
    cone = [loop(rectangle(-r, -r, r, r), z) for r, z in ((10, 0), (8, 2), (6, 4), (4, 6), (2, 8))]
    tip = loop([(0, 0), (0.001, 0), (0, 0.001)], 10.0)
    closed = dvh_of([*cone, tip])
    # A pyramid of 20 mm by 20 mm by 10 mm, with half a slice more below.
    assert closed.volume_cc == pytest.approx((4000 / 3 + 400) / 1000, rel=0.03)


# --- the dose grid and the structure ---------------------------------------------------------


def test_a_structure_wholly_outside_the_grid_has_a_volume_and_no_dose():
    dvh = dvh_of(stack(SQUARE, np.array(PLANES_MM) + 500))
    assert dvh.volume_cc == pytest.approx(8.0, rel=0.005)
    assert dvh.outside_cc == pytest.approx(dvh.volume_cc)
    for metric in ("Dmin", "Dmax", "Dmean", "D95%", "D0.03cc", "V1Gy[cc]", "CV1cc"):
        answer = dvh.metric(metric)
        assert answer.value is None
        assert "outside the dose grid" in answer.reason
    doses, volumes = dvh.curve()
    assert len(doses) == len(volumes) == 0


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_volume_outside_the_grid_is_counted(axis):
    shift = np.zeros(3)
    shift[axis] = 31.0
    # The grid ends half a voxel beyond 30 mm, so of 21 to 41 mm half lies outside.
    dvh = dvh_of(moved(stack(SQUARE), np.eye(3), shift))
    assert dvh.volume_cc == pytest.approx(8.0, rel=0.005)
    assert dvh.outside_cc == pytest.approx(4.0, rel=0.03)


RIMS = {
    "left": rectangle(-31, -10, -11, 10),
    "right": rectangle(11, -10, 31, 10),
    "front": rectangle(-10, -31, 10, -11),
    "back": rectangle(-10, 11, 10, 31),
}


@pytest.mark.parametrize("flat", RIMS.values(), ids=RIMS)
def test_a_structure_that_ends_at_the_rim_of_the_grid_lies_inside(flat):
    dvh = dvh_of(stack(flat))
    assert dvh.outside_cc == pytest.approx(0.0, abs=1e-6)
    assert dvh.metric("D0.03cc").value is not None


def test_uneven_dose_planes_are_interpolated_by_distance():
    values = np.broadcast_to(
        np.array([40.0, 43.0, 50.0, 51.0, 60.0, 64.0, 80.0])[:, None, None], (7, 16, 16)
    )
    grid = type(GRID)(
        values_gy=values,
        origin_mm=np.array([-15.0, -15.0, -20.0]),
        axes=AXIAL,
        plane_mm=np.array([0.0, 3.0, 10.0, 11.0, 20.0, 24.0, 40.0]),
        row_mm=2.0 * np.arange(16),
        column_mm=2.0 * np.arange(16),
    )
    dvh = dvh_of(stack(SQUARE), grid)
    # The dose is 60 Gy + z everywhere.
    assert dvh.metric("Dmean").value == pytest.approx(60.0, abs=0.02)
    assert dvh.metric("D95%").value == pytest.approx(51.0, abs=0.05)
    assert dvh.metric("Dmax").value == pytest.approx(70.0, abs=1e-3)


@pytest.mark.parametrize("degrees", [0.0, 20.0])
def test_a_peak_at_a_node_inside_is_found_on_upright_and_on_oblique_grids(degrees):
    axes = AXIAL @ rotation([1, 2, 0], degrees)
    peak = np.array([3.0, -2.0, 1.0])
    grid = grid_of(
        lambda p: 10 + 30 * (np.linalg.norm(p - peak, axis=1) < 0.5), centre_mm=peak, axes=axes
    )
    highest = dvh_of(stack(SQUARE), grid).metric("Dmax")
    assert highest.value == pytest.approx(40.0, abs=1e-3)
    assert highest.location_mm == pytest.approx(peak, abs=0.5)


@pytest.mark.parametrize("wall_mm", [0.5, 1.0, 1.5, 2.0, 4.0])
def test_a_shell_has_the_volume_of_its_wall(wall_mm):
    inner = 10 - wall_mm
    shell = [*stack(SQUARE), *stack(rectangle(-inner, -inner, inner, inner))]
    volume_cc = (400 - 4 * inner * inner) * 20 / 1000
    assert dvh_of(shell, grid_of(DOSE)).volume_cc == pytest.approx(volume_cc, rel=0.005)


def test_islands_far_apart_are_cut_into_the_cells_they_have_beside_each_other():
    def islands(apart_mm):
        return [
            *stack(rectangle(-5, -5, 5, 5)),
            *stack(rectangle(apart_mm - 5, apart_mm - 5, apart_mm + 5, apart_mm + 5)),
        ]

    def lattice_of(contours):
        return lattice_for(stack_planes(structure(contours)), GRID)

    near, far = lattice_of(islands(30.0)), lattice_of(islands(400.0))
    assert far.step_mm == pytest.approx(near.step_mm)
    assert max(far.shape) <= max(near.shape) + 20
    assert (far.column_of(np.array([0.0, 200.0, 400.0])) >= 0).tolist() == [True, False, True]


def test_rods_much_thinner_than_their_distance_keep_their_volume():
    rods = [
        contour
        for x in range(4)
        for y in range(4)
        for contour in stack(rectangle(5 * x, 5 * y, 5 * x + 0.8, 5 * y + 0.8))
    ]
    volume_cc = 16 * 0.8 * 0.8 * 20 / 1000
    assert dvh_of(rods).volume_cc == pytest.approx(volume_cc, rel=0.01)


def test_how_many_planes_are_worked_on_at_a_time_changes_nothing(monkeypatch):
    radii_mm = np.sqrt(100 - np.array(PLANES_MM) ** 2)
    ball = [loop(radius * SQUARE / 10, z) for radius, z in zip(radii_mm, PLANES_MM, strict=True)]
    whole = dvh_of(ball)
    for cells in (1, 5_000, 12_000, 15_000):
        monkeypatch.setattr("planchecker.dosimetry.slabs._CELLS_AT_ONCE", cells)
        pieces = dvh_of(ball)
        assert pieces.volumes_cc == pytest.approx(whole.volumes_cc, rel=1e-6)
        assert pieces.metric("D2%").value == pytest.approx(whole.metric("D2%").value, rel=1e-6)
