import json
from dataclasses import replace
from typing import Any

import pytest
from golden.hand_built import BESIDE, CANAL, EVERYTHING, INPUTS

from planchecker.errors import PlanCheckerError
from planchecker.reports import render
from planchecker.reports.anonymise import anonymised
from planchecker.reports.attesting import attest, carried_over, read_attestations
from planchecker.results import Report, Status

REPORT = replace(EVERYTHING, attestations=())
WORDS = {"reason": "Tumour in the canal.", "by": "Dr A", "at": "2026-01-31T12:00:00+00:00"}
CHANGES = [
    ({"inputs": (replace(INPUTS[0], sha256="f" * 64), *INPUTS[1:])}, "the plan or its files"),
    ({"library_sha256": "f" * 64}, "the constraint library"),
    ({"protocol": "another"}, "the protocol"),
    ({"protocol_sha256": "f" * 64}, "the protocol"),
    ({"site_sha256": "f" * 64}, "the site file"),
]


def document(report: Report = REPORT) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render(report, "json"))
    return found


def attested() -> dict[str, Any]:
    return attest(document(), finding=CANAL.id, **WORDS)


def test_an_attestation_changes_neither_status_nor_exit_code() -> None:
    before, after = document(), attested()
    assert {**after, "attestations": []} == before
    assert carried_over(REPORT, after).exit_code is REPORT.exit_code
    assert carried_over(REPORT, after).findings == REPORT.findings


def test_the_original_document_stays_as_it_was() -> None:
    original = document()
    attest(original, finding=CANAL.id, **WORDS)
    assert original == document()


def test_each_attestation_names_the_one_before() -> None:
    twice = attest(attested(), finding=BESIDE.id, **WORDS)
    first, second = read_attestations(twice)
    assert second.previous == first.sha256
    assert (first.finding, second.finding) == (CANAL.id, BESIDE.id)


@pytest.mark.parametrize(
    ("key", "value"), [("reason", "other"), ("by", "Dr B"), ("status", "warn"), ("at", "2020")]
)
def test_an_altered_attestation_is_refused(key: str, value: str) -> None:
    forged = attested()
    forged["attestations"][0][key] = value
    with pytest.raises(PlanCheckerError, match="altered"):
        read_attestations(forged)


def test_an_altered_report_is_refused() -> None:
    forged = attested()
    forged["findings"][0]["status"] = "pass"
    with pytest.raises(PlanCheckerError, match="altered"):
        read_attestations(forged)


def test_a_removed_attestation_is_noticed() -> None:
    twice = attest(attested(), finding=BESIDE.id, **WORDS)
    del twice["attestations"][0]
    with pytest.raises(PlanCheckerError, match="altered"):
        read_attestations(twice)


@pytest.mark.parametrize(("change", "words"), CHANGES)
def test_whatever_was_judged_voids_it_when_it_changes(change: dict[str, Any], words: str) -> None:
    (one,) = carried_over(replace(REPORT, **change), attested()).attestations
    assert words in one.void


def test_it_stands_while_nothing_changed() -> None:
    (one,) = carried_over(REPORT, attested()).attestations
    assert one.void == ""
    assert one.by == "Dr A"


def test_another_status_or_a_finding_that_is_gone_voids_it() -> None:
    softer = tuple(
        replace(f, status=Status.BORDERLINE) if f is CANAL else f for f in REPORT.findings
    )
    (moved,) = carried_over(replace(REPORT, findings=softer), attested()).attestations
    assert "its status is now borderline" in moved.void
    gone = tuple(f for f in REPORT.findings if f is not CANAL)
    (lost,) = carried_over(replace(REPORT, findings=gone), attested()).attestations
    assert "no longer there" in lost.void


@pytest.mark.parametrize(
    ("finding", "words", "told"),
    [
        ("DL001-00000000", WORDS, "no finding"),
        (REPORT.findings[0].id, WORDS, "is a pass"),
        (CANAL.id, WORDS | {"reason": "  "}, "--reason"),
        (CANAL.id, WORDS | {"by": ""}, "--by"),
    ],
)
def test_what_cannot_be_attested_is_refused(finding: str, words: dict[str, str], told: str) -> None:
    with pytest.raises(PlanCheckerError, match=told):
        attest(document(), finding=finding, **words)


def test_an_anonymised_report_cannot_be_attested() -> None:
    anonymous = anonymised(REPORT)
    with pytest.raises(PlanCheckerError, match="anonymised"):
        attest(document(anonymous), finding=anonymous.attention[0].id, **WORDS)


def test_another_document_is_refused() -> None:
    with pytest.raises(PlanCheckerError, match="no JSON report"):
        read_attestations({"schema": "something/1"})
