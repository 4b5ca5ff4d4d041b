"""Small coherent sets of objects for the hooks, told apart by a prefix of their UIDs."""

from pathlib import Path
from typing import Any

from dicom_factory import contour, encode, item, make_dose, make_image, make_plan, make_structures
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

__all__ = ["small_set", "write_set"]


def small_set(prefix: str = "1.2.3", *, patient: str = "P1") -> dict[str, Dataset]:
    """Make plan, structures, dose and two slices that name each other and nothing else."""
    common: dict[str, Any] = {
        "PatientID": patient,
        "StudyInstanceUID": f"{prefix}.50",
        "FrameOfReferenceUID": f"{prefix}.5",
    }
    series = f"{prefix}.4"
    slices = {
        f"CT{n}": make_image(f"{prefix}.9.{n}", z_mm=3.0 * n, SeriesInstanceUID=series)
        for n in (0, 1)
    }
    drawn = [contour(0), contour(3)]
    for number, one in enumerate(drawn):
        one.ContourImageSequence[0].ReferencedSOPInstanceUID = f"{prefix}.9.{number}"
    structures = make_structures(f"{prefix}.2", frame=f"{prefix}.5", contours={1: drawn})
    reference = structures.ReferencedFrameOfReferenceSequence[0]
    reference.RTReferencedStudySequence[0].RTReferencedSeriesSequence = Sequence(
        [item(SeriesInstanceUID=series)]
    )
    found = {
        "RP": make_plan(f"{prefix}.1", structures=f"{prefix}.2", SeriesInstanceUID=f"{prefix}.61"),
        "RS": structures,
        "RD": make_dose(f"{prefix}.3", plan=f"{prefix}.1", SeriesInstanceUID=f"{prefix}.63"),
        **slices,
    }
    found["RS"].SeriesInstanceUID = f"{prefix}.62"
    for dataset in found.values():
        dataset.update(item(**common))
    return found


def write_set(folder: Path, prefix: str = "1.2.3", *, patient: str = "P1") -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name, dataset in small_set(prefix, patient=patient).items():
        paths[name] = folder / f"{name}.dcm"
        paths[name].write_bytes(encode(dataset))
    return paths
