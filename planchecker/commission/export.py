"""The files of one plan as data sets that may be changed and written."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from planchecker.checks.context import Context
from planchecker.commission.model import Impossible

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["Export", "new_uid"]


def new_uid(of: str) -> str:
    """Return a UID that is the same every time and stands for nothing real.

    Examples
    --------
    >>> new_uid("other") == new_uid("other")
    True
    """
    from pydicom.uid import generate_uid  # noqa: PLC0415 - heavy

    return str(generate_uid(entropy_srcs=["planchecker commission", of]))


class Export:
    """One plan, read afresh for one mutation.

    Parameters
    ----------
    clean
        The plan as it was measured before any mutation.
    """

    def __init__(self, clean: Context) -> None:
        self.clean = clean
        case = clean.case
        if case.plan is None or case.structure_set is None:
            raise Impossible("there is no plan with a structure set")
        paths = {file.sop_instance_uid: file.path for file in case.files}
        self.plan = _read(paths[case.plan.sop_instance_uid])
        self.structures = _read(paths[case.structure_set.sop_instance_uid])
        self.doses = [_read(paths[dose.sop_instance_uid]) for dose in case.doses]
        self._image_paths = [Path(image.path) for image in case.images]
        self._images: list[Dataset] | None = None
        self.extra: list[Dataset] = []
        self.earlier: list[str] = []
        """Earlier courses as typed summaries."""
        self.earlier_objects: list[list[Dataset]] = []
        """Earlier courses as objects; each is written to a folder of its own."""
        self.summed = False
        """Whether the plans that lie together are to be added up."""
        self.second_opinion = False
        """Whether the error is one for the independent histogram engine to find."""

    @property
    def dose(self) -> "Dataset":
        """The dose; `Impossible` where there is not exactly one."""
        if len(self.doses) != 1:
            raise Impossible(f"there are {len(self.doses)} doses")
        return self.doses[0]

    @property
    def images(self) -> "list[Dataset]":
        """The slices from the lowest to the highest; those taken out are not written."""
        if self._images is None:
            if not self._image_paths:
                raise Impossible("there are no images")
            read = [_read(path) for path in self._image_paths]
            self._images = sorted(read, key=lambda ds: float(ds.ImagePositionPatient[2]))
        return self._images

    @images.setter
    def images(self, kept: "list[Dataset]") -> None:
        self._images = kept

    def write_earlier(self, folder: Path) -> list[Path]:
        """Write every earlier course into a folder of its own below `folder`."""
        homes = []
        for number, datasets in enumerate(self.earlier_objects):
            home = folder / f"earlier.{number}"
            home.mkdir(parents=True)
            for index, dataset in enumerate(datasets):
                _save(dataset, home / f"object.{index}.dcm")
            homes.append(home)
        return homes

    def write(self, folder: Path) -> None:
        """Write every data set as a DICOM file; untouched images are linked."""
        everything = [self.plan, self.structures, *self.doses, *self.extra]
        for number, dataset in enumerate(everything):
            _save(dataset, folder / f"object.{number}.dcm")
        if self._images is None:
            for number, path in enumerate(self._image_paths):
                _link(path, folder / f"image.{number:04d}.dcm")
            return
        for number, dataset in enumerate(self._images):
            _save(dataset, folder / f"image.{number:04d}.dcm")

    # Parts that mutations ask for

    def beams(self) -> "list[Dataset]":
        """Return the treatment beams."""
        if "BeamSequence" not in self.plan:
            raise Impossible("the plan has no photon or electron beams")
        plan = self.clean.case.plan
        wanted = {beam.number for beam in plan.treatment_beams} if plan else set()
        found = [beam for beam in self.plan.BeamSequence if int(beam.BeamNumber) in wanted]
        if not found:
            raise Impossible("the plan has no treatment beams")
        return found

    def shares(self) -> "list[Dataset]":
        """Return what the fraction group says of the treatment beams."""
        wanted = {int(beam.BeamNumber) for beam in self.beams()}
        return [
            item
            for item in self.group.ReferencedBeamSequence
            if int(item.ReferencedBeamNumber) in wanted
        ]

    @property
    def group(self) -> "Dataset":
        """The one fraction group."""
        groups: list[Dataset] = list(self.plan.get("FractionGroupSequence") or [])
        if len(groups) != 1:
            raise Impossible(f"the plan has {len(groups)} fraction groups")
        return groups[0]

    @property
    def reference(self) -> "Dataset":
        """The dose reference that states the prescription."""
        items: list[Dataset] = list(self.plan.get("DoseReferenceSequence") or [])
        for item in items:
            if "TargetPrescriptionDose" in item:
                return item
        raise Impossible("the plan states no target prescription dose")

    def numbers(self, *categories: str, names: tuple[str, ...] = ()) -> list[int]:
        """Return ROI numbers by category or by the start of the TG-263 name."""
        drawn = {int(item.ReferencedROINumber) for item in self._contoured()}
        return [
            match.roi_number
            for match in self.clean.matches
            if match.roi_number in drawn
            and (match.category in categories or (names and match.name.startswith(names)))
        ]

    def first(self, *categories: str, names: tuple[str, ...] = ()) -> int:
        """Return the first of `numbers`."""
        found = self.numbers(*categories, names=names)
        if not found:
            raise Impossible(f"nothing is contoured as {', '.join((*categories, *names))}")
        return found[0]

    def roi(self, number: int) -> "Dataset":
        """Return the item of Structure Set ROI Sequence."""
        items: list[Dataset] = list(self.structures.StructureSetROISequence)
        return next(item for item in items if item.ROINumber == number)

    def observation(self, number: int) -> "Dataset":
        """Return the item of RT ROI Observations Sequence."""
        items: list[Dataset] = list(self.structures.get("RTROIObservationsSequence") or [])
        for item in items:
            if item.ReferencedROINumber == number:
                return item
        raise Impossible("the structure set holds no observations")

    def contours(self, number: int) -> "Dataset":
        """Return the item of ROI Contour Sequence."""
        return next(item for item in self._contoured() if item.ReferencedROINumber == number)

    def points(self, contour: "Dataset") -> NDArray[np.float64]:
        """Return the points of one contour, shape (N, 3)."""
        return np.array(contour.ContourData, dtype=float).reshape(-1, 3)

    def draw(self, contour: "Dataset", points: NDArray[np.float64]) -> None:
        """Replace the points of one contour."""
        contour.NumberOfContourPoints = len(points)
        contour.ContourData = [f"{value:.3f}" for value in points.ravel()]

    def move(self, number: int, change: Any) -> None:
        """Replace every contour of an ROI by a function of its points."""
        for contour in self.contours(number).ContourSequence:
            self.draw(contour, change(self.points(contour)))

    def heights(self, number: int) -> list[float]:
        """Return the z of the contours of an ROI, rising."""
        found = {float(c.ContourData[2]) for c in self.contours(number).ContourSequence}
        return sorted(found)

    def keep(self, number: int, wanted: Any) -> None:
        """Keep the contours of an ROI whose z a function accepts."""
        item = self.contours(number)
        item.ContourSequence = [c for c in item.ContourSequence if wanted(float(c.ContourData[2]))]

    def scale_dose(self, factor: float) -> None:
        """Multiply every dose by a factor."""
        if self.clean.plan_dose.grid is None:
            raise Impossible("there is no plan dose")
        for dose in self.doses:
            dose.DoseGridScaling = f"{float(dose.DoseGridScaling) * factor:.10g}"

    def dose_values(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return dose in Gy and node coordinates, shapes (planes, rows, columns[, 3])."""
        grid = self.clean.plan_dose.grid
        stored = _pixels(self.dose)
        if grid is None or stored.shape != grid.values_gy.shape:
            raise Impossible("the dose is no plain grid")
        along = np.stack(
            np.meshgrid(grid.plane_mm, grid.row_mm, grid.column_mm, indexing="ij"), axis=-1
        )
        return stored * float(self.dose.DoseGridScaling), grid.origin_mm + along @ grid.axes

    def set_dose(self, values_gy: NDArray[np.float64]) -> None:
        """Store a dose in Gy of the same shape."""
        dose = self.dose
        highest = 2 ** int(dose.BitsAllocated) - 1
        scaling = max(float(dose.DoseGridScaling), float(values_gy.max()) / highest * 1.0001)
        dose.DoseGridScaling = f"{scaling:.10g}"
        stored = np.rint(values_gy / float(dose.DoseGridScaling))
        dose.PixelData = stored.astype(f"<u{int(dose.BitsAllocated) // 8}").tobytes()
        dose["PixelData"].VR = "OW"

    def _contoured(self) -> "Iterator[Dataset]":
        for item in self.structures.get("ROIContourSequence") or []:
            if item.get("ContourSequence"):
                yield item


def _read(path: str | Path) -> "Dataset":
    from pydicom import dcmread  # noqa: PLC0415 - heavy

    return dcmread(path, force=True)


def _pixels(dose: "Dataset") -> NDArray[np.float64]:
    if dose.file_meta.get("TransferSyntaxUID") and dose.file_meta.TransferSyntaxUID.is_compressed:
        dose.decompress()
    return np.asarray(dose.pixel_array, dtype=float)


def _save(dataset: "Dataset", path: Path) -> None:
    from pydicom.dataset import FileMetaDataset  # noqa: PLC0415 - heavy
    from pydicom.uid import ImplicitVRLittleEndian  # noqa: PLC0415

    if not hasattr(dataset, "file_meta"):
        dataset.file_meta = FileMetaDataset()
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.save_as(path, enforce_file_format=True)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
