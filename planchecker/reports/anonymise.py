"""Reports without anything that leads back to a patient."""

import re
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Final

from planchecker.case import InputFile, Patient
from planchecker.results import Report

__all__ = ["anonymised", "without_traces"]

_UID: Final = re.compile(r"\b[0-2](?:\.\d+){3,}\b")
_DATES: Final = re.compile(
    r"\b(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\b"
    r"|\b(?:19|20)\d{2}-\d{1,2}-\d{1,2}\b"
    r"|\b\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d{2}\b"
)
_PATHS: Final = re.compile(
    r"(?:[A-Za-z]:)?(?:[^\s\\/:;,]*[\\/]){2,}[^\s\\/:;,]*|[A-Za-z]:\\[^\s:;,]*"
)
_SHORTEST_NAME: Final = 3
_LONG_NAME: Final = 5
_WITHHELD: Final = "withheld"


def anonymised(report: Report) -> Report:
    """Return the report without name, ID, date, UID, path or input hash.

    Plan label and labels of structure sets go too. In every other text (ROI names, messages,
    notes) the words of the patient's name and ID, dates and UIDs are replaced. Attestations go,
    for they name people and rest on the input hashes. The pictures stay: they hold no text but
    ROI names.

    Examples
    --------
    >>> anonymised(Report(findings=(), notes=("dose 1.2.840.113619.2.55.3 of 20240131",))).notes
    ('dose [UID] of [date]',)
    """
    scrub = _scrubber(report)
    cleaned: Report = _walk(
        replace(
            report,
            inputs=tuple(_file(file, i) for i, file in enumerate(report.inputs, start=1)),
            attestations=(),
        ),
        scrub,
    )
    new = dict(zip(report.ids, cleaned.ids, strict=True))
    cleaned = replace(
        cleaned,
        reliefs=tuple(replace(r, finding=new.get(r.finding, "")) for r in cleaned.reliefs),
        scenes=tuple(replace(s, finding=new.get(s.finding, "")) for s in cleaned.scenes),
    )
    if cleaned.plan is None:
        return cleaned
    plan = replace(
        cleaned.plan, label=_WITHHELD, sop_instance_uid="", patient_id="", patient_name=_WITHHELD
    )
    return replace(cleaned, plan=plan)


def without_traces(text: str) -> str:
    """Return a text without the paths, UIDs and dates in it; names it cannot know.

    Examples
    --------
    >>> without_traces("/plans/doe/RP.dcm of 20240131 is cut")
    '[path] of [date] is cut'
    """
    return _DATES.sub("[date]", _UID.sub("[UID]", _PATHS.sub("[path]", text)))


def _file(file: InputFile, index: int) -> InputFile:
    return replace(
        file,
        path=f"file-{index:04d}.dcm",
        sop_instance_uid="",
        sha256="",
        patient=Patient(),
        frame_of_reference_uid="",
    )


def _scrubber(report: Report) -> Callable[[str], str]:
    secret = sorted(_secrets(report), key=lambda word: (-len(word), word))
    words = re.compile("|".join(map(_pattern, secret)), re.IGNORECASE) if secret else None

    def scrub(text: str) -> str:
        shorter = words.sub("[withheld]", text) if words else text
        return without_traces(shorter)

    return scrub


def _pattern(word: str) -> str:
    """Match a long word anywhere (PTVDUPONT), a short one only apart from letters (not Dmax)."""
    if len(word) >= _LONG_NAME or not word.isalpha():
        return re.escape(word)
    return rf"(?<![^\W\d_]){re.escape(word)}(?![^\W\d_])"


def _secrets(report: Report) -> set[str]:
    names: list[str] = []
    whole: list[str] = []
    if report.plan is not None:
        names += [report.plan.patient_name, report.plan.patient_id]
        whole += [report.plan.label.strip(), report.plan.sop_instance_uid]
    for file in report.inputs:
        names += [file.patient.name, file.patient.id, file.patient.birth_date]
        path = PurePosixPath(file.path.replace("\\", "/"))
        whole += [file.path, path.name, *(str(up) for up in path.parents if len(up.parts) > 1)]
        whole += [file.sop_instance_uid, file.frame_of_reference_uid, file.sha256]
    found = {*whole, *(word for name in names for word in _words(name))}
    return {word for word in found if len(word) >= _SHORTEST_NAME}


def _words(name: str) -> Iterable[str]:
    yield name.strip()
    yield from re.split(r"[\^=\s,]+", name)


def _walk(value: Any, scrub: Callable[[str], str]) -> Any:
    """Scrub every text of a report; statuses and numbers stay."""
    if type(value) is str:
        return scrub(value)
    if isinstance(value, tuple):
        return tuple(_walk(one, scrub) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        changes = {
            field.name: _walk(getattr(value, field.name), scrub)
            for field in fields(value)
            if field.init and field.name not in _KEPT
        }
        return replace(value, **changes)
    return value


_KEPT: Final = (
    "code",
    "confidence",
    "finding",
    "id",
    "indication",
    "matched",
    "runners_up",
    "sop_class_uid",
    "modality",
    "metric",
    "unit",
    "comparison",
    "guideline",
    "source",
    "doi",
    "evidence",
    "protocol",
    "protocol_sha256",
    "site_sha256",
    "library_version",
    "library_sha256",
    "program_version",
)
"""Words of the program and of publications: no export fills them."""
