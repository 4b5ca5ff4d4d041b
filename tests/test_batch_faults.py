"""Faults with real processes: what dies, hangs or takes too much costs its own case only."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from batch_faults import changing, faulty
from batch_trees import uid, who, write_case, write_plan
from dicom_factory import encode, make_structures
from test_batch_run import OPTIONS, assert_accounted, batch, cases, resumed, rows, written

from planchecker.batch.accounting import exit_code
from planchecker.batch.engines import Pool
from planchecker.batch.job import Job, Limits
from planchecker.batch.run import STORE
from planchecker.batch.store import opening
from planchecker.batch.workers import Work
from planchecker.errors import PlanCheckerError

TESTS = Path(__file__).parent
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and pipes of POSIX")


def pool(work: Work = faulty, *, workers: int = 2, **limits: float) -> Pool:
    given = {"time_s": 60.0, "memory_mb": 2000} | limits
    return Pool(OPTIONS, Limits(**given), workers=workers, work=work)


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "planchecker", "batch", *map(str, arguments)]


FAULTS = [
    ("crash", "crash", "ended with code 11", {}),
    pytest.param("killed", "crash", "ended by SIGKILL", {}, marks=POSIX),
    ("hang", "timeout", "longer than 6 s", {"time_s": 6.0}),
    ("greedy", "memory", "more than 450 MB", {"memory_mb": 450}),
    ("huge", "memory", "more memory", {}),
]


@pytest.mark.parametrize(("fault", "kind", "told", "limits"), FAULTS)
def test_a_fault_costs_its_own_case_only(tmp_path, fault, kind, told, limits):
    root, out = tmp_path / "tree", tmp_path / "out"
    for number in range(5):
        write_case(root / str(number), number, label=fault if number == 1 else "")
    ended = batch(root, out, engine=pool(**limits))
    assert_accounted(root, out, ended)
    assert (ended.account.checked, ended.account.failed) == (4, 1)
    error = rows(out, "SELECT * FROM error")[0]
    assert error["kind"] == kind
    assert told in error["message"]
    assert exit_code(ended.account) == 2
    assert resumed(root, out) == [fault]


def test_the_pool_gives_the_same_bytes_as_this_process(tmp_path):
    root = tmp_path / "tree"
    for number in range(3):
        write_case(root / str(number), number)
    options = replace(OPTIONS, formats=("html",))
    batch(root, tmp_path / "one", options=options)
    engine = Pool(options, Limits(), workers=2)
    batch(root, tmp_path / "two", options=options, engine=engine)
    assert written(tmp_path / "one") == written(tmp_path / "two")
    assert len(written(tmp_path / "one")) >= 3 * 2 + 4


def test_jobs_are_taken_no_further_ahead_than_workers_need():
    taken, done, ahead = 0, 0, []

    def jobs() -> Iterator[Job]:
        nonlocal taken
        for number in range(12):
            taken += 1
            ahead.append(taken - done)
            yield Job(key=str(number), kind="plan", uid="1", label="", sources=(), conflict="no")

    for outcome in pool(workers=1).run(jobs()):
        assert outcome.failure.message == "no"
        done += 1
    assert done == 12
    assert max(ahead) <= 3


def _dies_at_once(*_given: object) -> None:
    os._exit(5)


def test_workers_that_cannot_start_end_in_failures_and_not_in_waiting(tmp_path, monkeypatch):
    monkeypatch.setattr("planchecker.batch.engines.pool.start_worker", _dies_at_once)
    write_case(tmp_path / "tree", 1)
    ended = batch(tmp_path / "tree", tmp_path / "out", engine=pool(workers=1))
    assert (ended.account.found, ended.account.failed) == (1, 1)
    assert "went down 3 times" in rows(tmp_path / "out", "SELECT message FROM error")[0]["message"]


@POSIX
def test_a_worker_that_is_killed_from_outside_costs_one_case(tmp_path):
    root, out = tmp_path / "tree", tmp_path / "out"
    for number in range(6):
        write_case(root / str(number), number, label=f"slow{number}")

    class Killing:
        """Kills a worker as soon as the first case is done."""

        def __init__(self) -> None:
            self.left = 1

        def files(self, done: int) -> None:
            """Nothing."""

        def cases(self, done: int, total: int) -> None:
            assert total == 6
            if done == 2 and self.left:
                self.left = 0
                workers = [
                    p for p in psutil.Process().children() if "spawn_main" in " ".join(p.cmdline())
                ]
                workers[0].kill()

    ended = batch(root, out, engine=pool(), watcher=Killing())
    assert_accounted(root, out, ended)
    assert ended.account.checked >= 5
    assert ended.account.failed <= 1
    batch(root, out, engine=pool(), resume=True)
    assert rows(out, 'SELECT count(*) AS n FROM "case" WHERE status IS NULL') == [{"n": 0}]


@POSIX
def test_a_parent_that_is_killed_leaves_a_store_to_go_on_from(tmp_path):
    root, out = tmp_path / "tree", tmp_path / "out"
    for number in range(8):
        write_case(root / str(number), number)
    with subprocess.Popen(
        command(root, "-o", out, "--workers", "2", "--report-format", "none"),
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as parent:
        done = wait_for_cases(out, 2)
        children = psutil.Process(parent.pid).children(recursive=True)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    gone, alive = psutil.wait_procs(children, timeout=20)
    assert not alive, "workers outlive their parent"
    assert gone
    assert rows(out, "SELECT state, ended_at FROM batch") == [
        {"state": "running", "ended_at": None}
    ]
    redone = resumed_by_command(root, out)
    assert redone["skipped"] >= done
    assert redone["found"] == redone["checked"] + redone["skipped"] == 8


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_batch_says_so_and_goes_on_later(tmp_path, number):
    root, out = tmp_path / "tree", tmp_path / "out"
    for n in range(8):
        write_case(root / str(n), n)
    with subprocess.Popen(
        command(root, "-o", out, "--workers", "2", "--report-format", "none"),
        stderr=subprocess.PIPE,
        text=True,
    ) as parent:
        done = wait_for_cases(out, 2)
        parent.send_signal(number)
        _, told = parent.communicate(timeout=60)
    assert parent.returncode == 130
    assert "go on with --resume" in told
    state = rows(out, "SELECT * FROM batch")[0]
    assert state["state"] == "interrupted"
    assert state["checked"] >= done
    assert not (out / "results.jsonl").exists()
    redone = resumed_by_command(root, out)
    assert redone["skipped"] == state["checked"]
    assert redone["checked"] == 8 - state["checked"]


def wait_for_cases(out: Path, count: int) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if (out / STORE).is_file():
            try:
                done = len(rows(out, 'SELECT 1 FROM "case"'))
            except PlanCheckerError:
                done = 0
            if done >= count:
                return done
        time.sleep(0.05)
    raise AssertionError("the batch does not get on")


def resumed_by_command(root: Path, out: Path) -> dict[str, int]:
    arguments = command(root, "-o", out, "--resume", "--workers", "2", "--report-format", "none")
    assert subprocess.run(arguments, check=False, stdout=subprocess.DEVNULL).returncode == 3
    return rows(out, "SELECT * FROM batch ORDER BY id DESC LIMIT 1")[0]


def test_a_file_that_changes_during_the_run_is_told_and_done_again(tmp_path):
    root, out = tmp_path / "tree", tmp_path / "out"
    write_case(root / "a", 1, label="changes")
    write_case(root / "b", 2)
    ended = batch(root, out, engine=pool(changing))
    assert (ended.account.checked, ended.account.failed) == (1, 1)
    assert rows(out, "SELECT kind FROM error") == [{"kind": "changed"}]
    assert resumed(root, out) == ["changes"]
    assert cases(out)["changes"]["status"] == "not-evaluated"


@POSIX
def test_a_pipe_in_the_tree_is_listed_and_not_waited_for(tmp_path):
    root, out = tmp_path / "tree", tmp_path / "out"
    write_case(root, 1)
    (root / "RD.0.dcm").unlink()
    os.mkfifo(root / "RD.0.dcm")
    ended = batch(root, out)
    assert ended.account.files["unreadable"] == 1
    assert rows(out, "SELECT reason FROM file WHERE state = 'unreadable'") == [
        {"reason": "not a regular file"}
    ]
    assert exit_code(ended.account) == 2


@pytest.fixture
def home() -> Iterator[Path]:
    """Give a folder that nobody may enter: that of pytest is for its user alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


# Only the stock is taken as nobody: the checkout itself may be closed to him.
AS_NOBODY = """
import os, sys
from pathlib import Path
import planchecker.batch.run as run
from test_batch_run import batch, exit_code
batch(Path(sys.argv[1]), Path(sys.argv[2]) / "warm")
stock = run.take_stock
def as_nobody(*given, **options):
    if os.getuid() == 0:
        os.setegid(65534)
        os.seteuid(65534)
    try:
        entries = list(stock(*given, **options))
    finally:
        os.seteuid(os.getuid())
        os.setegid(os.getgid())
    yield from entries
run.take_stock = as_nobody
ended = batch(Path(sys.argv[1]), Path(sys.argv[2]) / "cold")
sys.exit(int(exit_code(ended.account)))
"""


@POSIX
def test_a_folder_that_may_not_be_listed_is_an_error(home):
    root, out = home / "tree", home / "out"
    write_case(root / "a", 1)
    write_case(root / "b", 2)
    out.mkdir()
    out.chmod(0o777)
    (root / "b").chmod(0)
    (root / "a" / "RD.0.dcm").chmod(0)
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(root), str(out)],
        check=False,
        capture_output=True,
        text=True,
        cwd=TESTS,
        timeout=120,
    )
    (root / "b").chmod(0o755)
    assert done.returncode == 2, done.stderr
    told = rows(out / "cold", "SELECT path, message FROM error ORDER BY path")
    assert [Path(row["path"]).name for row in told] == ["RD.0.dcm", "b"]
    assert all("Permission denied" in row["message"] for row in told)


def test_a_full_disk_stops_the_batch_and_leaves_whole_cases(tmp_path, monkeypatch):
    root, out = tmp_path / "tree", tmp_path / "out"
    for number in range(6):
        write_case(root / str(number), number)
    settle = opening._settle
    with closing(opening.open_store(out / STORE)) as store:
        empty = store.execute("PRAGMA page_count").fetchone()[0]

    def small(connection: sqlite3.Connection, *, writer: bool) -> None:
        settle(connection, writer=writer)
        if writer:
            connection.execute(f"PRAGMA max_page_count = {empty + 20}")

    monkeypatch.setattr(opening, "_settle", small)
    with pytest.raises(PlanCheckerError, match="full"):
        batch(root, out)
    monkeypatch.undo()
    kept = rows(out, 'SELECT * FROM "case"')
    assert 0 < len(kept) < 6
    for row in kept:
        findings = rows(out, "SELECT count(*) AS n FROM finding WHERE case_id = ?", row["id"])
        report = json.loads((out / row["report_folder"] / "report.json").read_text("utf-8"))
        assert findings == [{"n": len(report["findings"])}]
    assert rows(out, "SELECT state FROM batch")[0]["state"] != "complete"
    assert len(resumed(root, out)) == 6 - len(kept)


def test_two_batches_share_a_store(tmp_path):
    out = tmp_path / "out"
    for number in range(6):
        write_case(tmp_path / ("one" if number < 3 else "two") / str(number), number)
    arguments = ("-o", out, "--workers", "1", "--report-format", "none")
    both = [
        subprocess.Popen(command(tmp_path / name, *arguments), stdout=subprocess.DEVNULL)
        for name in ("one", "two")
    ]
    assert [one.wait(timeout=120) for one in both] == [3, 3]
    assert len(cases(out)) == 6
    assert [row["state"] for row in rows(out, "SELECT state FROM batch")] == ["complete"] * 2
    assert rows(out, "SELECT sum(checked) AS n FROM batch") == [{"n": 6}]
    with closing(opening.open_store(out / STORE)) as store:
        assert store.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_nothing_is_lost_among_five_hundred(tmp_path):
    """One in a hundred is poisoned: by its content, or by what becomes of its process."""
    root, out = tmp_path / "tree", tmp_path / "out"
    poisoned = {77: "crash", 177: "killed" if os.name == "posix" else "crash", 277: "crash"}
    template = encode(make_structures(uid(7, 1), rois={1: "Bone"}, contours={}, **who(7)))
    for number in range(500):
        folder = root / f"{number % 10}" / f"{number}"
        folder.mkdir(parents=True)
        if number in poisoned:
            write_plan(folder, number, label=poisoned[number])
            continue
        swapped = template.replace(b"P00007", b"P%05d" % number)
        swapped = swapped.replace(b"1.2.826.8.1\0", b"1.2.%07d\0" % (number + 1_000_000))
        (folder / "RS.dcm").write_bytes(swapped[:200] if number in (377, 477) else swapped)
    ended = batch(root, out, engine=pool())
    assert_accounted(root, out, ended)
    assert (ended.account.found, ended.account.checked, ended.account.failed) == (498, 495, 3)
    assert ended.account.unreadable == 2
    assert exit_code(ended.account) == 2
