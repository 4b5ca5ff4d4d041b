"""Which objects the reader knows, by SOP Class UID (PS3.4 B.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from planchecker.reading.syntaxes import name_of

__all__ = ["SOP_CLASSES", "Kind", "SopClass", "why_foreign"]


class Kind(Enum):
    """What an object becomes."""

    PLAN = auto()
    STRUCTURES = auto()
    DOSE = auto()
    IMAGE = auto()
    REGISTRATION = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class SopClass:
    """One SOP class that is read, and the Modality its objects carry."""

    kind: Kind
    modality: str


SOP_CLASSES: Mapping[str, SopClass] = {
    "1.2.840.10008.5.1.4.1.1.481.5": SopClass(kind=Kind.PLAN, modality="RTPLAN"),
    "1.2.840.10008.5.1.4.1.1.481.8": SopClass(kind=Kind.PLAN, modality="RTPLAN"),
    "1.2.840.10008.5.1.4.1.1.481.3": SopClass(kind=Kind.STRUCTURES, modality="RTSTRUCT"),
    "1.2.840.10008.5.1.4.1.1.481.2": SopClass(kind=Kind.DOSE, modality="RTDOSE"),
    "1.2.840.10008.5.1.4.1.1.2": SopClass(kind=Kind.IMAGE, modality="CT"),
    "1.2.840.10008.5.1.4.1.1.4": SopClass(kind=Kind.IMAGE, modality="MR"),
    "1.2.840.10008.5.1.4.1.1.128": SopClass(kind=Kind.IMAGE, modality="PT"),
    "1.2.840.10008.5.1.4.1.1.66.1": SopClass(kind=Kind.REGISTRATION, modality="REG"),
}

_REASONS: Mapping[str, str] = {
    "1.2.840.10008.5.1.4.1.1.66.3": "deformable registrations are not used; only rigid ones are",
    "1.2.840.10008.5.1.4.1.1.2.1": "multi-frame CT is not read; export classic CT slices",
    "1.2.840.10008.5.1.4.1.1.4.1": "multi-frame MR is not read; export classic MR slices",
    "1.2.840.10008.5.1.4.1.1.481.1": "RT Image is not used",
    "1.2.840.10008.1.3.10": "a DICOMDIR index is not used; its files are found by themselves",
}


def why_foreign(sop_class_uid: str) -> str:
    """Say why an object of another SOP class is not used.

    Examples
    --------
    >>> why_foreign("1.2.840.10008.5.1.4.1.1.481.1")
    'RT Image is not used'
    >>> why_foreign("1.2.3")
    "SOP class '1.2.3' is not used"
    """
    if sop_class_uid in _REASONS:
        return _REASONS[sop_class_uid]
    return f"SOP class {name_of(sop_class_uid)!r} is not used"
