"""RT Dose to `DoseObject`."""

from planchecker.case import DoseObject
from planchecker.dosimetry.dose import DoseGrid
from planchecker.errors import DoseError
from planchecker.reading.dataset import DataSet
from planchecker.reading.elements import Elements
from planchecker.reading.grid_geometry import read_geometry
from planchecker.reading.grid_values import read_stored, scale
from planchecker.reading.limits import ReadLimits
from planchecker.reading.stored_dvh import read_stored_dvhs

__all__ = ["read_dose"]


def read_dose(elements: Elements, dataset: DataSet, *, limits: ReadLimits) -> DoseObject:
    """Read one RT Dose; without a usable grid in Gy it comes out with `problem`, never fatal.

    Parameters
    ----------
    elements
        View of `dataset` that takes the notes.
    """
    grid, problem = None, ""
    try:
        grid = _read_grid(elements, dataset, limits)
    except DoseError as error:
        problem = str(error)
    plans = tuple(elements.items("ReferencedRTPlanSequence"))
    groups = [group for plan in plans for group in plan.items("ReferencedFractionGroupSequence")]
    numbers = [group.integer("ReferencedFractionGroupNumber") for group in groups]
    stored_dvhs = read_stored_dvhs(elements)
    return DoseObject(
        sop_instance_uid=elements.text("SOPInstanceUID"),
        patient=elements.patient(),
        units=elements.text("DoseUnits"),
        dose_type=elements.text("DoseType"),
        summation=elements.text("DoseSummationType"),
        grid=grid,
        problem=problem,
        plan_uids=tuple(
            dict.fromkeys(uid for p in plans if (uid := p.text("ReferencedSOPInstanceUID")))
        ),
        structure_set_uid=_structure_set_uid(elements),
        beam_numbers=_beam_numbers(groups),
        fraction_group=numbers[0] if len(numbers) == 1 else None,
        frame_of_reference_uid=elements.text("FrameOfReferenceUID"),
        comment=elements.text("DoseComment"),
        heterogeneity=elements.texts("TissueHeterogeneityCorrection"),
        stored_dvhs=stored_dvhs,
        notes=tuple(elements.notes),
    )


def _read_grid(elements: Elements, dataset: DataSet, limits: ReadLimits) -> DoseGrid:
    units = elements.text("DoseUnits")
    if units != "GY":
        raise DoseError(f"Dose Units (3004,0002) are {units!r}, not 'GY'; export the dose in Gy")
    if elements.text("DoseType") == "ERROR":
        raise DoseError("Dose Type (3004,0004) is 'ERROR': a difference, not a dose")
    shape = _shape(elements, limits)
    scaling = elements.number("DoseGridScaling")
    if scaling is None or scaling <= 0:
        raise DoseError(
            f"Dose Grid Scaling (3004,000E) must be a positive number, got {scaling!r}; "
            "export the dose again"
        )
    geometry = read_geometry(elements, shape=shape)
    stored = read_stored(dataset, shape=shape)
    return DoseGrid(
        values_gy=scale(stored, scaling=scaling, frame_order=geometry.frame_order),
        origin_mm=geometry.origin_mm,
        axes=geometry.axes,
        plane_mm=geometry.plane_mm,
        row_mm=geometry.row_mm,
        column_mm=geometry.column_mm,
    )


def _shape(elements: Elements, limits: ReadLimits) -> tuple[int, int, int]:
    rows, columns = elements.integer("Rows"), elements.integer("Columns")
    frames = elements.integer("NumberOfFrames") if elements.holds("NumberOfFrames") else 1
    if rows is None or columns is None or frames is None or min(rows, columns, frames) < 1:
        raise DoseError(
            f"the dose has {frames!r} frames of {rows!r} rows and {columns!r} columns; "
            "export the dose grid with its voxels"
        )
    if rows * columns * frames > limits.max_dose_voxels:
        raise DoseError(
            f"{frames} frames of {rows} rows and {columns} columns are more than the limit of "
            f"{limits.max_dose_voxels} voxels"
        )
    if min(rows, columns, frames) < 2:
        raise DoseError(
            f"the dose is a plane of {frames} x {rows} x {columns} voxels, not a volume; "
            "export the dose of the whole plan as a volume"
        )
    return frames, rows, columns


def _structure_set_uid(elements: Elements) -> str:
    uids = (
        item.text("ReferencedSOPInstanceUID")
        for item in elements.items("ReferencedStructureSetSequence")
    )
    return next((uid for uid in uids if uid), "")


def _beam_numbers(groups: list[Elements]) -> tuple[int, ...]:
    numbers = (
        beam.integer("ReferencedBeamNumber")
        for group in groups
        for beam in group.items("ReferencedBeamSequence")
    )
    return tuple(dict.fromkeys(number for number in numbers if number is not None))
