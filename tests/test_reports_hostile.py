"""Names of an export that want to do harm, in every format and language."""

import json
from dataclasses import replace

import pytest
from golden.hand_built import EVERYTHING

from planchecker.reports import DOCUMENTS, RENDERERS, Style, render, render_document
from planchecker.reports.anonymise import anonymised
from planchecker.results import Finding, Report, Status

NAMES = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "'; alert(1); //",
    "{{ 7 * 7 }}{% raw %}",
    "\u202ePTV\u202c\u2066x\u2069\u200b",
    "\x1b[2J\x1b]0;owned\x07\x00",
    "PTV\u2028PTV\u2029PTV\nPTV",
    "=cmd|' /C calc'!A0",
    "A" * 4096,
    "<b>" * 1365 + "!",
    "{0}: {1}, ",
    "no answer",
    "Ж中🦴é",
]
FORBIDDEN = ("\u202e", "\u2066", "\u200b", "\x1b", "\x07", "\x00", "\u2028")
OPEN = ("<img src=x", "<script>alert", "<b><b>")
HARMLESS = [name for name in RENDERERS if name != "json"]


def hostile(name: str) -> Report:
    """A report in which one structure, its findings, curves and pictures carry a name."""
    findings = tuple(
        replace(one, subject=name, message=f"{name} Dmax 21.56 Gy, limit <= 17 Gy: exceeded.")
        if one.roi_number is not None
        else replace(one, message=f"{name} has no histogram: it has no closed contours.")
        for one in EVERYTHING.findings
    )
    rows = tuple(replace(one, roi_name=name) for one in EVERYTHING.structures)
    curves = tuple(replace(one, roi_name=name) for one in EVERYTHING.curves)
    missed = tuple(replace(one, roi_name=name, contour=name) for one in EVERYTHING.missed)
    plan = None if EVERYTHING.plan is None else replace(EVERYTHING.plan, label=name)
    return replace(
        EVERYTHING,
        findings=findings,
        structures=rows,
        curves=curves,
        missed=missed,
        plan=plan,
        notes=(name, f"{name} was not used: {name}"),
    )


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("format_", HARMLESS)
@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_no_name_gets_out_of_the_text(name: str, format_: str, lang: str) -> None:
    text = render(hostile(name), format_, style=Style(lang=lang))
    assert not any(character in text for character in FORBIDDEN)
    if format_ in ("html", "junit"):
        assert not any(opening in text for opening in OPEN)
    if format_ == "html":
        # A third of a megabyte would be names alone.
        assert len(text.encode()) < 2_000_000


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_json_is_ascii_and_keeps_the_name(name: str) -> None:
    text = render(hostile(name), "json")
    assert text.isascii()
    assert json.loads(text)["structures"][0]["roi_name"] == name


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_every_name_can_be_printed(name: str, lang: str) -> None:
    assert set(DOCUMENTS) >= {"pdf"}
    assert render_document(hostile(name), "pdf", style=Style(lang=lang)).startswith(b"%PDF-")


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("format_", [*RENDERERS])
def test_an_anonymised_report_names_nobody_in_any_language(format_: str, lang: str) -> None:
    assert EVERYTHING.plan is not None
    plan = replace(EVERYTHING.plan, patient_name="Dupont^Éloïse", patient_id="HC-48213")
    note = "Dupont HC-48213 was not used: the file is empty"
    report = replace(EVERYTHING, plan=plan, notes=(note, *EVERYTHING.notes))
    text = render(anonymised(report), format_, style=Style(lang=lang)).casefold()
    assert not any(word in text for word in ("dupont", "éloïse", "48213"))


def test_an_open_question_about_the_cord_stands_before_one_about_images() -> None:
    asked = [("IM005", Status.NOT_EVALUATED), ("DL002", Status.NOT_EVALUATED)]
    asked += [("DL001", Status.FAIL), ("ID001", Status.FAIL), ("TC002", Status.WARN)]
    findings = tuple(Finding(code=c, subject="x", status=s, message="") for c, s in asked)
    shown = [one.code for one in Report(findings=findings).attention]
    assert shown == ["ID001", "DL001", "DL002", "IM005", "TC002"]
