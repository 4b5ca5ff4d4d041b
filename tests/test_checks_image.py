"""Family IM: each check passes, fires, and says where it cannot be evaluated."""

from datetime import date

import case_factory as factory
import numpy as np
import pytest
from check_cases import BODY, CORD, PTV, ask, context, findings, with_rois

from constraints.model import Technique
from planchecker.errors import ReadError

STEREOTACTIC, CONVENTIONAL = Technique.STEREOTACTIC, Technique.CONVENTIONAL
IMAGES = factory.images()


def scanned(images=IMAGES, **overrides):
    """Context of a case with other images."""
    return context(factory.case(images=tuple(images), **overrides))


def changed(images=IMAGES, **changes):
    return tuple(factory.changed(image, **changes) for image in images)


def one_changed(**changes):
    middle = len(IMAGES) // 2
    moved = factory.changed(IMAGES[middle], **changes)
    return (*IMAGES[:middle], moved, *IMAGES[middle + 1 :])


def without_names():
    nameless = factory.structure_set(series_uids=(), image_uids=())
    return context(factory.case(structure_set=nameless))


def shifted(z_mm):
    return one_changed(position_mm=(-99.0, -99.0, z_mm))


def metal(image):
    values = np.zeros((image.rows, image.columns), dtype=np.float32)
    values[45:50, 45:50] = 3071
    return values


def unreadable(image):
    raise ReadError(f"{image.path!r}: its pixels cannot be read")


def implanted():
    rod = factory.cylinder("Hardware", number=7, radius_mm=20, length_mm=160, step_mm=3.0)
    of = factory.case(structure_set=factory.structure_set(PTV, CORD, BODY, rod), hounsfield=metal)
    return context(of)


def overridden(structure, value):
    return factory.changed(structure, physical_properties=(("REL_MASS_DENSITY", value),))


def contrasted(name):
    """Scan with contrast and a density override on one structure."""
    filled = overridden(factory.cylinder(name, number=7, step_mm=3.0), 1.0)
    of = factory.case(
        structure_set=factory.structure_set(PTV, CORD, BODY, filled),
        images=changed(contrast="IOMERON"),
    )
    return context(of)


NO_IMAGES = context(factory.case(images=(), files=()))
CASES = [
    ("IM001", context(), ["pass"]),
    ("IM001", scanned(changed(series_uid="1.9", sop_instance_uid="1.9.1")), ["fail"]),
    ("IM001", scanned((*IMAGES, factory.changed(IMAGES[0], series_uid="1.9"))), ["manual"]),
    ("IM001", scanned(IMAGES[:-1]), ["not-evaluated"]),
    ("IM001", without_names(), ["not-evaluated"]),
    ("IM001", NO_IMAGES, ["not-evaluated"]),
    ("IM002", context(), ["pass"]),
    ("IM002", scanned(changed(frame_of_reference_uid="1.9")), ["fail"]),
    ("IM002", scanned(changed(frame_of_reference_uid="")), ["not-evaluated"]),
    ("IM003", context(), ["pass"]),
    ("IM003", scanned(changed(patient_position="FFS")), ["fail"]),
    ("IM003", scanned(one_changed(patient_position="HFP")), ["fail"]),
    ("IM003", scanned(one_changed(orientation=(0.0, 1.0, 0.0, 1.0, 0.0, 0.0))), ["fail"]),
    ("IM003", scanned(changed(patient_position="")), ["not-evaluated"]),
    ("IM004", context(), ["pass"]),
    ("IM004", scanned(IMAGES[:9] + IMAGES[10:]), ["manual"]),
    ("IM004", scanned(shifted(0.02)), ["manual"]),
    ("IM004", scanned(shifted(0.005)), ["pass"]),
    ("IM004", scanned(shifted(3.0)), ["manual"]),
    ("IM004", scanned(one_changed(position_mm=None)), ["not-evaluated"]),
    ("IM004", scanned(one_changed(columns=1)), ["manual"]),
    ("IM004", scanned(one_changed(spacing_mm=(1.0, 1.1))), ["manual"]),
    ("IM006", context(), ["pass"]),
    ("IM006", scanned(changed(tilt_deg=5.0)), ["fail"]),
    ("IM006", scanned(changed(tilt_deg=None, orientation=())), ["not-evaluated"]),
    ("IM007", context(), ["pass"]),
    ("IM007", scanned(IMAGES[12:30]), ["manual"]),
    ("IM007", scanned(IMAGES[18:23]), ["fail"]),
    ("IM007", scanned(IMAGES[11:30]), ["manual"]),
    ("IM007", with_rois(CORD, BODY), ["not-evaluated"]),
    ("IM008", context(), ["pass"]),
    ("IM008", scanned(changed(reconstruction_diameter_mm=141.0)), ["manual"]),
    ("IM008", scanned(changed(reconstruction_diameter_mm=60.0)), ["fail", "manual"]),
    ("IM008", scanned(one_changed(spacing_mm=(1.0, 1.0))), ["not-evaluated"]),
    ("IM008", with_rois(PTV, CORD), ["not-evaluated"]),
    ("IM009", context(), ["pass"]),
    ("IM009", scanned(changed(contrast="IOMERON")), ["manual"]),
    ("IM009", scanned(changed(contrast="NONE")), ["pass"]),
    ("IM009", contrasted("Bladder"), ["pass"]),
    ("IM009", contrasted("Hardware"), ["manual"]),
    ("IM010", context(), ["pass"]),
    ("IM010", with_rois(PTV, CORD, overridden(BODY, 1.0)), ["manual"]),
    ("IM010", with_rois(PTV, overridden(CORD, 100.0), BODY), ["manual"]),
    ("IM010", with_rois(PTV, overridden(CORD, 1.0), BODY), ["pass"]),
    ("IM010", context(factory.case(structure_set=None)), ["n/a"]),
    ("IM011", context(), ["pass"]),
    ("IM011", scanned(hounsfield=metal), ["manual"]),
    ("IM011", implanted(), ["pass"]),
    ("IM011", scanned(hounsfield=unreadable), ["not-evaluated"]),
    ("IM011", scanned(hounsfield=None), ["not-evaluated"]),
    ("IM011", scanned(changed(modality="MR")), ["not-evaluated"]),
]
SPACINGS = [
    (3.0, (CONVENTIONAL,), (30, 10), ["pass"]),
    (4.0, (CONVENTIONAL,), (30, 10), ["warn"]),
    (2.0, (STEREOTACTIC,), (24, 2), ["pass"]),
    (3.0, (STEREOTACTIC,), (24, 2), ["manual"]),
    (3.0, (STEREOTACTIC, CONVENTIONAL), (30, 5), ["manual"]),
    (5.0, (CONVENTIONAL,), (8, 1), ["n/a"]),
]
AGES = [(date(2024, 3, 4), ["pass"]), (date(2024, 2, 21), ["warn"]), (date(2023, 3, 4), ["manual"])]


@pytest.mark.parametrize(("code", "situation", "expected"), CASES)
def test_each_outcome(code, situation, expected):
    assert ask(code, situation) == expected


@pytest.mark.parametrize("code", [f"IM{n:03d}" for n in range(2, 12) if n != 10])
def test_without_images_only_the_first_check_reports_it(code):
    assert ask(code, NO_IMAGES) == ["n/a"]


@pytest.mark.parametrize(("spacing", "worlds", "pair", "expected"), SPACINGS)
def test_slice_spacing_by_technique(spacing, worlds, pair, expected):
    of = factory.case(images=factory.images(spacing_mm=spacing), plan=factory.plan(*pair))
    assert ask("IM005", context(of, technique=factory.technique(*worlds))) == expected


def test_an_unknown_technique_leaves_the_slice_spacing_open():
    reading = factory.changed(factory.technique(), worlds=())
    assert ask("IM005", context(technique=reading)) == ["not-evaluated"]


@pytest.mark.parametrize(("day", "expected"), AGES)
def test_age_of_the_scan(day, expected):
    assert ask("ID009", scanned(changed(acquired_on=day))) == expected


def test_the_place_of_metal_is_given():
    (finding,) = findings("IM011", scanned(hounsfield=metal))
    assert finding.value == pytest.approx(100 * 3 * 25 * 4 / 3000, abs=11)
    assert finding.location_mm == pytest.approx((-5.0, -5.0, 0.0), abs=3)


def test_a_body_beyond_the_edge_is_located():
    (finding,) = findings("IM008", scanned(changed(reconstruction_diameter_mm=141.0)))
    assert finding.location_mm is not None
    assert np.hypot(*finding.location_mm[:2]) == pytest.approx(70, abs=1)


def test_the_place_of_a_missing_slice_is_given():
    (finding,) = findings("IM004", scanned(IMAGES[:9] + IMAGES[10:]))
    assert finding.value == pytest.approx(6.0)
    assert finding.location_mm == IMAGES[8].position_mm
