"""Write a sample as a folder of DICOM files."""

from pathlib import Path

from sample_dicom.cases import CASES

__all__ = ["available", "write"]


def available() -> tuple[str, ...]:
    """Return the ids of all samples.

    Examples
    --------
    >>> available()[0]
    'spine-sbrt-24-in-2'
    """
    return tuple(CASES)


def write(case_id: str, directory: str | Path) -> tuple[Path, ...]:
    """Calculate a sample and write its CT slices, structure set, plan and dose.

    Parameters
    ----------
    case_id
        One of `available`.
    directory
        Where the files go; made if it does not exist. Files of the same name are replaced.

    Returns
    -------
    tuple of Path
        The files: plan, structure set, dose, then the slices from the feet to the head.

    Raises
    ------
    ValueError
        If there is no such sample.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = write("long-bone-8-in-1", folder)
    ...     [file.name for file in files[:4]]
    ['RP.dcm', 'RS.dcm', 'RD.dcm', 'CT.001.dcm']
    """
    # Numerical code and the DICOM library are only needed once something is written.
    from sample_dicom.recipes import RECIPES  # noqa: PLC0415
    from sample_dicom.write_dose import write_dose  # noqa: PLC0415
    from sample_dicom.write_images import write_images  # noqa: PLC0415
    from sample_dicom.write_plan import write_plan  # noqa: PLC0415
    from sample_dicom.write_structures import write_structures  # noqa: PLC0415

    if case_id not in CASES:
        raise ValueError(f"there is no sample {case_id!r}; there are {', '.join(CASES)}")
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    course = RECIPES[case_id](CASES[case_id].wording)
    return (
        write_plan(course, folder),
        write_structures(course, folder),
        write_dose(course, folder),
        *write_images(course, folder),
    )
