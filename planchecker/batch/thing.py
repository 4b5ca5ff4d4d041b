"""What is sorted into jobs: single objects, and image series taken as one."""

from dataclasses import dataclass

__all__ = ["Source", "Thing", "patient_key"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Thing:
    """One object, or all slices of one image series in one folder.

    Parameters
    ----------
    row
        Its row in the tree; of a series any one of its rows.
    kind
        ``plan``, ``structures``, ``dose``, ``registration``, ``deformable``, ``series`` or
        ``damaged``.
    uid
        SOP Instance UID; of a series its Series Instance UID.
    patient
        Patient ID as `patient_key` has it; empty where none is stated.
    names
        SOP Instance UIDs of plans, structure sets and doses it names.
    named_series, named_images
        Images that a structure set names.
    """

    row: int
    kind: str
    path: str = ""
    folder: str = ""
    uid: str = ""
    sha256: str = ""
    patient: str = ""
    study: str = ""
    label: str = ""
    frames: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    named_series: frozenset[str] = frozenset()
    named_images: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One file of a job.

    Parameters
    ----------
    label
        Its path as reports show it.
    path
        Where the worker finds it: the absolute path, or a name within the job's own folder
        where the bytes travel with the job.
    sha256
        What the inventory saw; empty where it could not be read.
    content
        The bytes, where they travel with the job.
    """

    label: str
    path: str
    sop_instance_uid: str
    sha256: str
    size: int = 0
    content: bytes | None = None


def patient_key(patient_id: str) -> str:
    """Return what two Patient IDs are compared by, as the checks do.

    Examples
    --------
    >>> patient_key(" p01") == patient_key("P01")
    True
    """
    return patient_id.strip().casefold()
