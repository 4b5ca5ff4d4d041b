"""``planchecker guidelines`` diff, sign, verify, import, and what lint notes besides."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import planchecker.cli
from constraints.loader import load_file
from constraints.schema import SUBJECTS
from constraints.signing import load_signature
from constraints.site import load_site

Run = Callable[..., tuple[int, str, str]]
SITE = """
id = "hospital"
title = "A hospital"
[[limit]]
guideline = "tg101-2010"
limit = "heart-d15cc/5"
value = 30
reason = "Cardiac committee"
approver = "Dr A"
date = "2026-01-02"
[criteria.coverage]
ptv_d95_percent = { value = 93, reason = "Palliative plans", approver = "Dr A" }
"""
SHEET = """Structure IDs,DVH Objective,Evaluation Point,Variation,Priority
Spinal Cord,D0.35cc[cGy],<=1590,1700,1
Wotsit,Max[Gy],<=1,,1
"""
CARD = {
    "name": "Spine",
    "computed": [
        {
            "type": "MAX_DOSE_ROI",
            "roi_name": "SpinalCord",
            "objectives": [{"label": "IDEAL", "max": 12.4}, {"label": "ACCEPTABLE", "max": 14}],
        }
    ],
}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            planchecker.cli.app(args=["guidelines", *map(str, arguments)], prog_name="planchecker")
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return run_


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# ---------------------------------------------------------------------------------------- diff


def test_two_guidelines_are_compared(run: Run) -> None:
    code, out, _ = run("diff", "tg101-2010-first-printing", "tg101-2010")
    assert code == 0
    (line,) = (line for line in out.splitlines() if line.startswith("liver-cv700cc/3 value"))
    assert line.split()[2:] == ["19.2", "17.1", "tightened"]


def test_a_site_file_against_its_protocol_shows_its_decisions(run: Run, tmp_path: Path) -> None:
    path = _write(tmp_path, "hospital.toml", SITE)
    code, out, _ = run("diff", "bone_metastases", path, "-o", tmp_path / "diff.txt")
    text = (tmp_path / "diff.txt").read_text(encoding="utf-8")
    assert (code, out) == (0, "")
    for piece in ("heart-d15cc/5", "32 Gy", "30 Gy", "tightened", "committee", "Dr A", "93 %"):
        assert piece in text


def test_the_other_way_round_the_directions_turn(run: Run, tmp_path: Path) -> None:
    path = _write(tmp_path, "hospital.toml", SITE)
    _, out, _ = run("diff", path, "bone_metastases")
    (line,) = (line for line in out.splitlines() if "heart-d15cc/5" in line)
    assert "30 Gy" in line
    assert "loosened" in line


def test_two_site_files_are_compared_by_what_comes_out(run: Run, tmp_path: Path) -> None:
    one = _write(tmp_path, "hospital.toml", SITE)
    (tmp_path / "b").mkdir()
    other = _write(tmp_path / "b", "hospital.toml", SITE.replace("value = 30", "value = 28"))
    _, out, _ = run("diff", one, other)
    (line,) = (line for line in out.splitlines() if "heart-d15cc/5 value" in line)
    assert line.split()[-3:] == ["30", "28", "tightened"]


def test_two_protocols_are_compared(run: Run) -> None:
    code, out, _ = run("diff", "bone_metastases", "bone_metastases_full")
    assert code == 0
    assert "quantec-organs-2010" in out


def test_what_is_the_same_says_so(run: Run) -> None:
    code, out, _ = run("diff", "tg101-2010", "tg101-2010")
    assert code == 0
    assert "say the same" in out


UNEQUAL = [
    ("tg101-2010", "bone_metastases", "guideline with a guideline"),
    ("tg101-2010", "nothing", "no guideline 'nothing'"),
    ("tg101-2010", "nothing.toml", "cannot be read"),
]


@pytest.mark.parametrize(("first", "second", "told"), UNEQUAL)
def test_what_cannot_be_compared_is_refused(first: str, second: str, told: str, run: Run) -> None:
    code, _, err = run("diff", first, second)
    assert code == 2
    assert told in " ".join(err.replace("│", " ").split())


# ------------------------------------------------------------------------------ sign and verify


def test_a_review_is_signed_and_verified(run: Run, tmp_path: Path) -> None:
    record = tmp_path / "review.json"
    said = ("--reviewer", "B. Physicist", "--date", "2026-01-31", "--statement", "Compared.")
    code, _, _ = run("sign", *said, "-o", record)
    assert code == 0
    assert load_signature(record).reviewer == "B. Physicist"
    assert run("verify", record)[:2] == (0, "B. Physicist, 2026-01-31: as signed\n")


def test_a_record_is_written_to_stdout_as_json(run: Run) -> None:
    code, out, _ = run("sign", "--reviewer", "B", "--date", "2026-01-31")
    assert code == 0
    assert json.loads(out)["date"] == "2026-01-31"


def test_a_changed_site_file_is_found(run: Run, tmp_path: Path) -> None:
    site = _write(tmp_path, "hospital.toml", SITE)
    record = tmp_path / "review.json"
    run("sign", "--reviewer", "B", "--date", "2026-01-31", "--file", site, "-o", record)
    assert run("verify", record, "--file", site)[0] == 0
    _write(tmp_path, "hospital.toml", SITE.replace("value = 30", "value = 31"))
    code, out, _ = run("verify", record, "--file", site)
    assert code == 1
    assert "changed file/hospital.toml" in out


@pytest.mark.parametrize("given", [("--reviewer", "B"), ("--date", "2026-01-31")])
def test_a_signature_needs_a_name_and_a_date(given: tuple[str, str], run: Run) -> None:
    assert run("sign", *given)[0] == 2


def test_a_broken_record_is_refused(run: Run, tmp_path: Path) -> None:
    code, _, err = run("verify", _write(tmp_path, "review.json", "{}"))
    assert code == 2
    assert "reviewer" in err


# -------------------------------------------------------------------------------------- import


def test_a_sheet_becomes_a_guideline_file(run: Run, tmp_path: Path) -> None:
    sheet, made = _write(tmp_path, "sheet.csv", SHEET), tmp_path / "mine.toml"
    code, out, _ = run("import", sheet, "--technique", "stereotactic", "--fractions", 3, "-o", made)
    assert code == 0
    assert out.splitlines() == [
        "2 limits carried over, 1 left out",
        "line 3: Wotsit Max[Gy] <=1: no structure of the vocabulary",
    ]
    assert [(limit.value, limit.fractions) for limit in load_file(made).limits] == [
        (15.9, (3,)),
        (17.0, (3,)),
    ]


def test_a_scorecard_is_known_by_its_content(run: Run, tmp_path: Path) -> None:
    card, made = _write(tmp_path, "card.txt", json.dumps(CARD)), tmp_path / "mine.toml"
    code, _, _ = run("import", card, "--technique", "stereotactic", "-o", made)
    assert code == 0
    assert [limit.value for limit in load_file(made).limits] == [12.4, 14.0]


def test_a_sheet_becomes_a_site_file(run: Run, tmp_path: Path) -> None:
    sheet, made = _write(tmp_path, "sheet.csv", SHEET), tmp_path / "mine.toml"
    said = ("--reason", "Sheet of 2026", "--approver", "Dr A")
    code, _, _ = run(
        "import", sheet, "--technique", "conventional", "--as", "site", *said, "-o", made
    )
    assert code == 0
    assert {limit.approver for limit in load_site(made).own_limits} == {"Dr A"}


def test_a_site_file_needs_reason_and_approver(run: Run, tmp_path: Path) -> None:
    sheet = _write(tmp_path, "sheet.csv", SHEET)
    code, _, err = run("import", sheet, "--technique", "conventional", "--as", "site")
    assert code == 2
    assert "--approver" in err


def test_without_a_file_the_text_goes_to_stdout_with_what_was_left_out(
    run: Run, tmp_path: Path
) -> None:
    sheet = _write(tmp_path, "Spine (3 Fractions).csv", SHEET)
    code, out, _ = run("import", sheet, "--technique", "stereotactic")
    assert code == 0
    assert 'id = "spine-3-fractions"' in out
    assert "# line 3: Wotsit" in out


def test_an_import_needs_the_technique(run: Run, tmp_path: Path) -> None:
    assert run("import", _write(tmp_path, "sheet.csv", SHEET))[0] == 2


def test_what_is_no_sheet_is_refused(run: Run, tmp_path: Path) -> None:
    sheet = _write(tmp_path, "sheet.csv", "a,b\n1,2\n")
    code, _, err = run("import", sheet, "--technique", "stereotactic")
    assert code == 2
    assert "no column for" in err


# ------------------------------------------------------------------------------ lint and schema


def test_the_notes_of_the_library_do_not_change_the_exit_code(run: Run) -> None:
    code, out, _ = run("lint", "--notes")
    assert code == 0
    assert "note: tg101-2010 rib-d1cc/3 and rib-d30cc/3: volume-order" in out
    assert "nothing to say" in out


def test_without_the_option_there_are_no_notes(run: Run) -> None:
    assert "note:" not in run("lint")[1]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_schema_of_every_file_is_printed(subject: str, run: Run) -> None:
    code, out, _ = run("schema", subject)
    assert code == 0
    assert json.loads(out)["title"] == f"{subject} file"


@pytest.mark.parametrize(
    ("guideline", "piece"),
    [
        ("hytec-cord-2021", "retreatment share ThecalSac"),
        ("isrc-2012", "D, off"),
        ("rtog-0915-0813", "1.8 cc 5.9/7.5"),
        ("quantec-organs-2010", "Risk curves"),
    ],
)
def test_the_page_of_a_guideline_shows_rows_that_are_no_plain_limit(
    guideline: str, piece: str, run: Run
) -> None:
    code, out, _ = run("show", guideline)
    assert code == 0
    assert piece in " ".join(out.split())


# ------------------------------------------------------------------------- site files, by hand


def test_a_site_file_is_linted_by_what_it_decides(run: Run, tmp_path: Path) -> None:
    path = _write(tmp_path, "hospital.toml", SITE)
    assert run("lint", path) == (0, "1 files: nothing to say\n", "")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("value = 30", "value = -30", "heart-d15cc/5: a limit of -30 Gy is below zero"),
        ("heart-d15cc/5", "heart-d15cc/9", "no limit 'heart-d15cc/9'"),
        ("[[limit]]", "[[limits]]", "limits: unknown key"),
    ],
)
def test_a_fault_in_a_site_file_is_told_by_the_lint(
    old: str, new: str, told: str, run: Run, tmp_path: Path
) -> None:
    code, out, _ = run("lint", _write(tmp_path, "hospital.toml", SITE.replace(old, new)))
    assert code == 2
    assert told in out


def test_a_site_file_is_shown_by_its_decisions(run: Run, tmp_path: Path) -> None:
    path = _write(tmp_path, "hospital.toml", SITE)
    code, _, _ = run("show", path, "-o", tmp_path / "page.txt")
    text = (tmp_path / "page.txt").read_text(encoding="utf-8")
    assert code == 0
    for piece in ("hospital: ", "Published", "32 Gy", "30 Gy", "tightened", "Dr A"):
        assert piece in text


def test_a_near_id_is_offered(run: Run) -> None:
    code, _, err = run("show", "hytec-cord")
    assert code == 2
    assert "did you mean hytec-cord-2021" in err
