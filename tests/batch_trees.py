"""Trees of small synthetic cases: cheap to write, cheap to check."""

from pathlib import Path

import numpy as np
from dicom_factory import contour, item, make_dose, make_image, make_plan, make_structures, save
from pydicom.sequence import Sequence

SIDE = ((-8.0, -8.0), (8.0, -8.0), (8.0, 8.0), (-8.0, 8.0))


def uid(patient: int, what: int) -> str:
    return f"1.2.826.{patient + 1}.{what}"


def who(patient: int) -> dict[str, str]:
    return {"PatientID": f"P{patient:05d}", "PatientName": f"Doe^N{patient}"}


def write_plan(
    folder: Path,
    patient: int,
    *,
    number: int = 0,
    label: str = "",
    structures: str | None = None,
    frame: str | None = None,
    owner: int | None = None,
) -> Path:
    """Write one plan; `number` tells the plans of a patient apart."""
    plan = make_plan(
        uid(patient, 10 + number),
        structures=uid(patient, 1) if structures is None else structures,
        RTPlanLabel=label or f"T{patient}.{number}",
        FrameOfReferenceUID=frame or uid(patient, 3),
        **who(patient if owner is None else owner),
    )
    return save(plan, folder / f"RP.{number}.dcm")


def write_dose(folder: Path, patient: int, *, number: int = 0, frame: str | None = None) -> Path:
    levels = np.full((7, 12, 12), 300) + number
    dose = make_dose(
        uid(patient, 20 + number),
        stored=levels,
        plan=uid(patient, 10 + number),
        ImagePositionPatient=[-18, -18, -9],
        PixelSpacing=[3, 3],
        GridFrameOffsetVector=[3.0 * n for n in range(7)],
        FrameOfReferenceUID=frame or uid(patient, 3),
        **who(patient),
    )
    return save(dose, folder / f"RD.{number}.dcm")


def write_structures(folder: Path, patient: int) -> Path:
    found = make_structures(
        uid(patient, 1),
        rois={1: "PTV", 2: "SpinalCord"},
        contours={n: [contour(z, points=SIDE) for z in (-3, 0, 3)] for n in (1, 2)},
        frame=uid(patient, 3),
        **who(patient),
    )
    series = item(SeriesInstanceUID=uid(patient, 4))
    found.ReferencedFrameOfReferenceSequence = Sequence(
        [
            item(
                FrameOfReferenceUID=uid(patient, 3),
                RTReferencedStudySequence=[item(RTReferencedSeriesSequence=[series])],
            )
        ]
    )
    return save(found, folder / "RS.dcm")


def write_images(folder: Path, patient: int, *, slices: int = 2) -> list[Path]:
    return [
        save(
            make_image(
                uid(patient, 100 + n),
                z_mm=3.0 * n,
                SeriesInstanceUID=uid(patient, 4),
                FrameOfReferenceUID=uid(patient, 3),
                **who(patient),
            ),
            folder / f"CT.{n}.dcm",
        )
        for n in range(slices)
    ]


def write_case(folder: Path, patient: int, *, label: str = "", slices: int = 1) -> Path:
    """Write plan, structures, dose and a few slices of one patient into a folder."""
    write_plan(folder, patient, label=label)
    write_structures(folder, patient)
    write_dose(folder, patient)
    write_images(folder, patient, slices=slices)
    return folder
