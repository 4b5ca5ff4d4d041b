import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from case_factory import PATIENT, case, structure_set
from numpy.typing import NDArray
from shape_factory import FRAME_UID, box, cylinder, ramp_dose, uniform_dose

from planchecker.case import Case, ImageSlice
from planchecker.drawing import MOST_SCENES, draw_scenes
from planchecker.drawing.isodoses import isodoses
from planchecker.drawing.outlines import outlines
from planchecker.drawing.png import grey_png
from planchecker.drawing.windows import REACH_MM, thinned, windows
from planchecker.errors import ReadError
from planchecker.figures import Scene
from planchecker.results import Finding, Status

HERE = (0.0, 0.0, 0.0)
FINDING = Finding(
    code="DL001", subject="Cord", status=Status.FAIL, message="", roi_number=2, location_mm=HERE
)
AXIAL, SAGITTAL, CORONAL = windows(HERE)


def slices(**overrides: object) -> tuple[ImageSlice, ...]:
    """CT of 200 x 200 mm about the origin, 5 mm apart."""
    values: dict[str, object] = {
        "series_uid": "1.2.9",
        "patient": PATIENT,
        "frame_of_reference_uid": FRAME_UID,
        "orientation": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        "spacing_mm": (2.0, 2.0),
        "rows": 100,
        "columns": 100,
        "thickness_mm": 5.0,
    }
    return tuple(
        ImageSlice(
            sop_instance_uid=f"1.2.9.{n}",
            path=f"{n}.dcm",
            position_mm=(-99.0, -99.0, z),
            **(values | overrides),
        )
        for n, z in enumerate(np.arange(-60.0, 61.0, 5.0))
    )


def left_half_bright(image: ImageSlice) -> NDArray[np.float32]:
    """HU of 600 at the patient's left (x > 0), -900 elsewhere."""
    pixels = np.full((image.rows, image.columns), -900.0, dtype=np.float32)
    pixels[:, image.columns // 2 :] = 600.0
    return pixels


def unreadable(image: ImageSlice) -> NDArray[np.float32]:
    raise ReadError(f"{image.path!r}: its pixels cannot be read")


def drawn(images: tuple[ImageSlice, ...] = (), reader: object = left_half_bright) -> Scene:
    held: Case = case(images=images)
    (scene,) = draw_scenes(
        held,
        [FINDING],
        dose=uniform_dose(),
        reference_gy=30.0,
        shown=[1],
        reader=reader,  # type: ignore[arg-type]
    )
    return scene


def grey(png: bytes) -> NDArray[np.uint8]:
    """Decode what `grey_png` writes."""
    columns, rows = struct.unpack(">II", png[16:24])
    start = png.index(b"IDAT") + 4
    raw = np.frombuffer(zlib.decompress(png[start:-16]), dtype=np.uint8)
    return np.cumsum(raw.reshape(rows, columns + 1)[:, 1:], axis=0, dtype=np.uint8)


def test_png_keeps_every_grey_level() -> None:
    pixels = np.arange(60, dtype=np.uint8).reshape(6, 10) * 4
    np.testing.assert_array_equal(grey(grey_png(pixels)), pixels)


def test_a_view_reaches_as_far_to_every_side() -> None:
    for window in windows((10.0, 20.0, 30.0)):
        assert window.u_mm[1] - window.u_mm[0] == 2 * REACH_MM
        assert window.v_mm[1] - window.v_mm[0] == 2 * REACH_MM


def test_the_head_is_up_and_the_patients_left_is_right() -> None:
    assert (AXIAL.plane.right, AXIAL.plane.bottom) == ("L", "P")
    assert (SAGITTAL.plane.top, CORONAL.plane.top) == ("H", "H")
    up = CORONAL.points(np.array([0.0]), np.array([-10.0]))
    np.testing.assert_allclose(up, [[0.0, 0.0, 10.0]])


def test_an_isodose_of_a_ramp_lies_where_the_dose_is() -> None:
    dose = ramp_dose()
    for window in (AXIAL, CORONAL):
        for isodose in isodoses(window, dose, reference_gy=float(dose.max_gy)):
            for line in isodose.lines:
                points = np.array(line)
                patient = np.zeros((len(points), 3))
                patient[:, window.u_axis] = points[:, 0]
                patient[:, window.v_axis] = window.v_sign * points[:, 1]
                patient[:, window.across] = window.plane.at_mm
                np.testing.assert_allclose(dose.at(patient), isodose.dose_gy, rtol=0.02, atol=0.1)


def test_a_uniform_dose_has_no_lines() -> None:
    assert isodoses(AXIAL, uniform_dose(), reference_gy=60.0) == ()


@pytest.mark.parametrize("window", [AXIAL, SAGITTAL, CORONAL])
def test_a_box_is_cut_at_its_faces(window: object) -> None:
    (outline,) = outlines(window, [box()])  # type: ignore[arg-type]
    u, v = np.array(outline.lines[0]).T
    half_v = 25.0 if window is AXIAL else 20.0
    assert np.ptp(u) / 2 == pytest.approx(25.0, abs=0.6)
    assert np.ptp(v) / 2 == pytest.approx(half_v, abs=2.6)


def test_what_lies_elsewhere_is_not_drawn() -> None:
    (far, *_) = windows((500.0, 500.0, 500.0))
    assert outlines(far, [box(), cylinder()]) == ()


def test_a_thinned_line_stays_within_its_tolerance() -> None:
    angle = np.linspace(0, 2 * np.pi, 400)
    circle = 30 * np.column_stack([np.cos(angle), np.sin(angle)])
    line = np.array(thinned(circle, tolerance_mm=0.2))
    assert len(line) < 60
    assert np.abs(np.hypot(*line.T) - 30).max() < 0.2
    middle = (line[1:] + line[:-1]) / 2
    assert np.abs(np.hypot(*middle.T) - 30).max() < 0.3


@pytest.mark.parametrize("plane", [0, 2])
def test_the_image_shows_the_patients_left_on_the_right(plane: int) -> None:
    pixels = grey(drawn(slices()).views[plane].image_png)
    assert pixels[:, -20:].min() > 200
    assert pixels[:, :20].max() < 20


def test_a_flipped_image_is_drawn_the_same_way() -> None:
    flipped = tuple(
        replace(one, orientation=(-1.0, 0.0, 0.0, 0.0, 1.0, 0.0), position_mm=(99.0, -99.0, z))
        for one in slices()
        if one.position_mm
        for z in (one.position_mm[2],)
    )
    pixels = grey(drawn(flipped).views[0].image_png)
    assert pixels[:, :20].min() > 200


MISSING = [
    ((), left_half_bright, "there is no CT"),
    (slices(modality="MR"), left_half_bright, "there is no CT"),
    (slices(frame_of_reference_uid="9.9"), left_half_bright, "another frame of reference"),
    (slices(orientation=(1.0, 0.0, 0.0, 0.0, 0.0, -1.0)), left_half_bright, "not axial"),
    (slices(spacing_mm=None), left_half_bright, "not axial"),
    (slices(), unreadable, "no CT slice lies here"),
    (slices(), None, "no image was asked for"),
]


@pytest.mark.parametrize(("images", "reader", "told"), MISSING)
def test_without_an_image_dose_and_outlines_remain(
    images: tuple[ImageSlice, ...], reader: object, told: str
) -> None:
    for view in drawn(images, reader).views:
        assert view.image_png == b""
        assert told in view.missing
        assert {outline.roi_number for outline in view.outlines} == {1, 2}


def test_the_tested_structure_is_marked() -> None:
    for view in drawn().views:
        assert [o.roi_number for o in view.outlines if o.tested] == [2]


def test_the_dose_at_the_cross_is_told() -> None:
    assert drawn().dose_gy == pytest.approx(30.0)


def test_findings_without_a_place_and_beyond_seven_are_left_out() -> None:
    placed = [replace(FINDING, subject=f"S{n}") for n in range(9)]
    nowhere = replace(FINDING, location_mm=None)
    broken = replace(FINDING, location_mm=(float("nan"), 0.0, 0.0))
    scenes = draw_scenes(
        case(structure_set=structure_set()),
        [nowhere, broken, *placed],
        dose=uniform_dose(),
        reference_gy=30.0,
    )
    assert len(scenes) == MOST_SCENES - 1
    assert scenes[0].finding == placed[0].id
