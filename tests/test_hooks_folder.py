import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from dicom_factory import encode, make_dose
from hooks_support.services import Service
from hooks_support.sets import write_set

import planchecker.cli
from planchecker.audit.journal import rows
from planchecker.errors import PlanCheckerError
from planchecker.hooks.folder import FolderSource

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def source(tmp_path: Path) -> FolderSource:
    (tmp_path / "in").mkdir()
    return FolderSource(tmp_path / "in", tmp_path / "memory")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            planchecker.cli.app(args=list(map(str, arguments)), prog_name="planchecker")
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return run_


def test_each_subfolder_is_one_set(source: FolderSource) -> None:
    write_set(source.root / "DOE^JANE" / "deeper")
    write_set(source.root / "other", "1.2.4")
    source.refresh()
    assert len(source.owners()) == 2
    assert {len(source.state_of(owner)) for owner in source.owners()} == {5}


def test_loose_files_are_sorted_by_patient(source: FolderSource) -> None:
    for number in range(2):
        for path in write_set(source.root / "x", f"1.2.{number}", patient=f"P{number}").values():
            path.rename(source.root / f"{number}{path.name}")
    (source.root / "x").rmdir()
    source.refresh()
    assert {source.plans_of(owner) for owner in source.owners()} == {("1.2.0.1",), ("1.2.1.1",)}


def test_a_loose_dose_of_another_patient_is_seen_with_the_plan_it_names(
    source: FolderSource,
) -> None:
    for path in write_set(source.root).values():
        path.rename(source.root / f"own{path.name}")
    stray = make_dose("1.9.9", plan="1.2.3.1")
    stray.PatientID = "OTHER"
    (source.root / "stray.dcm").write_bytes(encode(stray))
    source.refresh()
    sets = sorted((source.state_of(owner) for owner in source.owners()), key=len)
    assert [len(state) for state in sets] == [2, 6]
    assert "stray.dcm" in sets[0].keys() & sets[1].keys()


def test_no_name_of_a_folder_is_given_away(source: FolderSource) -> None:
    write_set(source.root / "DOE^JANE")
    source.refresh()
    owner = source.owners()[0]
    source.mark_judged(owner, source.state_of(owner))
    assert "DOE" not in owner
    assert not [path for path in source._memory.iterdir() if "DOE" in path.name]


@pytest.mark.parametrize("change", ["size", "time", "new", "replaced"])
def test_a_change_is_seen(source: FolderSource, change: str) -> None:
    path = write_set(source.root / "a")["RP"]
    source.refresh()
    owner = source.owners()[0]
    before = source.state_of(owner)
    if change == "size":
        path.write_bytes(path.read_bytes() + b"\0\0")
    elif change == "time":
        os.utime(path, (1, 1))
    elif change == "new":
        (path.parent / "more.dcm").write_bytes(b"x")
    else:
        path.unlink()
        path.write_bytes(b"other")
    source.refresh()
    assert not source.state_of(owner).items() <= before.items()


def test_what_was_judged_is_remembered(source: FolderSource, tmp_path: Path) -> None:
    write_set(source.root / "a")
    source.refresh()
    owner = source.owners()[0]
    source.mark_judged(owner, source.state_of(owner))
    again = FolderSource(source.root, tmp_path / "memory")
    again.refresh()
    assert again.judged_state(owner) == again.state_of(owner)


def test_nothing_is_written_to_the_folder(source: FolderSource) -> None:
    write_set(source.root / "a")
    before = sorted(source.root.rglob("*"))
    source.refresh()
    source.mark_judged(source.owners()[0], {})
    assert sorted(source.root.rglob("*")) == before


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_links_out_of_the_folder_are_not_followed(source: FolderSource, tmp_path: Path) -> None:
    write_set(tmp_path / "elsewhere")
    (source.root / "a").symlink_to(tmp_path / "elsewhere")
    (source.root / "b.dcm").symlink_to(tmp_path / "elsewhere" / "RP.dcm")
    source.refresh()
    assert source.owners() == ()


def test_a_share_that_is_away_is_an_error_not_an_empty_folder(source: FolderSource) -> None:
    source.root.rmdir()
    with pytest.raises(PlanCheckerError, match="cannot be reached"):
        source.refresh()


def test_once_gives_the_verdict_and_its_exit_code(run: Run, tmp_path: Path) -> None:
    write_set(tmp_path / "in")
    reports = tmp_path / "reports"
    code, out, _ = run("watch", tmp_path / "in", "--once", "--reports", reports, "--hook", "h")
    row = next(rows(reports / "journal.sqlite"))
    assert code == row["exit_code"] != 0
    assert row["hook"] == "h"
    assert str((reports / "1.2.3.1" / "report.html").resolve()) in out


def test_once_on_a_folder_without_plans_is_no_verdict(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    assert run("watch", tmp_path / "in", "--once", "--reports", tmp_path / "r")[0] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("watch", "--reports", "r"),
        ("watch", ".", "--reports", "r"),
        ("watch", ".", "--reports", "..", "--journal", "j"),
        ("watch", ".", "--once", "--reports", "r"),
        ("watch", ".", "--orthanc", "http://127.0.0.1:1", "--reports", "r"),
        ("watch", "--orthanc", "http://127.0.0.1:1", "--reports", "r"),
        ("watch", "--orthanc", "file:///etc/passwd", "--spool", "s", "--reports", "r"),
        ("watch", "--orthanc", "http://u:p@h", "--spool", "s", "--reports", "r"),
        ("fetch", "--node", "nonsense", "--reports", "r"),
        ("fetch", "--node", "A@127.0.0.1:1", "--port", "0", "--reports", "r"),
        ("fetch", "--node", "A@127.0.0.1:1", "--port", "0", "--reports", "r", "--patient", "*"),
        ("listen", "--spool", "s", "--reports", "r", "--aet", "much too long a title"),
        ("listen", "--spool", "s", "--reports", "r", "--tls-key", "k"),
        ("listen", "--spool", "s", "--reports", "r", "--allow", "A@host"),
        ("listen", "--spool", "s", "--reports", "r", "--send-as", "fax"),
    ],
    ids=" ".join,
)
def test_wrong_use_is_no_verdict(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "Traceback" not in err


def test_the_service_waits_for_silence_and_judges_again_what_changes(tmp_path: Path) -> None:
    inbox, reports = tmp_path / "in", tmp_path / "reports"
    inbox.mkdir()
    service = Service(
        "watch", inbox, "--reports", reports, "--quiet", "1", "--poll", "0.1", "--health-s", "1"
    )
    try:
        service.wait_for("started")
        paths = write_set(inbox / "DOE^JANE")
        whole = paths["RD"].read_bytes()
        for part in range(1, 4):
            paths["RD"].write_bytes(whole[: part * len(whole) // 4])
            time.sleep(0.2)
        paths["RD"].write_bytes(whole)
        # On a slow machine a part of the dose may have been judged before.
        first = service.wait_for("verdict", subject="1.2.3.1", missing=0)
        paths["RD"].unlink()
        paths["RS"].write_bytes(paths["RS"].read_bytes() + b"\0\0")
        second = service.wait_for("verdict", subject="1.2.3.1", missing=1)
        assert second["supersedes"] >= first["journal_seq"]
    finally:
        code, trouble = service.stop()
    assert (code, trouble) == (0, "")
    assert service.names()[-1] == "stopped"
    assert "DOE" not in json.dumps(service.events)
    latest = json.loads((reports / "1.2.3.1" / "latest.json").read_text())
    assert latest["journal_seq"] == second["journal_seq"]
    assert len(list(rows(reports / "journal.sqlite"))) == service.names().count("verdict")
