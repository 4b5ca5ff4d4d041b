import io
import json
from pathlib import Path

import pytest
from dicom_factory import encode
from hooks_support.sets import small_set

from planchecker.errors import PlanCheckerError
from planchecker.hooks import outbox as outbox_module
from planchecker.hooks import sending
from planchecker.hooks.judging import Outcome
from planchecker.hooks.metrics import Metrics
from planchecker.hooks.outbox import Outbox
from planchecker.hooks.peers import Node


class Bench:
    """An outbox with a clock to turn by hand and a receiver that is there or not."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.now = 1000.0
        self.away = False
        self.sent: list[str] = []
        self.lines = io.StringIO()
        monkeypatch.setattr(outbox_module.time, "monotonic", lambda: self.now)
        self.outbox = self.started()

    def started(self) -> Outbox:
        return Outbox(self.send, self.root / "outbox.json", Metrics(self.lines))

    def send(self, path: Path) -> dict[str, str]:
        if self.away:
            raise PlanCheckerError("nobody answers")
        self.sent.append(path.read_text())
        return {"to": "NODE"}

    def refuse(self, path: Path) -> dict[str, str]:
        if path.read_text() == "never":
            raise PlanCheckerError("refused")
        self.sent.append(path.read_text())
        return {"to": "NODE"}

    def put(self, subject: str, text: str) -> None:
        folder = self.root / text
        folder.mkdir()
        (folder / "report.dcm").write_text(text)
        self.outbox.put(Outcome(subject=subject), folder)

    def names(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.lines.getvalue().splitlines()]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


def test_a_result_is_sent_at_once(bench: Bench) -> None:
    bench.put("1.2", "first")
    assert (bench.sent, bench.outbox.waiting) == (["first"], 0)
    assert bench.names() == ["result-sent"]


def test_a_result_that_nobody_takes_is_sent_later_and_only_the_last_of_a_plan(
    bench: Bench,
) -> None:
    bench.away = True
    bench.put("1.2", "first")
    bench.put("1.2", "second")
    bench.put("3.4", "other")
    bench.away = False
    bench.outbox.again()
    assert (bench.sent, bench.outbox.waiting) == ([], 2)
    bench.now += 3600
    bench.outbox.again()
    assert (bench.sent, bench.outbox.waiting) == (["second", "other"], 0)


def test_a_result_that_is_never_taken_holds_up_no_other(bench: Bench) -> None:
    bench.away = True
    bench.put("1.2", "never")
    bench.put("3.4", "other")
    bench.away = False
    bench.outbox = Outbox(bench.refuse, bench.root / "outbox.json", Metrics(bench.lines))
    for _ in range(3):
        bench.now += 3600
        bench.outbox.again()
    assert (bench.sent, bench.outbox.waiting) == (["other"], 1)


def test_what_is_to_be_sent_outlives_the_process(bench: Bench) -> None:
    bench.away = True
    bench.put("1.2", "first")
    bench.away = False
    again = bench.started()
    again.again()
    assert (bench.sent, again.waiting) == (["first"], 0)
    assert bench.started().waiting == 0


def test_a_receiver_that_stays_away_is_asked_less_and_less_often(bench: Bench) -> None:
    bench.away = True
    bench.put("1.2", "first")
    for _ in range(24 * 60):
        bench.now += 60
        bench.outbox.again()
    assert 90 < bench.names().count("result-not-sent") < 110


def test_a_result_that_was_tidied_away_is_forgotten(bench: Bench) -> None:
    bench.away = True
    bench.put("1.2", "first")
    bench.away = False
    (bench.root / "first" / "report.dcm").unlink()
    bench.now += 3600
    bench.outbox.again()
    assert bench.outbox.waiting == 0


def test_a_set_without_a_plan_has_no_result_to_send(bench: Bench, tmp_path: Path) -> None:
    bench.outbox.put(Outcome(subject="no-plan"), tmp_path)
    assert (bench.names(), bench.outbox.waiting) == (["result-not-sent"], 0)


@pytest.mark.parametrize("content", ["", "[]", "5", '{"a": 5}'])
def test_a_spoilt_memory_does_not_keep_the_service_from_starting(
    bench: Bench, content: str
) -> None:
    (bench.root / "outbox.json").write_text(content)
    assert bench.started().waiting == 0


def test_a_node_that_breaks_off_is_an_error_and_not_the_end_of_the_service(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Association:
        is_established = True
        accepted_contexts = ("one",)

        def send_c_store(self, _: object) -> None:
            raise RuntimeError("The association with a peer SCP must be established")

        def release(self) -> None:
            pass

    class Entity:
        def __init__(self, **_: object) -> None:
            pass

        def add_requested_context(self, _: object) -> None:
            pass

        def associate(self, *_: object, **__: object) -> Association:
            return Association()

    class Package:
        AE = Entity

    monkeypatch.setattr(sending, "pynetdicom", Package)
    path = tmp_path / "report.dcm"
    path.write_bytes(encode(small_set()["RP"]))
    with pytest.raises(PlanCheckerError, match="did not take the result"):
        sending.send(path, Node.parse("PACS@127.0.0.1:104"), title="US")
