"""Seeded errors of the images."""

import numpy as np

from planchecker.commission.export import Export, new_uid
from planchecker.commission.model import Impossible, Mutation
from planchecker.commission.seeding import seed

__all__ = ["MUTATIONS"]


def _other_scan(export: Export) -> None:
    series = new_uid("other scan")
    for number, image in enumerate(export.images):
        image.SeriesInstanceUID = series
        image.SOPInstanceUID = new_uid(f"other slice {number}")


def _no_images(export: Export) -> None:
    del export.images[:]


def _missing_slice(export: Export) -> None:
    if len(export.images) < 5:
        raise Impossible("there are fewer than five slices")
    del export.images[len(export.images) // 2]


def _image_frame(export: Export) -> None:
    for image in export.images:
        image.FrameOfReferenceUID = new_uid("other frame")


def _feet_first(export: Export) -> None:
    stated = str(export.images[0].get("PatientPosition") or "")
    if len(stated) != 3:
        raise Impossible("the images state no plain patient position")
    for image in export.images:
        image.PatientPosition = ("FF" if stated.startswith("HF") else "HF") + stated[2]


def _moved_slice(export: Export) -> None:
    if len(export.images) < 5:
        raise Impossible("there are fewer than five slices")
    image = export.images[len(export.images) // 2]
    x, y, z = (float(value) for value in image.ImagePositionPatient)
    image.ImagePositionPatient = [x, y, round(z + 0.4, 3)]


def _thick_slices(export: Export) -> None:
    from planchecker.checks.image_stack import is_plain_field  # noqa: PLC0415

    if is_plain_field(export.clean):
        raise Impossible("a plain palliative field is asked for no slice spacing")
    if len(export.images) < 20:
        raise Impossible("there are fewer than twenty slices")
    export.images = export.images[::4]


def _tilted(export: Export) -> None:
    for image in export.images:
        image.GantryDetectorTilt = "7"


def _short_scan(export: Export) -> None:
    heights = export.heights(export.first(names=("PTV", "CTV", "GTV")))
    low, high = heights[0], heights[-1]
    kept = [i for i in export.images if low - 4 < float(i.ImagePositionPatient[2]) < high + 4]
    if len(kept) < 2:
        raise Impossible("fewer than two slices lie on the target")
    export.images = kept


def _small_view(export: Export) -> None:
    for image in export.images:
        image.ReconstructionDiameter = "150"


def _contrast(export: Export) -> None:
    for image in export.images:
        image.ContrastBolusAgent = "IOMERON 300"


def _override_body(export: Export) -> None:
    _override(export, export.first("external"), 1.0)


def _override_absurd(export: Export) -> None:
    _override(export, export.first("organ", "target"), 100.0)


def _override(export: Export, number: int, value: float) -> None:
    from pydicom.dataset import Dataset  # noqa: PLC0415 - heavy

    item = Dataset()
    item.ROIPhysicalProperty = "REL_MASS_DENSITY"
    item.ROIPhysicalPropertyValue = value
    export.observation(number).ROIPhysicalPropertiesSequence = [item]


def _metal(export: Export) -> None:
    """Put a rod of metal through the middle of the target's slices."""
    target = export.contours(export.first(names=("PTV", "CTV", "GTV")))
    points = np.concatenate([export.points(c) for c in target.ContourSequence])
    middle = points.mean(axis=0)
    low, high = points[:, 2].min(), points[:, 2].max()
    for image in export.images:
        corner = np.array(image.ImagePositionPatient, dtype=float)
        if not low <= corner[2] <= high:
            continue
        rows_mm, columns_mm = (float(value) for value in image.PixelSpacing)
        column = round((middle[0] - corner[0]) / columns_mm)
        row = round((middle[1] - corner[1]) / rows_mm)
        pixels = np.array(image.pixel_array)
        stored = (3071 - float(image.RescaleIntercept)) / float(image.RescaleSlope)
        half = max(1, round(4 / rows_mm))
        pixels[row - half : row + half, column - half : column + half] = stored
        image.PixelData = pixels.tobytes()
        image["PixelData"].VR = "OW"


MUTATIONS: tuple[Mutation, ...] = (
    seed(
        "other-scan",
        "IM001",
        "fail",
        "another scan of the patient",
        r"not those the structures were drawn on",
        _other_scan,
    ),
    seed(
        "no-images",
        "IM001",
        "not-evaluated fail",
        "no images exported",
        r"there are no images|not those",
        _no_images,
    ),
    seed(
        "slice-not-exported",
        "IM001",
        "not-evaluated",
        "one slice not exported",
        r"1 of \d+ slices .* missing",
        _missing_slice,
    ),
    seed(
        "image-frame",
        "IM002",
        "fail",
        "images in another frame of reference",
        r"another frame of reference",
        _image_frame,
    ),
    seed("feet-first", "IM003", "fail", "scan turned head to feet", r"the plan says", _feet_first),
    seed(
        "slice-missing",
        "IM004",
        "manual",
        "one slice missing in the stack",
        r"gaps differ",
        _missing_slice,
    ),
    seed("slice-moved", "IM004", "manual", "one slice out of place", r"gaps differ", _moved_slice),
    seed(
        "thick-slices",
        "IM005",
        "manual warn",
        "every fourth slice only",
        r"mm apart",
        _thick_slices,
    ),
    seed("tilted-scan", "IM006", "fail", "gantry of the scanner tilted", r"tilted by 7", _tilted),
    seed(
        "short-scan",
        "IM007",
        "manual fail",
        "scan ends with the target",
        r"reaches only|beyond the scan",
        _short_scan,
    ),
    seed(
        "small-view",
        "IM008",
        "manual fail",
        "field of view cuts the body",
        r"field of view",
        _small_view,
    ),
    seed("contrast", "IM009", "manual", "contrast without an override", r"iomeron", _contrast),
    seed(
        "override-body",
        "IM010",
        "manual",
        "density override left on the body",
        r"it is the body",
        _override_body,
    ),
    seed(
        "override-absurd",
        "IM010",
        "manual",
        "density typed in percent",
        r"absurd",
        _override_absurd,
    ),
    seed(
        "metal", "IM011", "manual", "metal in the target without a contour", r"cc of metal", _metal
    ),
)
