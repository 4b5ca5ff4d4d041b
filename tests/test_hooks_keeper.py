import io
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from planchecker.audit import Journal, verify
from planchecker.audit.journal import rows
from planchecker.errors import PlanCheckerError
from planchecker.hooks import keeper as keeper_module
from planchecker.hooks.isolated import JudgingError
from planchecker.hooks.judging import Options, Outcome, Request
from planchecker.hooks.keeper import Keeper, Patience
from planchecker.hooks.metrics import Metrics
from planchecker.hooks.shelf import Shelf

PLAN = "1.2.3"


class Source:
    """Sets in memory."""

    def __init__(self) -> None:
        self.sets: dict[str, dict[str, int]] = {}
        self.judged: dict[str, dict[str, int]] = {}
        self.version = 0
        self.plans: dict[str, tuple[str, ...]] = {}

    def arrive(self, name: str, stamp: int = 1, owner: str = "o") -> None:
        self.version += 1
        self.sets.setdefault(owner, {})[name] = stamp

    def owners(self) -> tuple[str, ...]:
        return tuple(self.sets)

    def state_of(self, owner: str) -> dict[str, int]:
        return dict(self.sets.get(owner, {}))

    def judged_state(self, owner: str) -> dict[str, int]:
        return self.judged.get(owner, {})

    def mark_judged(self, owner: str, state: Mapping[str, int]) -> None:
        self.judged[owner] = dict(state)

    def path_of(self, name: str) -> Path:
        return Path(name)

    def plans_of(self, owner: str) -> tuple[str, ...]:
        return self.plans.get(owner, (PLAN,))


class Bench:
    """A keeper with a clock to turn by hand and an engine that answers what it is told."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.source = Source()
        self.journal = Journal(root / "journal.sqlite")
        self.shelf = Shelf(root / "reports", self.journal)
        self.lines = io.StringIO()
        self.now = 1000.0
        self.asked: list[Request] = []
        self.delivered: list[str] = []
        self.answer: Callable[[Request], Outcome] = self.complete
        self.stop = threading.Event()
        self.meanwhile: Callable[[], None] = lambda: None
        monkeypatch.setattr(keeper_module.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(keeper_module, "judge_isolated", self.engine)
        self.keeper = self.new_keeper()

    def new_keeper(self) -> Keeper:
        return Keeper(
            self.source,
            self.shelf,
            Metrics(self.lines),
            hook="test",
            who="me",
            options=Options(),
            patience=Patience(settle_s=2, quiet_s=60),
            delivered=lambda outcome, _folder: self.delivered.append(outcome.status),
        )

    def engine(
        self, request: Request, *, meanwhile: Callable[[], None], **_: Any
    ) -> tuple[Outcome, ...]:
        self.asked.append(request)
        answer = self.answer(request)
        meanwhile()
        return (answer,)

    def complete(self, request: Request, status: str = "pass", code: int = 0) -> Outcome:
        folder = Path(request.folder) / "0"
        folder.mkdir()
        (folder / "report.json").write_text("{}")
        (folder / "report.html").write_text(f"verdict {status} on {sorted(request.paths)}")
        return Outcome(
            subject=PLAN,
            status=status,
            exit_code=code,
            folder=str(folder),
            report_sha256="44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        )

    def incomplete(self, request: Request) -> Outcome:
        if request.only_complete:
            return Outcome(subject=PLAN, missing=("the dose",))
        return self.complete(request, "not-evaluated", 3)

    def after(self, seconds: float) -> None:
        self.now += seconds
        self.keeper.look()
        self.keeper.work(self.stop, meanwhile=self.meanwhile)

    def shown(self) -> str:
        return (self.shelf.root / PLAN / "report.html").read_text()

    def names(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.lines.getvalue().splitlines()]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


def test_a_complete_set_is_judged_once_it_has_settled(bench: Bench) -> None:
    bench.source.arrive("plan")
    bench.after(0)
    bench.after(1.9)
    assert bench.asked == []
    bench.after(0.2)
    assert bench.asked[0].only_complete
    assert bench.shelf.latest(PLAN)["status"] == "pass"
    assert bench.delivered == ["pass"]
    assert bench.keeper.waiting == 0


def test_every_arrival_starts_the_waiting_anew(bench: Bench) -> None:
    for n in range(10):
        bench.source.arrive(f"slice {n}")
        bench.after(1.5)
    assert bench.asked == []
    bench.after(2.1)
    assert len(bench.asked[0].paths) == 10


def test_an_incomplete_set_is_asked_once_and_judged_after_the_quiet_time(bench: Bench) -> None:
    bench.answer = bench.incomplete
    bench.source.arrive("plan")
    for _ in range(60):
        bench.after(1)
    assert [request.only_complete for request in bench.asked] == [True]
    bench.after(2)
    assert [request.only_complete for request in bench.asked] == [True, False]
    assert bench.asked[1].waited_s == 60
    assert bench.shelf.latest(PLAN)["status"] == "not-evaluated"


def test_an_object_that_completes_the_set_is_judged_at_once(bench: Bench) -> None:
    bench.answer = bench.incomplete
    bench.source.arrive("plan")
    bench.after(0)
    bench.after(3)
    bench.answer = bench.complete
    bench.source.arrive("dose")
    bench.after(0)
    bench.after(3)
    assert len(bench.asked) == 2
    assert bench.shelf.latest(PLAN)["status"] == "pass"


@pytest.mark.parametrize(("name", "stamp"), [("late dose", 1), ("plan", 2)], ids=["late", "again"])
def test_a_late_or_repeated_object_takes_the_verdict_off_display_and_supersedes_it(
    bench: Bench, name: str, stamp: int
) -> None:
    bench.source.arrive("plan")
    bench.after(0)
    bench.after(3)
    assert "verdict pass" in bench.shown()
    bench.source.arrive(name, stamp)
    bench.after(0)
    assert bench.shelf.latest(PLAN)["state"] == "pending"
    assert bench.shelf.latest(PLAN)["exit_code"] == 2
    assert "verdict" not in bench.shown().split("No longer valid")[0]
    bench.answer = lambda request: bench.complete(request, "fail", 1)
    bench.after(3)
    assert "verdict fail" in bench.shown()
    assert [row["supersedes"] for row in rows(bench.journal.path)] == [None, 1]
    marked = list((bench.shelf.root / PLAN).glob("*/SUPERSEDED"))
    assert len(marked) == 1
    assert "pass" in (marked[0].parent / "report.html").read_text()


def test_an_object_that_arrives_while_judging_is_judged_afterwards(bench: Bench) -> None:
    def late(request: Request) -> Outcome:
        bench.source.arrive("late")
        return bench.complete(request)

    bench.answer = late
    bench.source.arrive("plan")
    bench.after(0)
    bench.after(3)
    bench.answer = bench.complete
    assert bench.keeper.waiting == 1
    # The first verdict is in the journal, but neither shown nor sent.
    assert bench.shelf.latest(PLAN)["state"] == "pending"
    assert bench.delivered == []
    bench.after(0)
    bench.after(3)
    assert [len(request.paths) for request in bench.asked] == [1, 2]


def test_a_verdict_does_not_stand_while_another_set_is_judged(bench: Bench) -> None:
    bench.source.plans = {"one": (PLAN,), "two": ("4.5.6",)}
    bench.source.arrive("plan", owner="one")
    bench.after(0)
    bench.after(3)
    assert bench.shelf.latest(PLAN)["state"] == "judged"
    seen = []

    def late(request: Request) -> Outcome:
        bench.source.arrive("dose", owner="one")
        return replace(bench.complete(request), subject="4.5.6")

    bench.answer = late
    bench.meanwhile = lambda: seen.append(bench.shelf.latest(PLAN)["state"])
    bench.source.arrive("plan", owner="two")
    bench.after(0)
    bench.after(3)
    assert seen[0] == "pending"


def test_an_object_that_names_another_plan_takes_its_verdict_off_display_too(
    bench: Bench,
) -> None:
    bench.source.plans = {"one": (PLAN,)}
    bench.source.arrive("plan", owner="one")
    bench.after(0)
    bench.after(3)
    bench.source.plans = {"one": (PLAN,), "two": ("7.8",)}
    bench.source.arrive("slice", owner="two")
    bench.after(0)
    bench.source.plans["two"] = ("7.8", PLAN)
    bench.source.arrive("dose", owner="two")
    bench.after(0)
    assert bench.shelf.latest(PLAN)["state"] == "pending"


def test_a_display_that_cannot_be_changed_is_tried_until_it_can(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.source.arrive("plan")
    bench.after(0)
    bench.after(3)
    bench.source.arrive("dose")
    with monkeypatch.context() as patch:
        patch.setattr(bench.shelf, "pending", raises(PlanCheckerError("share away")))
        bench.after(0)
        bench.after(0)
    assert bench.names().count("display-failed") == 1
    bench.after(0)
    assert bench.shelf.latest(PLAN)["state"] == "pending"


def raises(error: Exception) -> Callable[..., None]:
    def raise_(*_: object, **__: object) -> None:
        raise error

    return raise_


def test_nothing_is_looked_at_where_nothing_has_arrived(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.source.arrive("plan")
    bench.after(0)
    bench.after(3)
    monkeypatch.setattr(bench.source, "state_of", raises(AssertionError("looked")))
    bench.after(3)


def test_one_process_leaves_the_work_of_another_alone(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, Journal(tmp_path / "j"))
    with shelf.workspace() as folder:
        (folder / "0").mkdir()
        Shelf(tmp_path, Journal(tmp_path / "j"))
        assert (folder / "0").is_dir()
        long_ago = time.time() - 2 * 86_400
        os.utime(folder, (long_ago, long_ago))
        Shelf(tmp_path, Journal(tmp_path / "j"))
        assert not folder.exists()


def test_what_is_on_display_is_the_last_row_whoever_writes(tmp_path: Path) -> None:
    def write(number: int) -> None:
        shelf = Shelf(tmp_path, Journal(tmp_path / "j"))
        for turn in range(5):
            with shelf.workspace() as folder:
                (folder / "report.json").write_text("{}")
                (folder / "report.html").write_text("x")
                status = f"{number} {turn}"
                outcome = Outcome(subject=PLAN, status=status, folder=str(folder))
                shelf.place(replace(outcome, report_sha256=status * 10), hook="h", who="w")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    shelf = Shelf(tmp_path, Journal(tmp_path / "j"))
    assert shelf.latest(PLAN)["journal_seq"] == 20


def test_a_restart_judges_what_is_not_judged_and_nothing_else(bench: Bench) -> None:
    bench.source.arrive("plan", owner="done")
    bench.after(0)
    bench.after(3)
    bench.source.arrive("plan", owner="left")
    bench.keeper = bench.new_keeper()
    bench.after(0)
    bench.after(3)
    assert [request.name for request in bench.asked] == ["done", "left"]


def test_objects_that_are_taken_away_start_nothing(bench: Bench) -> None:
    bench.source.arrive("plan")
    bench.source.arrive("dose")
    bench.after(0)
    bench.after(3)
    del bench.source.sets["o"]["dose"]
    bench.after(0)
    bench.after(100)
    assert len(bench.asked) == 1


def test_what_cannot_be_judged_is_shown_as_that_after_three_times(bench: Bench) -> None:
    def broken(_: Request) -> Outcome:
        raise JudgingError("the process ended on DOE^JOHN", kind="judging ended with code 1")

    bench.answer = broken
    bench.source.arrive("plan")
    for _ in range(10):
        bench.after(10)
    assert len(bench.asked) == 3
    assert "the process ended" in bench.shown()
    assert bench.shelf.latest(PLAN)["exit_code"] == 2
    assert [row["status"] for row in rows(bench.journal.path)] == ["error"]
    # What the display may say of a patient, journal and log may not.
    assert "DOE" not in json.dumps(list(rows(bench.journal.path))) + bench.lines.getvalue()
    bench.answer = bench.complete
    bench.source.arrive("dose")
    bench.after(0)
    bench.after(3)
    assert bench.shelf.latest(PLAN)["status"] == "pass"


def test_a_report_that_cannot_be_kept_is_tried_until_it_can(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> None:
        raise PlanCheckerError("disk full")

    bench.source.arrive("plan")
    with monkeypatch.context() as patch:
        patch.setattr(bench.journal, "append", full)
        for _ in range(20):
            bench.after(100)
        assert not (bench.shelf.root / PLAN / "latest.json").exists()
    bench.after(400)
    assert bench.shelf.latest(PLAN)["status"] == "pass"
    assert verify(bench.journal.path, reports=bench.shelf.root).problems == ()


def test_a_stop_while_judging_leaves_the_set_for_the_next_start(bench: Bench) -> None:
    def stopped(_: Request) -> Outcome:
        bench.stop.set()
        raise JudgingError("judging was stopped", kind="judging was stopped")

    bench.answer = stopped
    bench.source.arrive("plan")
    bench.after(0)
    bench.after(3)
    assert bench.source.judged == {}
    assert "judging-failed" not in bench.names()


def test_the_journal_holds_what_the_metrics_say(bench: Bench) -> None:
    bench.source.arrive("plan")
    bench.after(0)
    bench.after(3)
    told = [json.loads(line) for line in bench.lines.getvalue().splitlines()]
    verdict = next(line for line in told if line["event"] == "verdict")
    head = verify(bench.journal.path).head
    assert verdict["journal_hash"] == head


def test_a_stream_that_breaks_does_not_stop_the_service() -> None:
    class Broken(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    metrics = Metrics(Broken())
    metrics.event("a")
    metrics.event("a")
    assert metrics.counts() == {"a": 2}


def test_a_reason_is_escaped_where_it_is_shown(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, Journal(tmp_path / "j"))
    shelf.failed(PLAN, "<script>alert(1)</script>", kind="k", hook="h", who="w")
    assert "<script>" not in (tmp_path / PLAN / "report.html").read_text()


def test_a_plan_that_was_never_judged_gets_nothing_on_display(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, Journal(tmp_path / "j"))
    shelf.pending(PLAN)
    assert not (tmp_path / PLAN).exists()
