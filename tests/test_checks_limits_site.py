"""A site file in use: what it decides takes effect, and every finding it touches says so."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import case_factory as factory
import pytest

import planchecker.cli
import planchecker.reading
from constraints.errors import LibraryError
from constraints.site import load_site
from planchecker.checker import check
from planchecker.checker.centre import centre_of
from planchecker.cli.hooking import sound_site
from planchecker.reports import render
from planchecker.reports.style import Style
from planchecker.results import Finding, Report

HEAD = 'id = "hospital"\ntitle = "A hospital"\n'
WHO = 'reason = "House rule"\napprover = "Dr A"\n'
CORD = '[[limit]]\nguideline = "hytec-cord-2021"\nlimit = "HYT/2"\n'
TIGHTER = f"{CORD}value = 15\n{WHO}"
LOOSER = f"{CORD}value = 19\n{WHO}"
CONFIRMED = (
    '[[confirm]]\nguideline = "tg101-2010"\nrow = "renal-hilum"\nread = "publication"\n'
    'by = "Physicist B"\ndate = "2026-01-03"\n'
)
SWITCHED_ON = (
    '[[confirm]]\nguideline = "sc24-2021"\nrow = "SC24-2"\nread = "copy"\n'
    'by = "Physicist B"\ndate = "2026-01-03"\n'
)
ALIAS = '[[alias]]\nname = "SpinalCord"\nsynonyms = ["Ruckenmark X"]\n'
OWN = (
    '[[own]]\nid = "cord-mean"\nstructures = ["SpinalCord"]\nmetric = "Dmean"\ncomparison = "<="\n'
    'value = 12\nunit = "Gy"\nkind = "mandatory"\ntechnique = "stereotactic"\n'
    f'endpoint = "local"\nevidence = "C"\nwhere = "Committee"\n{WHO}'
)
GOVERNING = (
    '[[governing]]\nstructures = ["SpinalCord", "SpinalCord_PRV", "ThecalSac", "SpinalCanal"]\n'
    f'technique = "stereotactic"\nguidelines = ["sahgal-2013"]\n{WHO}'
)
# Machine entry of the site file, and what the finding on the beams must hold; None: it passes.
MACHINES = [
    ('name = "Linac 7"', "'LINAC1' is not in the site file's list: Linac 7"),
    ('name = "linac1"', None),
    ('name = "Linac 7"\naliases = ["LINAC1"]', None),
    ('name = "LINAC1"\nenergies = ["6X", "10FFF"]', None),
    ('name = "LINAC1"\nenergies = ["6MV"]', None),
    ('name = "LINAC1"\nenergies = ["10FFF"]', "lists 10FFF for LINAC1, beam"),
    ('name = "LINAC1"\ntechniques = ["conventional"]', "for conventional plans, the plan is"),
    ('name = "LINAC1"\ntechniques = ["conventional", "stereotactic"]', None),
]
# What stands in the site file, and the pieces of the error.
CONTRADICTIONS = [
    (TIGHTER + LOOSER, ["limit", "'hytec-cord-2021 HYT/2'", "decided twice"]),
    (GOVERNING * 2, ["governing", "SpinalCord", "decided twice"]),
    (CONFIRMED * 2, ["confirm", "decided twice"]),
    ('[[machine]]\nname = "A"\n[[machine]]\nname = "B"\naliases = ["a"]\n', ["machine", "'a'"]),
    (f"{CORD}value = -1\n{WHO}", ["HYT/2", "below zero"]),
    (f"{CORD}value = 900\n{WHO}", ["HYT/2", "above 200 Gy"]),
    (
        f'[[limit]]\nguideline = "hytec-cord-2021"\nlimit = "HYT-1-optimal/1"\nvalue = 15\n{WHO}',
        ["HYT-1", "looser than"],
    ),
    (
        '[criteria.cord]\neqd2_pass_gy = { value = 55, reason = "x", approver = "y" }\n',
        ["cord.eqd2_pass_gy = 55", "above cord.eqd2_fail_gy = 50"],
    ),
    (
        '[criteria.coverage]\nptv_d95_percent = { value = -5, reason = "x", approver = "y" }\n',
        ["coverage.ptv_d95_percent", "below zero"],
    ),
    (OWN.replace('unit = "Gy"', 'unit = "%"'), ["cord-mean", "answers in Gy"]),
    (OWN.replace("value = 12", 'value = 12\npublished = 14'), ["own[0].published", "program"]),
    (CORD + 'value = 15\nreason = "Dr A"\napprover = ""\n', ["limit[0].approver"]),
]  # fmt: skip


def _file(folder: Path, *parts: str, head: str = HEAD) -> Path:
    path = folder / "hospital.toml"
    path.write_text(head + "".join(parts), encoding="utf-8")
    return path


def _plan(dose_gy: float, *structures: Any, fractions: int = 2) -> Any:
    """Stereotactic plan of 24 Gy with one dose everywhere."""
    return factory.case(
        plan=factory.plan(24.0, fractions, beams=factory.beams("vmat")),
        structure_set=factory.structure_set(*structures),
        doses=(factory.dose(factory.uniform_dose(dose_gy)),),
    )


def _one(report: Report, code: str, guideline: str = "") -> Finding:
    (finding,) = (
        f for f in report.findings if f.code == code and (not guideline or f.guideline == guideline)
    )
    return finding


def test_a_tightened_limit_turns_a_pass_into_a_fail(tmp_path: Path) -> None:
    case = _plan(16.0)
    assert _one(check(case), "DL001").status == "pass"
    finding = _one(check(case, site=_file(tmp_path, TIGHTER)), "DL001")
    assert (finding.status, finding.limit) == ("fail", 15)
    said = "15 Gy instead of the published 17 Gy, tightened: House rule (Dr A)"
    assert said in finding.message
    assert said in finding.decided


def test_a_loosened_limit_turns_a_fail_into_a_pass_that_says_so(tmp_path: Path) -> None:
    case = _plan(18.0)
    assert _one(check(case), "DL001").status == "fail"
    finding = _one(check(case, site=_file(tmp_path, LOOSER)), "DL001")
    assert (finding.status, finding.limit) == ("pass", 19)
    assert "19 Gy instead of the published 17 Gy, loosened: House rule (Dr A)" in finding.decided


def test_findings_that_a_site_file_does_not_touch_are_silent(tmp_path: Path) -> None:
    report = check(_plan(16.0), site=_file(tmp_path, TIGHTER))
    touched = {f.code for f in report.findings if f.decided}
    # DL020 shows the cord beside, by guidelines that the file leaves alone.
    assert touched == {"DL001"}
    assert not any(f.decided for f in check(_plan(16.0)).findings)


@pytest.mark.parametrize("form", ["terminal", "html", "csv", "json"])
def test_a_loosened_limit_is_never_silent_in_a_report(form: str, tmp_path: Path) -> None:
    report = check(_plan(18.0), site=_file(tmp_path, LOOSER))
    text = render(report, form, style=Style(width=400))
    assert "loosened" in text
    assert "House rule" in text


def test_the_json_report_lists_every_decision_and_the_digest(tmp_path: Path) -> None:
    path = _file(tmp_path, LOOSER)
    document = json.loads(render(check(_plan(18.0), site=path), "json"))
    assert document["site"] == "hospital"
    assert document["site_sha256"] == load_site(path).sha256
    assert len(document["site_sha256"]) == 64
    (change,) = document["site_changes"]
    assert {
        key: change[key] for key in ("where", "before", "after", "direction", "reason", "approver")
    } == {
        "where": "hytec-cord-2021 HYT/2",
        "before": "17 Gy",
        "after": "19 Gy",
        "direction": "loosened",
        "reason": "House rule",
        "approver": "Dr A",
    }


def test_without_a_site_file_there_is_no_digest() -> None:
    report = check(_plan(16.0))
    assert (report.site, report.site_sha256, report.site_changes) == ("", "", ())


def test_the_digest_follows_the_file_and_not_its_line_endings(tmp_path: Path) -> None:
    path = _file(tmp_path, TIGHTER)
    one = load_site(path).sha256
    path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    assert load_site(path).sha256 == one
    assert load_site(_file(tmp_path, LOOSER)).sha256 != one


def test_a_confirmed_row_drives_a_verdict(tmp_path: Path) -> None:
    hilum = factory.cylinder("Kidney_Hilum_L", number=4, centre_mm=(60.0, 0.0, 0.0))
    case = _plan(20.0, factory.box(), factory.cylinder(), hilum, fractions=3)
    before = [f for f in check(case).findings if f.subject == "Kidney_Hilum_L" and f.metric]
    assert {f.status for f in before if f.guideline == "tg101-2010"} == {"manual"}
    after = [
        f
        for f in check(case, site=_file(tmp_path, CONFIRMED)).findings
        if f.subject == "Kidney_Hilum_L" and f.guideline == "tg101-2010"
    ]
    assert {(f.status, f.evidence) for f in after} == {("fail", "A")}
    assert all("strength A instead of strength C" in f.decided for f in after)
    assert all("Physicist B, 2026-01-03" in f.message for f in after)


def test_a_switched_off_row_is_asked_once_it_is_confirmed(tmp_path: Path) -> None:
    case = _plan(18.0)
    asked = {f.guideline for f in check(case).findings}
    assert "sc24-2021" not in asked
    report = check(case, site=_file(tmp_path, SWITCHED_ON))
    found = [f for f in report.findings if f.guideline == "sc24-2021"]
    # One transcription asks a person, whatever it stands beside.
    assert {(f.status, f.evidence) for f in found} == {("manual", "C")}


def test_a_row_that_another_check_asks_says_what_was_decided(tmp_path: Path) -> None:
    confirmed = (
        '[[confirm]]\nguideline = "jawad-2016"\nrow = "VCF-3"\nread = "publication"\n'
        'by = "Physicist B"\ndate = "2026-01-03"\n'
    )
    part = f'[[limit]]\nguideline = "tg101-2010"\nlimit = "TG-C4/1"\nvalue = 9\n{WHO}'
    report = check(_plan(15.5, fractions=1), site=_file(tmp_path, confirmed, part))
    flag = _one(report, "TC014", "jawad-2016")
    assert "strength A instead of strength C" in flag.decided
    (share,) = (f for f in report.findings if f.metric == "D10%")
    assert (share.limit, share.status) == (9, "warn")
    assert "9 Gy instead of the published 10 Gy, tightened" in share.decided


def test_an_alias_of_the_site_is_the_structure(tmp_path: Path) -> None:
    cord = factory.cylinder("Ruckenmark X", number=2)
    case = _plan(16.0, factory.box(), cord)
    assert _one(check(case), "DL001").status == "not-evaluated"
    report = check(case, site=_file(tmp_path, ALIAS))
    finding = _one(report, "DL001")
    assert (finding.status, finding.subject) == ("pass", "Ruckenmark X")
    assert "'Ruckenmark X' stands for SpinalCord" in finding.message
    assert {r.how for r in report.structures if r.matched == "SpinalCord"} == {"site alias"}


def test_a_tolerance_of_the_site_changes_a_check(tmp_path: Path) -> None:
    tolerance = '[criteria.cord]\neqd2_pass_gy = { value = 35, reason = "R", approver = "Dr A" }\n'
    case = factory.case()
    assert _one(check(case), "DL002").status == "pass"
    report = check(case, site=_file(tmp_path, tolerance))
    finding = _one(report, "DL002")
    assert (finding.status, finding.limit) == ("manual", 35)
    assert "cord.eqd2_pass_gy is 35 Gy EQD2(2) instead of 45 Gy EQD2(2)" in finding.decided
    assert not _one(report, "BM004").decided


def test_a_limit_of_the_centre_is_asked_and_named(tmp_path: Path) -> None:
    finding = _one(check(_plan(16.0), site=_file(tmp_path, OWN)), "DL020", "hospital")
    assert finding.status == "manual"
    assert "a limit of the centre's own: House rule (Dr A)" in finding.decided


def test_the_guideline_that_governs_by_the_site_says_so(tmp_path: Path) -> None:
    report = check(_plan(18.0), site=_file(tmp_path, GOVERNING))
    finding = _one(report, "DL001")
    assert (finding.status, finding.guideline) == ("fail", "sahgal-2013")
    assert "sahgal-2013 instead of hytec-cord-2021, sahgal-2013" in finding.decided


@pytest.mark.parametrize(("entry", "told"), MACHINES)
def test_a_machine_of_the_plan_is_looked_up_in_the_list(
    entry: str, told: str | None, tmp_path: Path
) -> None:
    finding = _one(check(_plan(16.0), site=_file(tmp_path, f"[[machine]]\n{entry}\n")), "BM004")
    assert finding.status == ("pass" if told is None else "manual")
    assert (told or "Machine LINAC1") in finding.message


def test_the_machine_list_is_not_asked_for_where_there_is_one(tmp_path: Path) -> None:
    machine = '[[machine]]\nname = "LINAC1"\n'
    lines = {
        given: [
            line for line in check(_plan(16.0), site=site).appendix if "Whether machine" in line
        ]
        for given, site in (("no", None), ("yes", _file(tmp_path, machine)))
    }
    assert [len(lines[given]) for given in ("no", "yes")] == [1, 0]


@pytest.mark.parametrize(("text", "told"), CONTRADICTIONS)
def test_a_site_file_that_contradicts_itself_is_refused(
    text: str, told: list[str], tmp_path: Path
) -> None:
    with pytest.raises(LibraryError) as caught:
        centre_of(None, _file(tmp_path, text))
    assert [piece for piece in told if piece not in str(caught.value)] == []


def test_a_site_file_of_another_protocol_than_asked_is_refused(tmp_path: Path) -> None:
    path = _file(tmp_path, 'protocol = "bone_metastases_full"\n')
    assert centre_of(None, path).protocol.id == "bone_metastases_full"
    with pytest.raises(LibraryError, match="leave one of them out"):
        centre_of("bone_metastases", path)


def test_a_site_that_decides_nothing_gives_the_published_verdicts(tmp_path: Path) -> None:
    case = _plan(18.0)
    assert check(case, site=_file(tmp_path)).findings == check(case).findings


# On the command line


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Run a command on cases that were never files."""

    def run_(case: Any, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(planchecker.reading, "read_cases", lambda _, **__: (case,))
        with pytest.raises(SystemExit) as stop:
            planchecker.cli.app(args=list(arguments), prog_name="planchecker")
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return run_


def test_check_takes_a_site_file(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    path = _file(tmp_path, TIGHTER)
    code, out, _ = run(_plan(16.0), "check", ".", "--site", str(path), "--format", "json")
    assert code == 1
    assert json.loads(out)["site_sha256"] == load_site(path).sha256


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[limit]\n", "not readable as TOML"),
        (TIGHTER.replace("HYT/2", "HYT/9"), "no limit 'HYT/9'"),
        (TIGHTER.replace("value", "vaule"), "limit[0].vaule: unknown key"),
        (TIGHTER + LOOSER, "decided twice"),
        (ALIAS.replace("Ruckenmark X", "Coeur"), "'Coeur' stands for SpinalCord and"),
        ('protocol = "mine"\n', "no protocol 'mine'"),
    ],
)
def test_a_bad_site_file_is_an_error_before_anything_is_judged(
    text: str, told: str, run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    code, out, err = run(_plan(16.0), "check", ".", "--site", str(_file(tmp_path, text)))
    assert (code, out) == (2, "")
    assert told in err


def test_a_site_file_that_is_not_there_is_wrong_use(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    code, out, _ = run(_plan(16.0), "check", ".", "--site", str(tmp_path / "none.toml"))
    assert (code, out) == (2, "")


def test_structures_are_matched_by_the_spellings_of_the_site(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    case = _plan(16.0, factory.box(), factory.cylinder("Ruckenmark X", number=2))
    path = _file(tmp_path, ALIAS)
    _, out, _ = run(case, "structures", ".", "--site", str(path), "--format", "json")
    found = {one["roi_name"]: one for one in json.loads(out)["structures"]}
    assert found["Ruckenmark X"]["matched"] == "SpinalCord"


def test_a_service_does_not_start_with_a_bad_site_file(tmp_path: Path) -> None:
    assert sound_site(None, None) is None
    assert sound_site(_file(tmp_path, TIGHTER), None) == str((tmp_path / "hospital.toml").resolve())
    with pytest.raises(LibraryError, match="below zero"):
        sound_site(_file(tmp_path, f"{CORD}value = -1\n{WHO}"), None)
