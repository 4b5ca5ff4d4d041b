"""DVHs that the planning system stored in the RT Dose."""

import numpy as np
from numpy.typing import NDArray

from planchecker.case import StoredDvh
from planchecker.reading.elements import Elements

__all__ = ["read_stored_dvhs"]


def read_stored_dvhs(dose: Elements) -> tuple[StoredDvh, ...]:
    """Read the DVH Sequence; what cannot be read as one curve of one ROI is left out.

    DVH Data (3004,0058) are pairs of bin width and volume. `StoredDvh.dose` holds the lower
    edge of each bin, so that a cumulative curve begins with the whole volume at dose 0.
    A DIFFERENTIAL curve is summed from its high end to a cumulative one; `dvh_type` still says
    how it was stored.
    """
    curves = []
    for position, item in enumerate(dose.items("DVHSequence"), start=1):
        try:
            curves.append(_curve(item))
        except ValueError as error:
            dose.notes.append(f"stored DVH {position} is left out: {error}")
    return tuple(curves)


def _curve(item: Elements) -> StoredDvh:
    kind = item.text("DVHType")
    if kind not in ("CUMULATIVE", "DIFFERENTIAL"):
        raise ValueError(f"its type is {kind!r}")
    pairs = np.array(item.numbers("DVHData"))
    if not pairs.size or pairs.size % 2:
        raise ValueError(f"its data hold {pairs.size} numbers, not pairs")
    scaling = item.number("DVHDoseScaling") if item.holds("DVHDoseScaling") else 1.0
    if scaling is None or scaling <= 0:
        raise ValueError(f"its dose scaling is {scaling!r}")
    widths, volume = pairs[0::2] * scaling, pairs[1::2]
    if (widths < 0).any():
        raise ValueError("it holds negative bin widths")
    if kind == "DIFFERENTIAL":
        volume = np.cumsum(volume[::-1])[::-1]
    return StoredDvh(
        roi_number=_roi_number(item),
        dvh_type=kind,
        dose_units=item.text("DoseUnits"),
        volume_units=item.text("DVHVolumeUnits"),
        dose=_frozen(np.cumsum(widths) - widths),
        volume=_frozen(volume),
        stated_minimum=item.number("DVHMinimumDose"),
        stated_mean=item.number("DVHMeanDose"),
        stated_maximum=item.number("DVHMaximumDose"),
    )


def _roi_number(item: Elements) -> int:
    rois = tuple(item.items("DVHReferencedROISequence"))
    if len(rois) != 1 or rois[0].text("DVHROIContributionType") == "EXCLUDED":
        raise ValueError(f"it stands for {len(rois)} ROIs, not for one that is included")
    number = rois[0].integer("ReferencedROINumber")
    if number is None:
        raise ValueError("it names no ROI number")
    return number


def _frozen(values: NDArray[np.float64]) -> NDArray[np.float64]:
    array = np.array(values)
    array.flags.writeable = False
    return array
