"""What checks and readers say, in French: complete, and with every number and name kept."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from golden.hand_built import EVERYTHING, NASTY
from source_templates import templates

import planchecker
from planchecker.checks import CHECKS
from planchecker.hooks.completeness import EXPLAINED
from planchecker.locale import patterns, retold, speaking, told_whole
from planchecker.locale.catalogue import compiled, entries
from planchecker.locale.explanations import parts_of, told_explanation
from planchecker.reading import read_cases
from planchecker.reports.spoken import names_in
from planchecker.results import Report
from sample_dicom import CASES, write
from sample_dicom.scenarios import SCENARIOS, write_scenario

HOME = files("planchecker.locale") / "fr"
REAL = Path(__file__).parents[2] / "shared" / "real-dicom"


def french(domain: str) -> dict[str, str]:
    return entries((HOME / f"{domain}.po").read_text(encoding="utf-8"))


KNOWN = french("planchecker") | french("findings")
FINDINGS, EXPLANATIONS = french("findings"), french("explanations")
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def test_every_sentence_of_the_source_has_a_translation() -> None:
    missing = {text: where for text, where in templates().items() if text not in KNOWN}
    assert missing == {}


def test_every_explanation_has_a_translation() -> None:
    asked = [check.run for check in CHECKS] + [one for _title, one in EXPLAINED.values()]
    parts = [part for one in asked for part in parts_of(one.__doc__ or "")]
    shown = [part for part in parts if part.heading != "Parameters"]
    texts = {text for part in shown for text in (part.heading, *part.paragraphs) if text}
    assert sorted(texts - EXPLANATIONS.keys()) == []


@pytest.mark.parametrize("domain", ["findings", "explanations"])
def test_a_translation_keeps_what_is_filled_in(domain: str) -> None:
    def places(text: str) -> list[str]:
        return sorted(re.findall(r"\{\w*\}|``[^`]*``", text))

    found = french(domain)
    assert [key for key, told in found.items() if key and places(key) != places(told)] == []
    assert [key for key, told in found.items() if key and (told != told.strip() or not told)] == []


@pytest.mark.parametrize("domain", ["findings", "explanations"])
def test_a_translation_keeps_every_number(domain: str) -> None:
    def numbers(text: str) -> Counter[str]:
        bare = re.sub(r"\{\d\}", "", text)
        return Counter(number.replace(",", ".") for number in NUMBER.findall(bare))

    found = french(domain)
    assert [key for key, told in found.items() if key and numbers(key) != numbers(told)] == []


@pytest.mark.parametrize("domain", ["findings", "explanations"])
def test_the_compiled_catalogue_is_that_of_the_text(domain: str) -> None:
    assert (HOME / f"{domain}.mo").read_bytes() == compiled(french(domain))


def texts_of(report: Report) -> Iterator[str]:
    for finding in report.findings:
        yield from (finding.message, finding.remedy, finding.metric)
    yield from (entry.reason for entry in report.not_applicable)
    yield from (*report.notes, *report.appendix, *(row.how for row in report.structures))
    if report.plan is not None:
        yield from (report.plan.scheme.why, report.plan.technique)


def left_in_english(report: Report) -> list[str]:
    with speaking("fr", naming=names_in([report])):
        return sorted({text for text in texts_of(report) if text and not told_whole(text)[1]})


def altered(report: Report) -> list[str]:
    """Texts whose translation lost or gained a number."""

    def numbers(text: str) -> Counter[str]:
        return Counter(number.replace(",", ".") for number in NUMBER.findall(text))

    with speaking("fr", naming=names_in([report])):
        return [text for text in texts_of(report) if numbers(text) != numbers(retold(text))]


@cache
def reports_under(path: Path) -> tuple[Report, ...]:
    return tuple(planchecker.check(case) for case in read_cases([path]))


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_text_about_a_sample_is_french(name: str, tmp_path: Path) -> None:
    write(name, tmp_path)
    for report in reports_under(tmp_path):
        assert left_in_english(report) == []
        assert altered(report) == []


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_text_about_a_scenario_is_french(name: str, tmp_path: Path) -> None:
    write_scenario(name, tmp_path)
    for report in reports_under(tmp_path):
        assert left_in_english(report) == []
        assert altered(report) == []


@pytest.mark.parametrize("folder", sorted(REAL.glob("*/")), ids=lambda path: path.name)
def test_every_text_about_a_real_export_is_french(folder: Path) -> None:
    for report in reports_under(folder):
        assert left_in_english(report) == []
        assert altered(report) == []


@pytest.mark.skipif(REAL.is_dir(), reason="the real exports are there and are tested one by one")
def test_real_exports_are_absent() -> None:
    pytest.skip("the folder of real exports is not there")


def test_names_of_the_export_stay_as_they_are() -> None:
    with speaking("fr", naming={"Dose grid", "no answer: PTV 1.5, met"}):
        told, whole = told_whole("no answer: PTV 1.5, met has no histogram: it has no coordinates.")
    assert whole
    assert told == "no answer: PTV 1.5, met n'a pas d'histogramme : il n'a pas de coordonnées."


def test_a_sentence_is_never_half_translated() -> None:
    sentence = "The plan names no structure set. Nobody ever wrote the second sentence."
    with speaking("fr"):
        assert told_whole(sentence) == (sentence, False)


@pytest.mark.parametrize(
    "number", ["0,5 mm", "1.2.840.10008.1.2", "10.1016/j.x", "D0.03cc", "2024-03-01"]
)
def test_only_decimal_points_become_commas(number: str) -> None:
    with speaking("fr"):
        told = retold(f"Prescribed are {number.replace(',', '.')}.")
    assert told == f"Sont prescrits {number}."


@pytest.mark.parametrize("piece", ["a: ", "{0} and ", "not (", "'", "\ue000", "x. ", "1.5, "])
def test_hostile_sentences_are_told_at_once(piece: str) -> None:
    sentence = (piece * 4000)[:4000]
    start = time.process_time()
    with speaking("fr", naming={piece.strip()}):
        assert len(retold(sentence)) >= 4000
    assert time.process_time() - start < 3


def test_a_character_that_could_stand_for_a_name_is_left_alone() -> None:
    sentence = "PTV has no histogram: it has no coordinates. \ue000"
    with speaking("fr", naming={"PTV"}):
        assert told_whole(sentence) == (sentence, False)


def test_a_translation_that_would_lose_a_number_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patterns, "_numbers", lambda text: ["en" if "Les" not in text else "fr"])
    sentence = "The slices differ in orientation."
    with speaking("fr", naming={"for this test alone"}):
        assert told_whole(sentence) == (sentence, False)


def test_hand_built_reports_keep_their_numbers() -> None:
    assert altered(EVERYTHING) == []
    assert altered(NASTY) == []


def test_an_explanation_is_told_with_headings_and_statuses() -> None:
    text = "Ask whether the plan is meant for the patient.\n\nFires\n-----\n`warn` above it."
    with speaking("fr"):
        told = told_explanation(text)
    assert told.splitlines()[0] == "Demande si le plan est destiné au patient."
    assert "Se déclenche\n------------" in told
