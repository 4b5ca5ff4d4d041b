"""Many small, distinct exports for measuring a batch, written in a few milliseconds each.

``python -m benchmarks.many FOLDER --count 5000`` writes one folder a case: plan, structure set,
dose and a short CT, all with identifiers of their own. Same seed, same bytes.

A sample of `sample_dicom` is thinned and written once; its identifiers, names and dates are then
of fixed width, so that most of a case is the template with other bytes in their place. Contours
and dose are moved by pydicom, which writes the objects.
"""

import argparse
import io
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from sample_dicom.course import Course
from sample_dicom.dicom_base import decimal_text, set_decimals
from sample_dicom.dose_grid import Grid
from sample_dicom.recipes import conformal_course, stereotactic_course
from sample_dicom.solids import Array
from sample_dicom.wording import Wording
from sample_dicom.write_dose import write_dose
from sample_dicom.write_images import write_images
from sample_dicom.write_plan import write_plan
from sample_dicom.write_structures import write_structures

__all__ = ["KINDS", "main", "write_case", "write_many"]

_ROOT: Final = "2.25.1"
_CASE_DIGITS, _OBJECT_DIGITS = 14, 6
_MARK: Final = f"{_ROOT}{'0' * _CASE_DIGITS}"
_PATIENT: Final = "MANY-00000000"
_NAME: Final = "MANY^CASE00000000"
_MACHINE: Final = "LINAC_A0"
_MACHINES: Final = ("LINAC_A1", "LINAC_A2", "LINAC_B1")
_DATES: Final = (date(2024, 3, 4), date(2024, 3, 5), date(2024, 3, 7))
_DAYS: Final = 365
_KEPT: Final = (
    "External", "PTV", "CTV", "GTV", "SpinalCord", "SpinalCord_PRV02", "ThecalSac", "Esophagus",
)  # fmt: skip
_MOVED: Final = ("SpinalCord", "SpinalCord_PRV02", "ThecalSac")
_REACH_MM: Final = 45.0
_SLICE_MM: Final = 5.0
_NODES_MM: Final = 5.0
_PIXELS: Final = 2


def _conventional(wording: Wording) -> Course:
    return conformal_course(wording, level=8)


def _stereotactic(wording: Wording) -> Course:
    course = stereotactic_course(wording, core=0.36, rise_mm=1.62)
    # Every tenth control point: a plan of a few kB that is still an arc.
    arcs = tuple(
        replace(
            arc,
            gantry_deg=(*arc.gantry_deg[:-1:10], arc.gantry_deg[-1]),
            shapes=(*arc.shapes[:-1:10], arc.shapes[-1]),
            weights=(*arc.weights[:-1:10], arc.weights[-1]),
        )
        for arc in course.beams
    )
    return replace(course, beams=arcs)


KINDS: Mapping[tuple[float, int], Callable[[Wording], Course]] = {
    (30.0, 10): _conventional,
    (20.0, 5): _conventional,
    (8.0, 1): _conventional,
    (24.0, 2): _stereotactic,
}
"""What is written in turn: dose in Gy and fractions, and the course they are made from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Template:
    """A kind of case, written once."""

    plan: bytes
    structures: Dataset
    canal: tuple[tuple[Dataset, Array], ...]
    """Contours of `structures` that move, and where they lie."""
    dose: Dataset
    counts: Array
    images: tuple[bytes, ...]


def write_many(
    directory: str | Path, count: int, *, seed: int = 1, images: bool = True
) -> Iterator[Path]:
    """Write `count` cases below `directory` and yield their folders.

    Parameters
    ----------
    seed
        Other seeds give other patients.
    images
        Whether a case has its CT.
    """
    for index in range(count):
        yield write_case(Path(directory), index, seed=seed, images=images)


def write_case(directory: Path, index: int, *, seed: int = 1, images: bool = True) -> Path:
    """Write the case of that number into a folder of its own and return the folder.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as home:
    ...     folder = write_case(Path(home), 3, images=False)
    ...     folder.name, sorted(path.name for path in folder.iterdir())
    ('case-000003', ['RD.dcm', 'RP.dcm', 'RS.dcm'])
    """
    template = _template(tuple(KINDS)[index % len(KINDS)])
    random = np.random.default_rng((seed, index))
    swap = _swap(seed, index, random)
    folder = directory / f"case-{index:06d}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "RP.dcm").write_bytes(swap(template.plan))
    (folder / "RS.dcm").write_bytes(swap(_moved(template, random)))
    (folder / "RD.dcm").write_bytes(swap(_dosed(template, random)))
    if images:
        for number, content in enumerate(template.images, start=1):
            (folder / f"CT.{number:03d}.dcm").write_bytes(swap(content))
    return folder


def _swap(seed: int, index: int, random: np.random.Generator) -> Callable[[bytes], bytes]:
    """Return what puts the identity of one case in the place of the template's."""
    number = f"{seed % 10**6:06d}{index:08d}"
    later = timedelta(days=int(random.integers(_DAYS)))
    machine = _MACHINES[int(random.integers(len(_MACHINES)))]
    # The dates first and the latest of them first: a later date is never one still to be found.
    pairs = [
        *((f"{day:%Y%m%d}".encode(), f"{day + later:%Y%m%d}".encode()) for day in _DATES),
        (_MARK.encode(), f"{_ROOT}{number}".encode()),
        (_PATIENT.encode(), f"MANY-{number[-8:]}".encode()),
        (_NAME.encode(), f"MANY^CASE{number[-8:]}".encode()),
        (_MACHINE.encode(), machine.encode()),
    ]

    def swap(content: bytes) -> bytes:
        for old, new in pairs:
            content = content.replace(old, new)
        return content

    return swap


def _moved(template: _Template, random: np.random.Generator) -> bytes:
    """Shift what lies in the canal by up to a millimetre, each case elsewhere."""
    shift = np.append(random.uniform(-1.0, 1.0, 2), 0.0)
    for contour, points_mm in template.canal:
        set_decimals(contour, "ContourData", decimal_text(points_mm + shift))
    return _written(template.structures)


def _dosed(template: _Template, random: np.random.Generator) -> bytes:
    """Scale and tilt the dose a little, each case otherwise."""
    scale, tilt = random.normal(1.0, 0.02), random.uniform(-0.01, 0.01)
    counts = template.counts
    across = 1 + tilt * np.linspace(-1.0, 1.0, counts.shape[-1])
    template.dose.PixelData = (counts * (scale * across)).round().astype("<u2").tobytes()
    return _written(template.dose)


def _written(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


@cache
def _template(kind: tuple[float, int]) -> _Template:
    """Write a thinned sample by the writers of the samples and give it fixed identifiers."""
    dose_gy, fractions = kind
    wording = Wording(
        case_id=f"many {dose_gy:g} in {fractions}",
        patient_id=_PATIENT,
        patient_name=_NAME,
        sex="F",
        plan_label=f"T {dose_gy:g}Gy/{fractions}",
        plan_name="Spine",
        plan_description="Synthetic, thinned",
        structures_label="BONE",
        machine=_MACHINE,
        dose_gy=dose_gy,
        fractions=fractions,
    )
    course = _thinned(KINDS[kind](wording))
    with tempfile.TemporaryDirectory(prefix="planchecker-benchmarks-") as home:
        folder = Path(home)
        paths = (
            write_plan(course, folder),
            write_structures(course, folder),
            write_dose(course, folder),
            *write_images(course, folder),
        )
        objects = [pydicom.dcmread(path) for path in paths]
    serials: dict[str, str] = {}
    for one in objects:
        _renumber(one, serials)
    plan, structures, dose, *images = objects
    for image in images:
        _shrink(image)
    # Read anew, so that whatever no case touches is written as the bytes it came as.
    structures, dose = (pydicom.dcmread(io.BytesIO(_written(one))) for one in (structures, dose))
    counts = np.frombuffer(dose.PixelData, dtype="<u2").astype(float)
    return _Template(
        plan=_written(plan),
        structures=structures,
        canal=tuple(_canal(structures)),
        dose=dose,
        counts=counts.reshape(dose.NumberOfFrames, dose.Rows, dose.Columns),
        images=tuple(map(_written, images)),
    )


def _canal(structures: Dataset) -> Iterator[tuple[Dataset, Array]]:
    moved = {r.ROINumber for r in structures.StructureSetROISequence if r.ROIName in _MOVED}
    for item in structures.ROIContourSequence:
        if item.ReferencedROINumber in moved:
            for contour in item.ContourSequence:
                yield contour, np.array(contour.ContourData, dtype=float).reshape(-1, 3)


def _thinned(course: Course) -> Course:
    """Keep the slices, nodes and regions near the target that a check needs at least."""
    z_mm, grid = course.patient.z_mm, course.grid
    every = max(1, round(_SLICE_MM / float(z_mm[1] - z_mm[0])))
    inside = [i for i in range(0, len(z_mm), every) if abs(float(z_mm[i])) <= _REACH_MM]
    place = {index: number for number, index in enumerate(inside)}
    step = max(1, round(_NODES_MM / float(grid.x_mm[1] - grid.x_mm[0])))
    regions = tuple(
        replace(
            region,
            outlines=tuple((place[i], loop[::2]) for i, loop in region.outlines if i in place),
        )
        for region in course.patient.regions
        if region.name in _KEPT
    )
    dose_gy = course.dose_gy[inside][:, ::step, ::step]
    return replace(
        course,
        patient=replace(course.patient, z_mm=z_mm[inside], regions=regions),
        grid=Grid(x_mm=grid.x_mm[::step], y_mm=grid.y_mm[::step], z_mm=z_mm[inside]),
        dose_gy=dose_gy,
        dose_bits=16,
        # Room for a case that is scaled up.
        dose_scaling=float(f"{1.2 * float(dose_gy.max()) / 65535:.6g}"),
    )


def _renumber(dataset: pydicom.FileDataset, serials: dict[str, str]) -> None:
    """Give every identifier of the sample, but for those of the standard, a fixed width."""

    def visit(_: Dataset, element: pydicom.DataElement) -> None:
        if element.VR == "UI" and str(element.value).startswith("2.25."):
            fresh = f"{_MARK}{len(serials):0{_OBJECT_DIGITS}d}"
            element.value = serials.setdefault(str(element.value), fresh)

    dataset.walk(visit)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID


def _shrink(image: Dataset) -> None:
    """Keep every so many pixels of a slice."""
    pixels = image.pixel_array[::_PIXELS, ::_PIXELS]
    image.Rows, image.Columns = pixels.shape
    image.PixelSpacing = [float(step) * _PIXELS for step in image.PixelSpacing]
    image.PixelData = np.ascontiguousarray(pixels).tobytes()


def main() -> None:
    """Write the cases and say what they took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many", description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-images", action="store_true", help="leave the CT out")
    given = parser.parse_args()
    start = time.perf_counter()
    folders = write_many(given.directory, given.count, seed=given.seed, images=not given.no_images)
    files = [path for folder in folders for path in folder.iterdir()]
    took = time.perf_counter() - start
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    print(
        f"{given.count} cases, {len(files)} files, {megabytes:.0f} MB in {took:.1f} s, "
        f"{1000 * took / max(given.count, 1):.1f} ms and "
        f"{1000 * megabytes / max(given.count, 1):.0f} kB a case"
    )


if __name__ == "__main__":
    main()
