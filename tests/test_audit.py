import dataclasses
import hashlib
import itertools
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import planchecker.cli
from planchecker.audit import Anchor, Entry, Journal, anchors_in, verify
from planchecker.audit.chain import TRIGGERS, canonical, link
from planchecker.audit.journal import rows
from planchecker.errors import PlanCheckerError

TAMPERING = {
    "a status is changed": [
        "DROP TRIGGER entries_hold",
        "UPDATE entries SET payload = replace(payload, '\"fail\"', '\"pass\"') WHERE seq = 2",
        TRIGGERS["entries_hold"],
    ],
    "a hash is changed": [
        "DROP TRIGGER entries_hold",
        "UPDATE entries SET hash = upper(hash) WHERE seq = 2",
        TRIGGERS["entries_hold"],
    ],
    "a subject is changed": [
        "DROP TRIGGER entries_hold",
        "UPDATE entries SET subject = '9.9' WHERE seq = 2",
        TRIGGERS["entries_hold"],
    ],
    "a row is taken out": [
        "DROP TRIGGER entries_keep",
        "DELETE FROM entries WHERE seq = 2",
        TRIGGERS["entries_keep"],
    ],
    "the first row is taken out": [
        "DROP TRIGGER entries_keep",
        "DELETE FROM entries WHERE seq = 1",
        TRIGGERS["entries_keep"],
    ],
    "the last row is cut off": [
        "DROP TRIGGER entries_keep",
        "DELETE FROM entries WHERE seq = 4",
        TRIGGERS["entries_keep"],
    ],
    "all rows are cut off": [
        "DROP TRIGGER entries_keep",
        "DELETE FROM entries",
        TRIGGERS["entries_keep"],
    ],
    "a row is put in": [
        """INSERT INTO entries (subject, payload, hash)
           SELECT subject, payload, hash FROM entries WHERE seq = 1"""
    ],
    "two rows change places": [
        "DROP TRIGGER entries_hold",
        "UPDATE entries SET seq = 99 WHERE seq = 2",
        "UPDATE entries SET seq = 2 WHERE seq = 3",
        "UPDATE entries SET seq = 3 WHERE seq = 99",
        TRIGGERS["entries_hold"],
    ],
    "a payload is no JSON": [
        "DROP TRIGGER entries_hold",
        "UPDATE entries SET payload = 'x' WHERE seq = 2",
        TRIGGERS["entries_hold"],
    ],
    "a trigger is gone": ["DROP TRIGGER entries_keep"],
    "a trigger is made toothless": [
        "DROP TRIGGER entries_keep",
        "CREATE TRIGGER entries_keep BEFORE DELETE ON entries BEGIN SELECT 1; END",
    ],
    "a trigger is added": [
        "CREATE TRIGGER more AFTER INSERT ON entries BEGIN SELECT 1; END",
    ],
}


def entry(subject: str = "1.2.3", status: str = "pass", **fields: Any) -> Entry:
    return Entry(
        hook="listen", who="me@here", subject=subject, status=status, exit_code=0, **fields
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    ticks = itertools.count()
    journal = Journal(
        tmp_path / "journal.sqlite", now=lambda: datetime(2026, 1, 1, 0, 0, next(ticks), tzinfo=UTC)
    )
    for subject, status in (("1.2.3", "pass"), ("1.2.3", "fail"), ("4.5", "warn"), ("4.5", "pass")):
        journal.append(entry(subject, status))
    return journal.path


def alter(path: Path, *statements: str) -> None:
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_an_untouched_journal_holds(path: Path) -> None:
    found = verify(path)
    assert (found.rows, found.problems) == (4, ())


def test_an_empty_journal_holds(tmp_path: Path) -> None:
    assert verify(Journal(tmp_path / "j").path).problems == ()


@pytest.mark.parametrize("statements", TAMPERING.values(), ids=TAMPERING)
def test_tampering_is_found(path: Path, statements: list[str]) -> None:
    alter(path, *statements)
    assert verify(path).problems


def test_an_appended_row_does_not_cover_up_a_cut(path: Path) -> None:
    alter(path, *TAMPERING["the last row is cut off"])
    Journal(path).append(entry())
    assert "row 4 is missing" in verify(path).problems


def test_a_chain_computed_anew_is_found_by_what_was_written_down(path: Path) -> None:
    anchor = Anchor(seq=2, hash=[row["hash"] for row in rows(path)][1])
    assert verify(path, anchors=[anchor]).problems == ()
    forged, previous = [], "0" * 64
    for row in rows(path):
        content = {k: v for k, v in row.items() if k != "hash"}
        content |= {"status": "pass", "previous": previous}
        payload = canonical(content)
        previous = link(previous, payload)
        forged.append((payload, previous, content["seq"]))
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER entries_hold")
        connection.executemany("UPDATE entries SET payload = ?, hash = ? WHERE seq = ?", forged)
        connection.execute(TRIGGERS["entries_hold"])
    connection.close()
    assert verify(path).problems == ()
    assert verify(path, anchors=[anchor]).problems == (
        "row 2 is not the one that was written down",
    )


@pytest.mark.parametrize("verb", ["DELETE FROM entries", "UPDATE entries SET hash = 'x'"])
def test_the_database_refuses_changes_by_mistake(path: Path, verb: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        alter(path, verb)


def test_a_row_names_the_one_it_supersedes(path: Path) -> None:
    assert [row["supersedes"] for row in rows(path)] == [None, 1, None, 3]
    assert Journal(path).append(entry("4.5")).supersedes == 4


def test_rows_can_be_had_by_subject(path: Path) -> None:
    assert [row["status"] for row in rows(path, subject="4.5")] == ["warn", "pass"]


def test_processes_that_write_at_the_same_time_make_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    code = (
        "import sys; from planchecker.audit import Entry, Journal\n"
        "journal = Journal(sys.argv[1])\n"
        "for n in range(20):\n"
        "    journal.append(Entry(hook='h', who=sys.argv[2], subject='1', status='pass', "
        "exit_code=0))\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(path), w]) for w in "ab"]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    assert verify(path).rows == 40
    assert verify(path).problems == ()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
def test_only_the_owner_can_read_the_file(path: Path) -> None:
    assert path.stat().st_mode & 0o077 == 0


def test_no_field_is_made_for_the_identity_of_a_patient() -> None:
    names = {field.name for field in dataclasses.fields(Entry)}
    assert not [name for name in names if "patient" in name or "birth" in name or "label" in name]


def test_a_report_that_was_changed_or_taken_away_is_found(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    for name in ("a", "b"):
        folder = tmp_path / "1.2" / name
        folder.mkdir(parents=True)
        (folder / "report.json").write_bytes(b"{}")
        digest = hashlib.sha256(b"{}").hexdigest()
        journal.append(entry(report=f"1.2/{name}", report_sha256=digest))
    assert verify(journal.path, reports=tmp_path).problems == ()
    (tmp_path / "1.2" / "a" / "report.json").write_bytes(b"[]")
    (tmp_path / "1.2" / "b" / "report.json").unlink()
    assert verify(journal.path, reports=tmp_path).problems == (
        "row 1: the report '1.2/a' was changed",
        "row 2: the report '1.2/b' is gone",
    )


def test_a_journal_that_was_put_back_is_found_by_what_is_on_display(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    record = journal.append(entry())
    shown = {"state": "judged", "journal_seq": record.seq, "journal_hash": record.hash}
    (tmp_path / "1.2.3").mkdir()
    (tmp_path / "1.2.3" / "latest.json").write_text(json.dumps(shown))
    assert verify(journal.path, reports=tmp_path).problems == ()
    journal.path.unlink()
    Journal(tmp_path / "j").append(entry("another"))
    problems = verify(journal.path, reports=tmp_path).problems
    assert problems == ("row 1, on which the report on display for '1.2.3' rests, is not here",)


def test_last_rows_cut_off_with_their_count_are_found_by_the_log_alone(path: Path) -> None:
    log = path.with_name("log")
    last = list(rows(path))[-1]
    event = {"event": "verdict", "journal_seq": 4, "journal_hash": last["hash"]}
    log.write_text(f"no row\n{json.dumps(event)}\n")
    assert verify(path, anchors=anchors_in(log)).problems == ()
    alter(
        path,
        *TAMPERING["the last row is cut off"],
        "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'entries'",
    )
    assert verify(path).problems == ()
    assert verify(path, anchors=anchors_in(log)).problems


def test_a_file_without_any_row_is_no_anchor(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("4:xyz\n")
    with pytest.raises(PlanCheckerError, match="names no row"):
        anchors_in(tmp_path / "log")


def test_a_report_outside_the_folder_is_not_opened(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(entry(report="../x", report_sha256="0"))
    assert "outside the folder" in verify(journal.path, reports=tmp_path).problems[0]


@pytest.mark.parametrize("content", [b"", b"not a database" * 100])
def test_a_file_that_is_no_journal_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(PlanCheckerError, match="other"):
        verify(path)


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(PlanCheckerError, match="no journal"):
        verify(tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("text", ["", "1", "x:" + "0" * 64, "1:" + "G" * 64, "1:0"])
def test_an_anchor_has_one_form(text: str) -> None:
    with pytest.raises(PlanCheckerError, match="SEQ:HASH"):
        Anchor.parse(text)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def run_(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            planchecker.cli.app(args=list(map(str, arguments)), prog_name="planchecker")
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return run_


def test_the_command_says_that_the_chain_holds_and_where_it_ends(
    run: Callable[..., tuple[int, str, str]], path: Path
) -> None:
    code, out, _ = run("audit", "verify", path)
    assert code == 0
    assert run("audit", "verify", path, "--expect", out.split()[-1])[0] == 0
    path.with_name("rows").write_text(out.split()[-1] + "\n")
    assert run("audit", "verify", path, "--expect-from", path.with_name("rows"))[0] == 0
    path.with_name("rows").write_text("1:" + "0" * 64)
    assert run("audit", "verify", path, "--expect-from", path.with_name("rows"))[0] == 1


def test_the_command_leaves_with_1_where_it_does_not(
    run: Callable[..., tuple[int, str, str]], path: Path
) -> None:
    alter(path, *TAMPERING["a status is changed"])
    code, out, _ = run("audit", "verify", path)
    assert code == 1
    assert out.startswith("TAMPERED: row 2")


def test_the_command_lists_rows_as_json(
    run: Callable[..., tuple[int, str, str]], path: Path
) -> None:
    code, out, _ = run("audit", "list", path, "--subject", "1.2.3")
    assert code == 0
    assert [json.loads(line)["status"] for line in out.splitlines()] == ["pass", "fail"]
