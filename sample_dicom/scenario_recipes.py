"""How each scenario is made, from the recipes of the plain samples."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from sample_dicom.course import Course
from sample_dicom.dose_grid import Grid
from sample_dicom.outlines import ellipse
from sample_dicom.recipes import conformal_course, femur_arc_course, stereotactic_course
from sample_dicom.regions import Patient, Region, region_of_loops, region_of_solid
from sample_dicom.solids import Array, Solid, grow
from sample_dicom.thorax import Thorax
from sample_dicom.vertebra import (
    CANAL_CENTRE_MM,
    PITCH_MM,
    spine_offset_mm,
    vertebra,
    vertebral_body,
)
from sample_dicom.wording import Wording
from sample_dicom.write_dose import write_dose
from sample_dicom.write_images import write_images
from sample_dicom.write_plan import write_plan
from sample_dicom.write_registration import redate, write_registration
from sample_dicom.write_structures import write_structures

__all__ = ["femur_in_five", "missed_sector", "reirradiation", "sacrum", "two_targets"]

_BOX_MM = (-40.0, 40.0, -22.0, 74.0)
_EARLIER_TABLE_MM = np.array([-10.5, -141.0, -617.0])
_CANAL_SEMI_AXES_MM = (9.5, 8.0)


def reirradiation(directory: Path) -> None:
    """Write a stereotactic plan, the conventional course before it, and their registration."""
    now = stereotactic_course(
        _wording("reirradiation-now", 101, "AGAIN", "T10 24Gy/2", "Stereotactic, 2 arcs", (24, 2)),
        core=0.26,
        rise_mm=2.9,
    )
    before = conformal_course(
        _wording("reirradiation-before", 101, "AGAIN", "T10 20Gy/5", "3 fields", (20, 5)), level=10
    )
    before = replace(before, table_mm=_EARLIER_TABLE_MM)
    _write(now, directory / "plan")
    earlier = directory / "earlier"
    earlier.mkdir(parents=True, exist_ok=True)
    for path in (
        write_plan(before, earlier),
        write_structures(before, earlier),
        write_dose(before, earlier),
    ):
        redate(path, year="2023")
    write_registration(now, before, directory / "plan")


def missed_sector(directory: Path) -> None:
    """Write a plan whose CTV leaves out the pedicle that the tumour is in."""
    course = stereotactic_course(
        _wording("missed-sector", 102, "SECTOR", "T10 24Gy/2", "Stereotactic, 2 arcs", (24, 2)),
        core=0.36,
        rise_mm=1.62,
    )
    z_mm = course.patient.z_mm
    bone, body = vertebra(), vertebral_body()

    def left_front(x: Array, y: Array, z: Array) -> Array:
        # The left pedicle lies beside the front half of the canal.
        cut = np.maximum(10.0 - x, y - CANAL_CENTRE_MM[1])
        return np.maximum(bone(x, y, z), np.minimum(cut, body(x, y, z)))

    new = {
        "GTV": _region("GTV", z_mm, left_front),
        "CTV": _region("CTV", z_mm, grow(body, 0.5)),
        "VB_T10": replace(_region("VB_T10", z_mm, bone), kind="ORGAN"),
    }
    regions = [new.get(region.name, region) for region in course.patient.regions]
    regions.append(_canal(z_mm))
    _write(_with_regions(course, tuple(regions)), directory / "plan")


def two_targets(directory: Path) -> None:
    """Write a plan of two vertebrae about one isocentre."""
    course = stereotactic_course(
        _wording("two-targets", 103, "PAIR", "T10+T12 24Gy/2", "Stereotactic, 2 arcs", (24, 2)),
        core=0.36,
        rise_mm=1.62,
    )
    down = -2 * PITCH_MM
    left, back = (float(v) for v in spine_offset_mm(np.array(down)))
    copies = [
        _moved(region, course.patient.z_mm, (left, back, down))
        for region in course.patient.regions
        if region.name in ("PTV", "CTV", "GTV")
    ]
    dose = course.dose_gy + _moved_dose(course.grid, course.dose_gy, (left, back, down))
    course = replace(course, dose_gy=dose)
    _write(_with_regions(course, (*course.patient.regions, *copies)), directory / "plan")


def sacrum(directory: Path) -> None:
    """Write a stereotactic plan whose target is said to be the sacrum.

    The bone of the thoracic samples stands for it: no organ of the chest, no cord, and the sac
    in its canal.
    """
    kind = Thorax(level=10, z_mm=(-70.0, 70.0, 2.0), lung_mm=(400.0, 600.0), heart_z_mm=900.0)
    course = stereotactic_course(
        _wording("sacrum-24-in-2", 104, "SACRUM", "SACRUM 24Gy/2", "Stereotactic, 2 arcs", (24, 2)),
        core=0.3,
        rise_mm=2.0,
        kind=kind,
    )
    kept = ("External", "PTV", "CTV", "GTV", "ThecalSac")
    bone = replace(_region("Sacrum", course.patient.z_mm, vertebra()), kind="ORGAN")
    regions = (*(r for r in course.patient.regions if r.name in kept), bone)
    _write(_with_regions(course, regions), directory / "plan")


def femur_in_five(directory: Path) -> None:
    """Write a stereotactic plan of the shaft of the left femur."""
    course = femur_arc_course(
        _wording("femur-35-in-5", 105, "FEMUR", "FEMUR L 35Gy/5", "Stereotactic, 2 arcs", (35, 5))
    )
    _write(course, directory / "plan")


def _wording(
    case_id: str, number: int, name: str, label: str, description: str, scheme: tuple[float, int]
) -> Wording:
    return Wording(
        case_id=case_id,
        patient_id=f"SAMPLE-{number:03d}",
        patient_name=f"SAMPLE^{name}",
        sex="F" if number % 2 else "M",
        plan_label=label,
        plan_name=label.split(maxsplit=1)[0],
        plan_description=description,
        structures_label="BONE",
        machine="SAMPLE_LINAC",
        dose_gy=float(scheme[0]),
        fractions=scheme[1],
    )


def _write(course: Course, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_plan(course, folder)
    write_structures(course, folder)
    write_dose(course, folder)
    write_images(course, folder)


def _with_regions(course: Course, regions: tuple[Region, ...]) -> Course:
    patient: Patient = replace(course.patient, regions=regions)
    return replace(course, patient=patient)


def _region(name: str, z_mm: Array, solid: Solid) -> Region:
    return region_of_solid(name, name[:3], z_mm, solid, box_mm=_BOX_MM, step_mm=0.7, reach_mm=22.0)


def _canal(z_mm: Array) -> Region:
    def loops(z: float) -> list[Array]:
        left, back = spine_offset_mm(np.array(z))
        centre = CANAL_CENTRE_MM[0] + float(left), CANAL_CENTRE_MM[1] + float(back)
        return [ellipse(centre_mm=centre, semi_axes_mm=_CANAL_SEMI_AXES_MM, points=48)]

    return region_of_loops("SpinalCanal", "ORGAN", z_mm, loops, spare=1)


def _moved(region: Region, z_mm: Array, shift_mm: tuple[float, float, float]) -> Region:
    """Return a copy of a region; its shift along z must be whole slices."""
    slices = round(shift_mm[2] / float(z_mm[1] - z_mm[0]))
    outlines = tuple(
        (index + slices, (loop + np.array(shift_mm[:2])).round(2))
        for index, loop in region.outlines
    )
    return replace(region, name=f"{region.name}_T12", outlines=outlines)


def _moved_dose(grid: Grid, dose_gy: Array, shift_mm: tuple[float, float, float]) -> Array:
    """Return the dose shifted, linear between nodes and 0 where nothing is known."""
    steps = (
        shift_mm[2] / float(grid.z_mm[1] - grid.z_mm[0]),
        shift_mm[1] / float(grid.y_mm[1] - grid.y_mm[0]),
        shift_mm[0] / float(grid.x_mm[1] - grid.x_mm[0]),
    )
    moved = dose_gy
    for axis, step in enumerate(steps):
        whole = int(np.floor(step))
        part = step - whole
        moved = (1 - part) * _rolled(moved, axis, whole) + part * _rolled(moved, axis, whole + 1)
    return np.asarray(moved)


def _rolled(values: Array, axis: int, nodes: int) -> Array:
    rolled = np.roll(values, nodes, axis=axis)
    lost = [slice(None)] * values.ndim
    if nodes > 0:
        lost[axis] = slice(0, nodes)
    elif nodes < 0:
        lost[axis] = slice(nodes, None)
    else:
        return rolled
    rolled[tuple(lost)] = 0.0
    return rolled
