"""Input that is broken, absurd or made to break us: a clear error or a result, soon, in bounds."""

import time
import tracemalloc

import numpy as np
import pytest
from boxes import PLANES_MM, SQUARE, grid_of, loop, ramp, rectangle, stack, structure

from planchecker.dosimetry.dvh import compute_dvh
from planchecker.dosimetry.structure import Contour, Structure
from planchecker.errors import GeometryError

GRID = grid_of(ramp([0.3, -0.2, 0.5]))
# Processor time: other work on the machine does not count, a slow machine does.
SLOWEST_S = 20.0
MOST_BYTES = 1_500_000_000


def dvh_of(contours, **options):
    return compute_dvh(structure(contours), GRID, **options)


@pytest.fixture
def bounded():
    """Fail where a test takes too long or too much memory."""
    tracemalloc.start()
    begun = time.process_time()
    yield
    taken = time.process_time() - begun
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < SLOWEST_S
    assert peak < MOST_BYTES


def with_vertex(place):
    return np.concatenate([SQUARE[:3], [place]])


FAR = 1e300
ABSURD = {
    "everything at 1e308": [loop(SQUARE * 1e307, z) for z in PLANES_MM],
    "everything at 1e150": [loop(SQUARE * 1e149, z) for z in PLANES_MM],
    "squares overflow": [loop(SQUARE * 1e200, z) for z in PLANES_MM],
    "a kilometre wide": [loop(SQUARE * 1e5, z) for z in PLANES_MM],
    "a kilometre away": [loop(SQUARE + 1e6, z) for z in PLANES_MM],
    "one vertex far away": [*stack(SQUARE)[:-1], loop(with_vertex((FAR, FAR)), PLANES_MM[-1])],
    "one vertex a kilometre away": [loop(with_vertex((1e6, 1e6)), z) for z in PLANES_MM],
    "one slice far away": [*stack(SQUARE), loop(SQUARE, FAR)],
    "one slice ten kilometres away": [*stack(SQUARE), loop(SQUARE, 1e7)],
    "two slices two kilometres apart": stack(SQUARE, (-1e6, 1e6)),
    "two slices a metre apart": stack(SQUARE, (-500.0, 500.0)),
    "smaller than a cell": [loop(SQUARE * 1e-4, z) for z in PLANES_MM],
    "smaller than a cell in every direction": [loop(SQUARE * 1e-5, z * 1e-5) for z in PLANES_MM],
    "dust a metre wide": [
        loop(rectangle(x, x, x + 0.05, x + 0.05), z) for z in PLANES_MM for x in (-500.0, 500.0)
    ],
}


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("contours", ABSURD.values(), ids=ABSURD)
def test_coordinates_that_no_patient_has_are_an_error_at_once(contours):
    with pytest.raises(GeometryError, match="Box"):
        dvh_of(contours)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_coordinates_that_are_no_numbers_are_refused_at_construction(value):
    points = np.column_stack([SQUARE, np.zeros(4)])
    points[2, 1] = value
    with pytest.raises(GeometryError, match="finite"):
        Contour(points_mm=points)


@pytest.mark.parametrize("shape", [(4, 2), (4, 4), (12,), (2, 2, 3), (0,)])
def test_points_that_are_not_triples_are_refused_at_construction(shape):
    with pytest.raises(GeometryError, match="shape"):
        Contour(points_mm=np.zeros(shape))


def test_a_contour_cannot_be_changed_after_it_was_read():
    points = np.column_stack([SQUARE, np.zeros(4)])
    contour = Contour(points_mm=points)
    points[0, 0] = 99.0
    assert contour.points_mm[0, 0] == -10.0
    with pytest.raises(ValueError, match="read-only"):
        contour.points_mm[0, 0] = 99.0


def test_an_empty_contour_is_dropped():
    dvh = dvh_of([*stack(SQUARE), Contour(points_mm=np.zeros((0, 3)))])
    assert dvh.volume_cc == pytest.approx(8.0, rel=0.005)
    assert dvh.notes == ("contours of fewer than 3 points dropped: 1",)


def test_what_the_reader_noted_stays_in_the_result():
    drawn = Structure(roi_number=3, name="Cord", contours=stack(SQUARE), notes=("read with care",))
    dvh = compute_dvh(drawn, GRID)
    assert (dvh.roi_number, dvh.roi_name) == (3, "Cord")
    assert dvh.notes == ("read with care",)


def crumbs(count, planes, size_mm=1.0):
    """Rods of a square millimetre strewn without touching over some planes."""
    rods = count // planes
    side = int(np.ceil(np.sqrt(rods)))
    pitch = 50.0 / side
    corner = np.stack(np.divmod(np.arange(rods), side), axis=1) * pitch - 25
    corner = corner + np.random.default_rng(0).uniform(0, pitch - size_mm, (rods, 2))
    squares = [rectangle(x, y, x + size_mm, y + size_mm) for x, y in corner]
    return [loop(square, 2.0 * k - planes) for k in range(planes) for square in squares]


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize(("count", "planes"), [(500, 5), (2000, 5), (3000, 25)])
def test_thousands_of_tiny_loops_are_summed_in_time(count, planes):
    dvh = dvh_of(crumbs(count, planes))
    assert dvh.volume_cc == pytest.approx(count * 1.0 * 2.0 / 1000, rel=0.2)


@pytest.mark.usefixtures("bounded")
def test_outlines_of_many_thousand_points_are_measured_in_time():
    angle = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    circle = 20 * np.column_stack([np.cos(angle), np.sin(angle)])
    dvh = dvh_of(stack(circle))
    assert dvh.volume_cc == pytest.approx(np.pi * 400 * 20 / 1000, rel=0.005)


@pytest.mark.usefixtures("bounded")
def test_a_spiked_outline_is_measured_in_time():
    angle = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
    radius = 20 + 5 * (np.arange(4000) % 2)
    spikes = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    dvh = dvh_of(stack(spikes, PLANES_MM[:3]))
    assert np.pi * 400 * 6 / 1000 < dvh.volume_cc < np.pi * 625 * 6 / 1000


@pytest.mark.usefixtures("bounded")
def test_noise_is_refused_instead_of_filled():
    noise = np.random.default_rng(0).uniform(-20, 20, (3000, 2))
    with pytest.raises(GeometryError, match="'Box': a contour crosses itself more than"):
        dvh_of(stack(noise))


@pytest.mark.usefixtures("bounded")
def test_a_structure_on_hundreds_of_planes_is_measured_in_time():
    planes = np.arange(-25.0, 25.0, 0.125)
    dvh = dvh_of(stack(SQUARE, planes))
    assert dvh.volume_cc == pytest.approx(20.0, rel=0.01)


@pytest.mark.usefixtures("bounded")
def test_two_islands_far_apart_do_not_fill_the_memory():
    near, far = rectangle(-26, -26, -22, -22), rectangle(330, 330, 334, 334)
    dvh = dvh_of([loop(flat, z) for z in PLANES_MM[:4] for flat in (near, far)])
    assert dvh.volume_cc == pytest.approx(2 * 0.016 * 8, rel=0.03)
    assert dvh.outside_cc == pytest.approx(0.016 * 8, rel=0.05)


@pytest.mark.usefixtures("bounded")
def test_a_structure_thinner_than_a_dose_voxel_has_a_dose():
    hair = rectangle(-0.1, -0.1, 0.1, 0.1)
    dvh = dvh_of(stack(hair))
    assert dvh.volume_cc == pytest.approx(0.04 * 20 / 1000, rel=0.15)
    assert dvh.metric("Dmean").value == pytest.approx(60.0, abs=0.1)
    assert dvh.metric("D0.03cc").value is None
