import contextlib
import io
import json
import random
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dicom_factory import CT, RT_DOSE, RT_PLAN, encode, item
from hooks_support.callers import associate, association_request, called, store
from hooks_support.sets import small_set
from pydicom import dcmread

from planchecker.errors import MissingExtra, PlanCheckerError
from planchecker.hooks import extra
from planchecker.hooks.buffers import BoundedBuffer, Budget
from planchecker.hooks.limits import DEFAULT_LIMITS, HookLimits
from planchecker.hooks.metrics import Metrics
from planchecker.hooks.peers import AllowList
from planchecker.hooks.receiver import Receiver, TlsFiles
from planchecker.hooks.spool import Spool
from planchecker.hooks.transport import GuardedServer

LIMITS = replace(DEFAULT_LIMITS, free_bytes=0, idle_s=5.0)
ECHO = "1.2.840.10008.1.1"
EVIL_UIDS = ["../../../evil", "..%5Cevil", "/etc/passwd", "1.2/3", "C:evil", "1..2", ".1.2", "1.2."]
HALF_UNITS = [
    b"\x01",
    b"\x01\x00\x00\x00\x00\xff",
    b"\x01\x00\xff\xff\xff\xff" + b"x" * 100,
    b"\x04\x00\x7f\xff\xff\xff" + b"x" * 5000,
    b"\x00\x00\x00\x00\x00\x00",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
]
# pynetdicom's caller leaves a socket to the garbage collector where the other side hangs up.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("_left_to_the_collector"),
]


class Bench:
    def __init__(self, root: Path, limits: HookLimits, **options: Any) -> None:
        self.lines = io.StringIO()
        self.spool = Spool(root / "spool", limits=limits)
        self.receiver = Receiver(
            self.spool,
            title="PLANCHECKER",
            limits=limits,
            metrics=Metrics(self.lines),
            **options,
        )
        self.receiver.start()
        self.port = self.receiver.port

    def events(self, name: str) -> list[dict[str, Any]]:
        rows = map(json.loads, self.lines.getvalue().splitlines())
        return [row for row in rows if row["event"] == name]

    def files(self) -> list[Path]:
        return sorted(self.spool.root.glob("objects/*/*.dcm"))

    def still_works(self) -> bool:
        association = associate(self.port, [ECHO])
        if not association.is_established:
            return False
        status = association.send_c_echo()
        association.release()
        return bool(status.Status == 0)

    def quiet(self, *, timeout_s: float = 120.0) -> bool:
        deadline = time.monotonic() + timeout_s
        while self.receiver.connections and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self.receiver.connections


Make = Callable[..., Bench]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Bench] = []

    def make_(limits: HookLimits = LIMITS, **options: Any) -> Bench:
        made.append(Bench(tmp_path, limits, **options))
        return made[-1]

    yield make_
    for bench in made:
        bench.receiver.stop()
        bench.spool.close()


def test_an_object_arrives_as_it_was_sent(make: Make) -> None:
    bench = make()
    sent = small_set()
    assert store(bench.port, sent.values()) == [0] * 5
    stored = {dcmread(path).SOPInstanceUID: dcmread(path) for path in bench.files()}
    assert stored == {dataset.SOPInstanceUID: dataset for dataset in sent.values()}
    assert bench.receiver.arrived.is_set()


def test_an_echo_is_answered(make: Make) -> None:
    assert make().still_works()


def test_a_duplicate_is_accepted_and_kept_once(make: Make) -> None:
    bench = make()
    assert store(bench.port, [small_set()["RP"], small_set()["RP"]]) == [0, 0]
    assert len(bench.files()) == 1
    assert [event["duplicate"] for event in bench.events("object-accepted")] == [False, True]


@pytest.mark.parametrize(
    ("allowed", "options"),
    [
        ((), {"called": "SOMEONE"}),
        (("OTHER",), {}),
        (("TPS@10.9.8.7", "OTHER"), {}),
    ],
    ids=["wrong called title", "caller not listed", "listed title from another address"],
)
def test_who_is_not_meant_is_rejected(
    make: Make, allowed: tuple[str, ...], options: dict[str, str]
) -> None:
    bench = make(allowed=AllowList.parse(allowed))
    association = associate(bench.port, [ECHO], **options)
    assert association.is_rejected
    assert bench.quiet()
    assert bench.events("association-rejected")


def test_an_address_that_is_not_listed_is_not_even_read(make: Make) -> None:
    bench = make(allowed=AllowList.parse(["TPS@10.9.8.7"]))
    assert called(bench.port, b"\x01" * 100) == b""
    assert bench.events("connection-refused")[0]["address"] == "127.0.0.1"


@pytest.mark.parametrize("uid", EVIL_UIDS)
def test_a_uid_that_is_a_path_is_refused(make: Make, tmp_path: Path, uid: str) -> None:
    bench = make()
    evil, good = small_set()["RP"], small_set()["RD"]
    evil.update(item(SOPInstanceUID=uid))
    statuses = store(bench.port, [evil, good])
    assert statuses[0] not in (0, -1)
    assert statuses[1] == 0
    assert len(bench.files()) == 1
    outside = [p for p in tmp_path.rglob("*") if "evil" in p.name]
    assert outside == []


def test_an_oversized_object_is_refused_and_the_next_one_taken(make: Make) -> None:
    bench = make(replace(LIMITS, object_bytes=10_000))
    big = small_set()["RD"]
    big.PixelData = bytes(20_000)
    assert store(bench.port, [big, small_set()["RP"]]) == [0xA700, 0]
    assert len(bench.files()) == 1


def test_memory_is_bounded_over_all_associations_and_given_back() -> None:
    budget = Budget(100)
    one, two = BoundedBuffer(80, budget), BoundedBuffer(80, budget)
    one.write(b"x" * 60)
    two.write(b"x" * 60)
    assert (one.overflowed, two.overflowed, budget.left) == (False, True, 40)
    one.release()
    assert budget.left == 100
    three = BoundedBuffer(80, budget)
    three.write(b"x" * 60)
    del three
    assert budget.left == 100


def test_what_is_being_stored_still_counts_as_held() -> None:
    budget = Budget(100)
    buffer = BoundedBuffer(80, budget)
    buffer.write(b"x" * 60)
    assert buffer.take() == b"x" * 60
    assert (buffer.getvalue(), budget.left) == (b"", 40)
    buffer.release()
    assert budget.left == 100


def test_more_objects_than_an_association_may_hold_are_refused(make: Make) -> None:
    bench = make(replace(LIMITS, association_objects=2))
    assert store(bench.port, list(small_set().values())[:3]) == [0, 0, 0xA700]
    assert store(bench.port, [small_set()["CT1"]]) == [0]


def test_a_full_spool_is_out_of_resources(make: Make) -> None:
    plan = small_set()["RP"]
    bench = make(replace(LIMITS, spool_bytes=len(encode(plan)) + 500))
    assert store(bench.port, [plan, small_set()["RD"], small_set()["RS"]]) == [0, 0xA700, 0xA700]
    assert len(bench.files()) == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"SOPInstanceUID": "1.2.3.99"}, 0xA900),
        ({"SOPClassUID": RT_DOSE}, 0xA900),
    ],
)
def test_a_data_set_that_is_not_what_was_announced_is_refused(
    make: Make, change: dict[str, str], status: int
) -> None:
    bench = make()
    assert raw_store(bench.port, RT_PLAN, "1.2.3.1", change)[0] == status
    assert bench.files() == []


def test_a_data_set_that_cannot_be_read_is_refused(make: Make) -> None:
    bench = make()
    assert raw_store(bench.port, RT_PLAN, "1.2.3.1", None)[0] == 0xC000
    assert bench.still_works()


def raw_store(port: int, sop_class: str, instance: str, change: dict[str, str] | None) -> list[int]:
    """Announce one object and send another."""
    from pynetdicom.dimse_primitives import C_STORE  # noqa: PLC0415

    association = associate(port, [sop_class])
    request = C_STORE()
    request.MessageID = 1
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = sop_class, instance
    request.Priority = 2
    if change is None:
        body = random.Random(1).randbytes(500)  # noqa: S311
    else:
        dataset = small_set()["RP"]
        dataset.update(item(**change))
        body = encode(dataset, meta=False)
    request.DataSet = io.BytesIO(body)
    association._reactor_checkpoint.clear()
    association.dimse.send_msg(request, association.accepted_contexts[0].context_id)
    _, answer = association.dimse.get_msg(block=True)
    association._reactor_checkpoint.set()
    association.release()
    return [int(answer.Status)]


@pytest.mark.parametrize("data", HALF_UNITS, ids=range(len(HALF_UNITS)))
def test_half_a_unit_ends_its_connection_alone(make: Make, data: bytes) -> None:
    bench = make()
    called(bench.port, data)
    assert bench.quiet()
    assert bench.still_works()


def test_an_association_that_breaks_off_leaves_nothing(make: Make) -> None:
    bench = make()
    request = association_request(bench.port)
    called(bench.port, request + b"\x04\x00\x00\x00\x10\x00" + b"x" * 50)
    called(bench.port, request + struct.pack(">BBLLBB", 4, 0, 6, 2, 1, 3))
    called(bench.port, request[: len(request) // 2])
    assert bench.quiet()
    assert bench.files() == []
    assert bench.still_works()


def test_a_unit_of_four_gigabytes_is_not_waited_for(make: Make) -> None:
    bench = make(replace(LIMITS, idle_s=60.0))
    with socket.create_connection(("127.0.0.1", bench.port), timeout=60) as caller:
        caller.sendall(b"\x01\x00\xff\xff\xff\xff" + b"x" * 1000)
        assert bench.quiet()


def test_a_caller_who_says_nothing_is_hung_up_on(make: Make) -> None:
    bench = make(replace(LIMITS, idle_s=1.0))
    callers = [socket.create_connection(("127.0.0.1", bench.port)) for _ in range(4)]
    for caller, start in zip(
        callers, (b"", b"\x01", b"\x01\x00\x00\x00\x01\x00", b""), strict=True
    ):
        caller.sendall(start)
    assert bench.quiet()
    for caller in callers:
        caller.close()
    assert bench.still_works()


def test_an_association_has_a_longest_time_whatever_is_sent(make: Make) -> None:
    bench = make(replace(LIMITS, association_s=1.0, idle_s=30.0))
    data = association_request(bench.port) * 50
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", bench.port), timeout=60) as caller:
        with contextlib.suppress(OSError):
            for byte in data:
                caller.sendall(bytes([byte]))
                time.sleep(0.02)
        assert time.monotonic() - started < 60
    assert bench.still_works()


def test_random_bytes_do_no_harm(make: Make) -> None:
    bench = make()
    chance = random.Random(20260101)  # noqa: S311
    request = association_request(bench.port)
    for turn in range(40):
        noise = chance.randbytes(chance.randrange(1, 4000))
        if turn % 2:
            position = chance.randrange(len(request))
            noise = request[:position] + noise[:20] + request[position + 20 :] + noise
        called(bench.port, noise)
    assert bench.quiet()
    assert bench.files() == []
    assert bench.still_works()
    assert store(bench.port, [small_set()["RP"]]) == [0]


def test_two_associations_at_once_lose_nothing(make: Make) -> None:
    bench = make()
    answers: list[list[int]] = []

    def send(number: int) -> None:
        objects = [d for n in range(3) for d in small_set(f"1.2.{number}.{n}").values()]
        answers.append(store(bench.port, objects))

    threads = [threading.Thread(target=send, args=(number,)) for number in (0, 0, 1, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=300)
    assert answers == [[0] * 15] * 4
    assert len(bench.files()) == 30


def test_200_associations_one_after_the_other_and_side_by_side(make: Make) -> None:
    # The end of an association is seen a moment after its caller has begun the next one; on a
    # busy machine the moments add up, and a caller may be slow to say what it wants.
    bench = make(replace(LIMITS, associations=200, idle_s=60.0))
    taken: list[int] = []
    lock = threading.Lock()

    def send(worker: int) -> None:
        for turn in range(25):
            image = small_set()["CT0"]
            image.SOPInstanceUID = f"1.2.{worker}.{turn}"
            statuses = store(bench.port, [image])
            with lock:
                taken.extend(statuses)

    threads = [threading.Thread(target=send, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=300)
    assert taken == [0] * 200
    assert len(bench.files()) == 200
    assert bench.quiet()


def test_callers_wait_in_line_while_none_is_taken(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, take = threading.Event(), GuardedServer.get_request

    def held_up(server: GuardedServer) -> object:
        free.wait(timeout=60)
        return take(server)

    monkeypatch.setattr(GuardedServer, "get_request", held_up)
    bench = make(replace(LIMITS, associations=40))
    try:
        # Beyond the end of the line a call is dropped, and tried again after a second or more.
        callers = [
            socket.create_connection(("127.0.0.1", bench.port), timeout=0.9) for _ in range(30)
        ]
    finally:
        free.set()
    for caller in callers:
        caller.close()
    assert bench.still_works()
    assert bench.quiet()


def test_beyond_the_most_associations_callers_are_turned_away_not_others(make: Make) -> None:
    bench = make(replace(LIMITS, associations=2))
    kept = [associate(bench.port, [ECHO]) for _ in range(2)]
    assert all(one.is_established for one in kept)
    assert not associate(bench.port, [ECHO]).is_established
    assert kept[0].send_c_echo().Status == 0
    for one in kept:
        one.release()
    assert bench.quiet()
    assert bench.still_works()


def test_a_flood_of_connections_is_bounded(make: Make) -> None:
    bench = make(replace(LIMITS, associations=2, idle_s=30.0))
    callers = [socket.create_connection(("127.0.0.1", bench.port)) for _ in range(40)]
    deadline = time.monotonic() + 120
    while len(bench.events("connection-refused")) < 28 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(bench.events("connection-refused")) == 28
    assert bench.receiver.connections == 12
    for caller in callers:
        caller.close()
    assert bench.quiet()
    assert bench.still_works()


def test_a_port_that_is_taken_is_an_error(make: Make, tmp_path: Path) -> None:
    bench = make()
    with pytest.raises(PlanCheckerError, match="cannot listen"):
        Bench(tmp_path / "second", LIMITS, port=bench.port)


def test_without_the_package_the_message_names_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(extra.importlib, "import_module", missing)
    with pytest.raises(MissingExtra, match="pip install"):
        extra.pynetdicom()


def test_nothing_about_the_patient_is_written_down(make: Make) -> None:
    bench = make()
    store(bench.port, small_set(patient="SECRET-7").values())
    store(bench.port, [small_set(patient="SECRET-7")["RP"]])
    assert "SECRET" not in bench.lines.getvalue()
    assert "Doe" not in bench.lines.getvalue()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make two authorities and a certificate of each, with openssl."""
    folder = tmp_path_factory.mktemp("keys")
    try:
        for who in ("ours", "theirs"):
            subprocess.run(
                [
                    *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                    *("-subj", f"/CN={who}", "-addext", "subjectAltName=IP:127.0.0.1"),
                    *("-keyout", folder / f"{who}.key", "-out", folder / f"{who}.pem"),
                ],
                check=True,
                capture_output=True,
                timeout=60,
            )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("openssl is not there to make certificates")
    return folder


def tls_files(keys: Path) -> TlsFiles:
    return TlsFiles(
        certificate=keys / "ours.pem", key=keys / "ours.key", authorities=keys / "ours.pem"
    )


def said_by(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)


def client(keys: Path, certificate: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=keys / "ours.pem")
    if certificate:
        context.load_cert_chain(keys / f"{certificate}.pem", keys / f"{certificate}.key")
    return context


def test_a_caller_with_a_certificate_is_served(make: Make, keys: Path) -> None:
    bench = make(tls=tls_files(keys))
    options = {"tls_args": (client(keys, "ours"), "127.0.0.1")}
    assert store(bench.port, [small_set()["RP"]], **options) == [0]


@pytest.mark.parametrize("certificate", [None, "theirs"])
def test_a_caller_without_the_right_certificate_is_not(
    make: Make, keys: Path, certificate: str | None
) -> None:
    bench = make(tls=tls_files(keys))
    association = associate(bench.port, [ECHO], tls_args=(client(keys, certificate), "127.0.0.1"))
    assert not association.is_established
    assert bench.quiet()


def test_a_caller_without_tls_is_not_served_and_holds_nobody_up(make: Make, keys: Path) -> None:
    bench = make(tls=tls_files(keys))
    silent = socket.create_connection(("127.0.0.1", bench.port))
    assert not associate(bench.port, [ECHO]).is_established
    options = {"tls_args": (client(keys, "ours"), "127.0.0.1")}
    assert store(bench.port, [small_set()["CT0"]], **options) == [0]
    silent.close()


@pytest.mark.parametrize(("certificate", "served"), [("ours", True), ("theirs", False)])
def test_dcmtk_is_served_over_tls_with_the_right_certificate_alone(
    make: Make, keys: Path, certificate: str, served: bool
) -> None:
    echoscu = shutil.which("echoscu")
    if echoscu is None or "+tls" not in said_by(echoscu, "--help").stdout:
        pytest.skip("there is no echoscu of dcmtk that knows TLS")
    bench = make(tls=tls_files(keys))
    pair = (keys / f"{certificate}.key", keys / f"{certificate}.pem")
    words = [echoscu, "+tls", *pair, "+cf", keys / "ours.pem", "-aec", "PLANCHECKER"]
    done = said_by(*words, "127.0.0.1", str(bench.port))
    assert (done.returncode == 0) is served
    assert bool(bench.events("echo")) is served


def test_tls_files_that_do_not_fit_are_an_error(keys: Path) -> None:
    files = TlsFiles(
        certificate=keys / "ours.pem", key=keys / "theirs.key", authorities=keys / "ours.pem"
    )
    with pytest.raises(PlanCheckerError, match="TLS"):
        files.context()


def test_images_and_what_is_only_listed_are_taken_too(make: Make) -> None:
    bench = make()
    association = associate(bench.port, [CT, "1.2.840.10008.5.1.4.1.1.481.1", "1.2.3.4"])
    accepted = {context.abstract_syntax for context in association.accepted_contexts}
    association.release()
    assert accepted == {CT, "1.2.840.10008.5.1.4.1.1.481.1"}
