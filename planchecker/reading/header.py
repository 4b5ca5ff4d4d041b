"""What is read of an object before all else: who it is, whose it is, what it names."""

import hashlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from planchecker.errors import ReadError
from planchecker.reading.dataset import parse
from planchecker.reading.elements import Elements
from planchecker.reading.items import PIXEL_DATA
from planchecker.reading.limits import DEFAULT_LIMITS
from planchecker.reading.sop_classes import SOP_CLASSES, Kind

__all__ = ["Header", "is_uid", "linked", "read_header", "safe_name"]

# Python's switch for warnings, which the parser uses, belongs to the process.
_ONE_AT_A_TIME = threading.Lock()
_REFERENCES = (
    "ReferencedRTPlanSequence",
    "ReferencedStructureSetSequence",
    "ReferencedDoseSequence",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """Identity of one object; texts are empty where absent.

    Parameters
    ----------
    kind
        None for a SOP class that is not used.
    owner
        What keeps the objects of one patient together: a digest of the Patient ID, else of
        the Study Instance UID.
    names
        SOP Instance UIDs of the plans, structure sets and doses it names.
    plans
        Those of them that stand in the Referenced RT Plan Sequence.
    label
        RT Plan Label.
    frames
        Frames of reference it lies in; of a registration also those it leads from.
    named_series, named_images
        Image series that a structure set names; single images only where it names no series.
    """

    sop_class_uid: str
    sop_instance_uid: str
    kind: Kind | None
    owner: str
    study_uid: str = ""
    series_uid: str = ""
    patient_id: str = ""
    label: str = ""
    names: frozenset[str] = frozenset()
    plans: frozenset[str] = frozenset()
    frames: frozenset[str] = frozenset()
    named_series: frozenset[str] = frozenset()
    named_images: frozenset[str] = frozenset()

    @property
    def is_image(self) -> bool:
        """Whether it is one slice of an image; those name nothing and are many."""
        return self.kind is Kind.IMAGE


def read_header(data: bytes, *, whole: bool = True) -> Header:
    """Read the header of one file held in memory.

    Parameters
    ----------
    whole
        False where the bytes are only the beginning of the file: they must reach into its
        pixel data, for a header may go on to there.

    Raises
    ------
    ReadError
        If the bytes are no DICOM data set, or end too early.
    """
    with _ONE_AT_A_TIME:
        dataset = parse(data, limits=DEFAULT_LIMITS)
        if not whole and PIXEL_DATA not in dataset.elements:
            raise ReadError("the beginning of the file does not reach its pixel data")
        elements = Elements(dataset.elements, [], character_sets=dataset.character_sets)
        sop_class = elements.text("SOPClassUID") or dataset.media_sop_class_uid
        known = SOP_CLASSES.get(sop_class)
        kind = known.kind if known else None
        series, images = _images(elements) if kind is Kind.STRUCTURES else ((), ())
        patient, study = elements.text("PatientID"), elements.text("StudyInstanceUID")
        return Header(
            sop_class_uid=sop_class,
            sop_instance_uid=elements.text("SOPInstanceUID"),
            kind=kind,
            owner=_owner(patient, study),
            study_uid=study,
            series_uid=elements.text("SeriesInstanceUID"),
            patient_id=patient,
            label=elements.text("RTPlanLabel") if kind is Kind.PLAN else "",
            names=frozenset() if kind is Kind.IMAGE else frozenset(_named(elements, _REFERENCES)),
            plans=frozenset(_named(elements, _REFERENCES[:1]))
            if kind is Kind.DOSE
            else frozenset(),
            frames=frozenset(_frames(elements, kind)) - {""},
            named_series=frozenset(series) - {""},
            named_images=frozenset(images) - {""} if not any(series) else frozenset(),
        )


def linked(mine: Iterable[Header]) -> Callable[[Header], bool]:
    """Return what says of an object of others whether it belongs with these.

    It does where it names one of them or is named by one: a dose that names a plan of another
    patient must be seen with that plan, or keeping them apart would hide the contradiction.
    """
    objects = [header for header in mine if not header.is_image]
    own = {header.sop_instance_uid for header in objects}
    named = frozenset[str]().union(*(header.names for header in objects))
    return lambda other: (
        not other.is_image and (other.sop_instance_uid in named or not own.isdisjoint(other.names))
    )


def _named(elements: Elements, keywords: Iterable[str]) -> Iterator[str]:
    for keyword in keywords:
        for item in elements.items(keyword):
            if uid := item.text("ReferencedSOPInstanceUID"):
                yield uid


def _frames(elements: Elements, kind: Kind | None) -> Iterator[str]:
    yield elements.text("FrameOfReferenceUID")
    if kind is Kind.STRUCTURES:
        for item in elements.items("ReferencedFrameOfReferenceSequence"):
            yield item.text("FrameOfReferenceUID")
        for item in elements.items("StructureSetROISequence"):
            yield item.text("ReferencedFrameOfReferenceUID")
    elif kind in (Kind.REGISTRATION, None):
        for item in elements.items("RegistrationSequence"):
            yield item.text("FrameOfReferenceUID")
        for item in elements.items("DeformableRegistrationSequence"):
            yield item.text("SourceFrameOfReferenceUID")


def _images(elements: Elements) -> tuple[list[str], list[str]]:
    series = [
        item
        for frame in elements.items("ReferencedFrameOfReferenceSequence")
        for study in frame.items("RTReferencedStudySequence")
        for item in study.items("RTReferencedSeriesSequence")
    ]
    images = [
        image.text("ReferencedSOPInstanceUID")
        for item in series
        for image in item.items("ContourImageSequence")
    ]
    return [item.text("SeriesInstanceUID") for item in series], images


def _owner(patient_id: str, study_uid: str) -> str:
    patient = patient_id.strip().casefold()
    if patient:
        return safe_name("patient", patient)
    return safe_name("study", study_uid) if study_uid else safe_name("nobody", "")


def safe_name(*parts: str) -> str:
    r"""Turn text of any kind into a file name of 32 hexadecimal digits.

    Examples
    --------
    >>> safe_name("patient", "../../etc/passwd")
    '9578bb037bd35f1d1d7ca71069378b03'
    """
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def is_uid(text: str) -> bool:
    """Whether the text is a UID as PS3.5 9.1 has it, and so safe as a file name.

    Examples
    --------
    >>> is_uid("1.2.840.10008"), is_uid("1..2"), is_uid("../1"), is_uid("1.2.")
    (True, False, False, False)
    """
    return len(text) <= 64 and re.fullmatch(r"[0-9]+(\.[0-9]+)*", text, re.ASCII) is not None
