"""What may hold two objects together."""

from collections.abc import Collection as Uids

from planchecker.case import LinkKind, Patient

__all__ = ["bond", "patients_differ"]


def bond(
    one: Patient, one_frames: Uids[str], other: Patient, other_frames: Uids[str]
) -> LinkKind | None:
    """Say what two objects share that do not name each other.

    Returns
    -------
    LinkKind or None
        `FRAME_OF_REFERENCE` where both state one and it is the same. `PATIENT` where the
        patient is the same and at least one of them states no frame of reference. None where
        the patients or the frames of reference differ, or nothing is known.

    Examples
    --------
    >>> one, other = Patient(id="A"), Patient(id="B")
    >>> bond(one, {"1.2"}, one, {"1.2"})
    <LinkKind.FRAME_OF_REFERENCE: 'frame of reference'>
    >>> bond(one, {"1.2"}, one, ())
    <LinkKind.PATIENT: 'patient'>
    >>> bond(one, {"1.2"}, other, {"1.2"}) is None
    True
    """
    if patients_differ(one, other):
        return None
    if one_frames and other_frames:
        shared = set(one_frames) & set(other_frames)
        return LinkKind.FRAME_OF_REFERENCE if shared else None
    return LinkKind.PATIENT if _key(one) and _key(one) == _key(other) else None


def patients_differ(one: Patient, other: Patient) -> bool:
    """Whether both state a Patient ID and the two are not the same.

    Examples
    --------
    >>> patients_differ(Patient(id="a1 "), Patient(id="A1"))
    False
    >>> patients_differ(Patient(id="A1"), Patient())
    False
    """
    return bool(_key(one) and _key(other)) and _key(one) != _key(other)


def _key(patient: Patient) -> str:
    return patient.id.strip().casefold()
