"""What the engines are run on: own phantoms, the published benchmark, a real plan."""

import csv
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom import dcmread

from benchmarks.dicom_files import write_dose, write_structures
from benchmarks.engines import metrics_of_curve
from benchmarks.shapes import (
    Floats,
    Phantom,
    Solid,
    closed_form,
    cone,
    cylinder,
    lying,
    ring,
    sphere,
)

__all__ = [
    "DataSet",
    "closed_form_phantoms",
    "linear_dose",
    "outlines",
    "published_benchmark",
    "stored_dvhs",
]

_CENTRE_GY, _GRADIENT_GY_MM = 20.0, 1.0
_SOLIDS = (
    sphere(4.0),
    sphere(6.0),
    sphere(13.0),
    cylinder(12.0, 24.0),
    lying(12.0, 24.0),
    ring(15.0, 9.0, 24.0),
    cone(12.0, 24.0),
)
_PITCH_MM = 38.3
_PLACED = tuple(
    Phantom(solid=solid, centre_mm=(_PITCH_MM * (place - 3), 0.0, 0.0))
    for place, solid in enumerate(_SOLIDS)
)
_GRID_HALF_MM = (140.0, 20.0, 18.0)
_SMALLEST_CC = 10.0
_SHAPES = ("Cone", "Cylinder", "RtCone", "RtCylinder", "Sphere")


@dataclass(frozen=True, kw_only=True, slots=True)
class DataSet:
    """Folders of DICOM files with the true answers for some of their ROIs.

    Parameters
    ----------
    scale_gy
        Errors of dose are given in percent of this.
    truth
        True answers by ROI name, by folder; an ROI without any is measured for its time only.
    """

    title: str
    scale_gy: float
    truth: Mapping[Path, Mapping[str, Mapping[str, float]]]


def closed_form_phantoms(home: Path) -> DataSet:
    """Write spheres, cylinders, a ring and a cone, 2 mm slices, 2 mm dose, 1 Gy/mm.

    One folder with the dose rising along z and one along y. Slices end where the shapes end.
    """
    along_z = {solid.name: _truth(solid, along=2) for solid in _SOLIDS}
    along_y = {solid.name: _truth(solid, along=1) for solid in _SOLIDS if solid.section_y_mm2}
    for folder, axis in ((home / "along-z", 2), (home / "along-y", 1)):
        regions = {p.solid.name: outlines(p, spacing_mm=2.0) for p in _PLACED}
        write_structures(folder / "RS.dcm", regions)
        linear_dose(folder / "RD.dcm", along=axis, spacing_mm=2.0, half_mm=_GRID_HALF_MM)
    return DataSet(
        title="closed-form phantoms, 2 mm slices, 2 mm dose grid, 1 Gy/mm",
        scale_gy=_CENTRE_GY,
        truth={home / "along-z": along_z, home / "along-y": along_y},
    )


def outlines(phantom: Phantom, *, spacing_mm: float, points: int = 120) -> tuple[Floats, ...]:
    """Return the loops of a phantom on slices that end half a slice within its ends."""
    half = phantom.solid.half_mm[2]
    loops = []
    for z in np.arange(-half + spacing_mm / 2, half, spacing_mm):
        for loop in phantom.solid.outlines(float(z), points):
            flat = np.column_stack([loop, np.full(len(loop), z)])
            loops.append(flat + np.array(phantom.centre_mm))
    return tuple(loops)


def published_benchmark(source: Path, home: Path) -> DataSet:
    """Combine each structure set of the published DVH benchmark with each of its doses."""
    truth: dict[Path, Mapping[str, Mapping[str, float]]] = {}
    for shape in _SHAPES:
        with (source / "analytic" / f"{shape}_cumulative_dvh_cGy_cc.csv").open() as file:
            head, *rows = csv.reader(file)
        # The columns end where their curve does; beyond it there is no volume.
        table = np.array([[float(cell or 0) for cell in row] for row in rows])
        for slices in (1, 3):
            drawn = source / "structures" / f"{shape}_{slices}0_0.dcm"
            roi = _contoured_roi(drawn)
            for axis, word in (("SI", "SupInf"), ("AP", "AntPost")):
                curve = table[:, head.index(f"{axis} {slices} mm")]
                answers = metrics_of_curve(table[:, 0] / 100, curve)
                for grid in (1, 3):
                    folder = home / f"{drawn.stem}-{axis}-{grid}"
                    folder.mkdir(parents=True)
                    shutil.copy(drawn, folder)
                    shutil.copy(source / "dose" / f"Linear_{word}_{grid}mm_Aligned.dcm", folder)
                    truth[folder] = {roi: answers}
    return DataSet(
        title=f"published DVH benchmark, {len(truth)} pairs of structure and dose",
        scale_gy=16.0,
        truth=truth,
    )


def stored_dvhs(source: Path, home: Path, *, scale_gy: float) -> DataSet:
    """Take a plan whose dose carries the histograms of the planning system as the reference.

    Structures under 10 cc and those that leave the dose grid have no reference: there, every
    system has a convention of its own.
    """
    from planchecker.dosimetry.dvh import compute_dvh  # noqa: PLC0415 - heavy
    from planchecker.reading import read_case  # noqa: PLC0415

    case = read_case(source)
    folder = home / source.name
    folder.mkdir(parents=True)
    for path in source.glob("*.dcm"):
        shutil.copy(path, folder)
    dose = next(dose for dose in case.doses if dose.stored_dvhs)
    stored = {dvh.roi_number: metrics_of_curve(dvh.dose, dvh.volume) for dvh in dose.stored_dvhs}
    truth: dict[str, Mapping[str, float]] = {}
    for structure in case.structure_set.structures if case.structure_set else ():
        if structure.contours and dose.grid is not None:
            answers = stored.get(structure.roi_number, {})
            outside = compute_dvh(structure, dose.grid).outside_cc
            usable = outside == 0 and answers.get("volume", 0.0) >= _SMALLEST_CC
            truth[structure.name] = answers if usable else {}
    compared = sum(bool(answers) for answers in truth.values())
    return DataSet(
        title=f"{source.name}, {len(truth)} structures, {compared} against its stored curves",
        scale_gy=scale_gy,
        truth={folder: truth},
    )


def linear_dose(
    path: Path, *, along: int, spacing_mm: float, half_mm: tuple[float, float, float]
) -> None:
    """Write a dose that rises along an axis (0 is x) from 20 Gy at the origin, 1 Gy/mm."""
    x, y, z = (np.arange(-half, half + spacing_mm / 2, spacing_mm) for half in half_mm)
    planes, rows, columns = np.meshgrid(z, y, x, indexing="ij")
    position = (columns, rows, planes)[along]
    write_dose(
        path,
        np.maximum(_CENTRE_GY + _GRADIENT_GY_MM * position, 0.0),
        origin_mm=np.array([x[0], y[0], z[0]]),
        spacing_mm=spacing_mm,
    )


def _contoured_roi(path: Path) -> str:
    """Return the name of the only ROI with contours; it need not be that of the file."""
    dataset = dcmread(path)
    number = dataset.ROIContourSequence[0].ReferencedROINumber
    names = {roi.ROINumber: roi.ROIName for roi in dataset.StructureSetROISequence}
    return str(names[number])


def _truth(solid: Solid, *, along: int) -> dict[str, float]:
    section = solid.section_z_mm2 if along == 2 else solid.section_y_mm2
    if section is None:
        raise ValueError(f"{solid.name!r} has no closed form along axis {along}")
    return closed_form(
        section,
        half_mm=solid.half_mm[along],
        centre_gy=_CENTRE_GY,
        gradient_gy_mm=_GRADIENT_GY_MM,
    )
