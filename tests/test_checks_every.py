"""Every check of the registry passes, fires, and says where it cannot be evaluated."""

import inspect

import pytest
from check_cases import RUN
from check_situations import FIRES, SITUATIONS
from typer.testing import CliRunner

from planchecker.checks import CHECKS
from planchecker.checks.context import Context
from planchecker.cli import app
from planchecker.results import Finding

CODES = [check.code for check in CHECKS]
ASKED = {"passes": ("pass",), "fires": FIRES, "open": ("not-evaluated",)}
PAIRS = [(code, kind) for code in SITUATIONS for kind in ASKED]
MADE = [pair for pair in PAIRS if callable(getattr(SITUATIONS[pair[0]], pair[1]))]
REASONED = [pair for pair in PAIRS if pair not in MADE]
# Families whose every number is a criterion of the protocol; the others rest on publications.
OWN_NUMBERS = ("ID", "IM", "ST", "RX", "BM", "DG")
HEADS = ("What", "Why", "Passes", "Fires", "Not evaluated", "References")


def test_every_check_has_its_three_situations_and_codes_are_permanent():
    assert list(dict.fromkeys(CODES)) == CODES
    assert set(SITUATIONS) == set(CODES)


@pytest.mark.parametrize(("code", "kind"), MADE)
def test_each_situation_has_its_status(code, kind):
    found = list(RUN[code](getattr(SITUATIONS[code], kind)()))
    assert all(outcome.code == code for outcome in found)
    said = [outcome for outcome in found if isinstance(outcome, Finding)]
    statuses = [outcome.status.value for outcome in said]
    assert set(statuses) & set(ASKED[kind]), statuses
    if kind == "passes":
        assert set(statuses) == {"pass"}
    assert all(finding.remedy for finding in said if finding.status in ("fail", "not-evaluated"))


@pytest.mark.parametrize(("code", "kind"), REASONED)
def test_what_cannot_exist_says_why(code, kind):
    assert len(getattr(SITUATIONS[code], kind)) > 20


@pytest.mark.parametrize("code", CODES)
def test_every_check_is_explained(code):
    text = inspect.getdoc(RUN[code]) or ""
    lines = text.splitlines()
    assert [head for head in HEADS if head not in lines] == []


def test_every_number_a_check_compares_with_is_on_its_page(monkeypatch):
    asked: dict[str, set[str]] = {}
    now = [""]

    def noted(self, name):
        asked.setdefault(now[0], set()).add(name)
        return self.protocol.criteria[name].value

    monkeypatch.setattr(Context, "criterion", noted)
    for code, kind in MADE:
        if code[:2] in OWN_NUMBERS:
            now[0] = ""
            situation = getattr(SITUATIONS[code], kind)()
            now[0] = code
            list(RUN[code](situation))
    silent = {
        code: sorted(name for name in names if f"``{name}``" not in (RUN[code].__doc__ or ""))
        for code, names in asked.items()
        if code
    }
    assert {code: names for code, names in silent.items() if names} == {}


def test_the_page_gives_each_number_with_its_mark():
    page = CliRunner().invoke(app, ["explain", "BM012"]).stdout
    assert "delivery.ssd_mm = 5 mm (local)" in page
