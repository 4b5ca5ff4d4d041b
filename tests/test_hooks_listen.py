import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dicom_factory import CT
from hooks_support.callers import associate, association_request, store
from hooks_support.services import Service, can_unshare
from hooks_support.sets import small_set

from planchecker.audit import verify
from planchecker.audit.journal import rows
from planchecker.hooks.spool import Spool

# pynetdicom's caller leaves a socket to the garbage collector where the other side hangs up.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("_left_to_the_collector"),
    pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX"),
]
Start = Callable[..., tuple[Service, int]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Service] = []

    def start_(*more: str, before: tuple[str, ...] = ()) -> tuple[Service, int]:
        service = Service(
            *("listen", "--spool", tmp_path / "spool", "--reports", tmp_path / "reports"),
            *("--port", "0", "--min-free-gb", "0", "--settle", "0.3", "--quiet", "2", *more),
            before=before,
        )
        running.append(service)
        return service, service.wait_for("started")["port"]

    yield start_
    for service in running:
        if service.process.poll() is None:
            service.kill()


def accepted(root: Path) -> int:
    return len(list((root / "spool" / "objects").glob("*/*.dcm")))


def test_from_the_first_object_to_a_clean_end(start: Start, tmp_path: Path) -> None:
    service, port = start("--settle", "2")
    whole = small_set(patient="SECRET")
    assert store(port, [whole[name] for name in ("RP", "RS", "CT0", "CT1")]) == [0] * 4
    # On a slow machine fewer than all four may have been judged before.
    early = service.wait_for("verdict", subject="1.2.3.1", missing=1)
    assert early["exit_code"] in (1, 3)
    # The last object completes the set, which is not made to wait for the quiet time.
    assert store(port, [whole["RD"]]) == [0]
    late = service.wait_for("verdict", subject="1.2.3.1", missing=0)
    assert late["supersedes"] == early["journal_seq"]
    assert store(port, [whole["RD"]]) == [0]
    again = service.wait_for("verdict", subject="1.2.3.1")
    assert again["supersedes"] == late["journal_seq"]
    assert service.stop() == (0, "")
    assert service.names()[-1] == "stopped"
    assert "SECRET" not in json.dumps(service.events)
    journal = tmp_path / "reports" / "journal.sqlite"
    assert verify(journal, reports=tmp_path / "reports").problems == ()
    assert "SECRET" not in json.dumps(list(rows(journal)))
    latest = json.loads((tmp_path / "reports" / "1.2.3.1" / "latest.json").read_text())
    assert latest["journal_hash"] == again["journal_hash"]


def test_killed_while_receiving_nothing_accepted_is_lost(start: Start, tmp_path: Path) -> None:
    service, port = start("--quiet", "600", "--settle", "600")
    code = (
        "import sys; sys.path[:0] = [sys.argv[2]]\n"
        "from hooks_support.callers import associate\n"
        "from hooks_support.sets import small_set\n"
        "from pydicom.dataset import FileMetaDataset\n"
        "a = associate(int(sys.argv[1]), ['1.2.840.10008.5.1.4.1.1.2'])\n"
        "for n in range(500):\n"
        "    d = small_set()['CT0']; d.SOPInstanceUID = f'1.2.3.9.{n}'\n"
        "    d.file_meta = FileMetaDataset(); d.file_meta.TransferSyntaxUID = '1.2.840.10008.1.2'\n"
        "    d.set_original_encoding(is_implicit_vr=True, is_little_endian=True)\n"
        "    try: s = a.send_c_store(d)\n"
        "    except (OSError, RuntimeError): break\n"
        "    if 'Status' not in s or s.Status: break\n"
        "    print(n, flush=True)\n"
        "import os; os._exit(0)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(port), str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as sender:
        assert sender.stdout is not None
        for _ in range(20):
            sender.stdout.readline()
        service.kill()
        # It ends by itself once it has read every answer that was given.
        rest = sender.stdout.read().split()
    told = 20 + len(rest)
    assert accepted(tmp_path) in (told, told + 1)  # one may be kept whose answer was lost
    service, _ = start("--quiet", "600", "--settle", "600")
    assert service.wait_for("set-changed")["objects"] == accepted(tmp_path)
    assert not list((tmp_path / "spool" / "incoming").iterdir())
    service.stop()


def test_work_in_the_spool_is_done_after_a_restart(start: Start, tmp_path: Path) -> None:
    service, port = start("--settle", "600", "--quiet", "600")
    assert store(port, small_set().values()) == [0] * 5
    assert service.stop()[0] == 0
    assert "verdict" not in service.names()
    service, _ = start()
    assert service.wait_for("verdict")["subject"] == "1.2.3.1"
    assert service.stop()[0] == 0
    # After one more start there is nothing left to do.
    spool = Spool(tmp_path / "spool")
    [owner] = spool.owners()
    assert len(spool.judged_state(owner)) == 5
    assert spool.judged_state(owner) == spool.state_of(owner)
    spool.close()


def test_a_stop_ends_open_associations_and_a_running_judgement(start: Start) -> None:
    service, port = start()
    assert store(port, small_set().values()) == [0] * 5
    held = associate(port, [CT])
    silent = socket.create_connection(("127.0.0.1", port))
    # Somewhere between the first wait and the end of the judgement; every moment will do.
    time.sleep(0.8)
    assert service.stop() == (0, "")
    held.abort()
    silent.close()


def test_a_second_process_on_the_same_spool_is_refused(start: Start, tmp_path: Path) -> None:
    start()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "planchecker", "listen", "--port", "0"),
            *("--spool", tmp_path / "spool", "--reports", tmp_path / "reports"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "in use" in done.stderr


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="descriptors are counted in /proc")
def test_callers_that_break_off_leave_no_descriptors_and_no_threads(start: Start) -> None:
    service, port = start()
    request = association_request(port)
    process = Path("/proc") / str(service.process.pid)

    def held() -> tuple[int, int]:
        return len(list((process / "fd").iterdir())), len(list((process / "task").iterdir()))

    before = held()
    for turn in range(60):
        with socket.create_connection(("127.0.0.1", port)) as caller:
            caller.sendall(request[: len(request) // (1 + turn % 3)])
        time.sleep(0.02)
    deadline = time.monotonic() + 120
    while held() > before and time.monotonic() < deadline:
        time.sleep(0.2)
    after = held()
    assert after[0] <= before[0] + 2
    assert after[1] <= before[1] + 2
    service.stop()


@pytest.mark.skipif(
    not can_unshare("-rm", "sh", "-c", "mount -t tmpfs none /mnt"),
    reason="no small disk can be mounted here (unshare -rm)",
)
def test_a_disk_that_is_full_refuses_and_keeps_what_it_has(start: Start, tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    mount = f'mount -t tmpfs -o size=300k none "{tmp_path}/spool" && exec "$@"'
    service, port = start(
        *("--quiet", "600", "--settle", "600"), before=("unshare", "-rm", "sh", "-c", mount, "sh")
    )
    images = []
    for number in range(12):
        images.append(small_set()["CT0"])
        images[-1].SOPInstanceUID = f"1.2.3.9.{number}"
        images[-1].PixelData = bytes(40_000)
    statuses = store(port, images)
    taken = statuses.count(0)
    assert set(statuses) == {0, 0xA700}
    assert statuses == [0] * taken + [0xA700] * (12 - taken)
    view = Path("/proc") / str(service.process.pid) / "root" / str(tmp_path / "spool")[1:]
    assert len(list(view.glob("objects/*/*.dcm"))) == taken
    assert not list(view.glob("incoming/*"))
    small = small_set()["CT1"]
    assert store(port, [small]) in ([0], [0xA700])
    assert service.process.poll() is None
    os.kill(service.process.pid, signal.SIGTERM)
    service.stop()
