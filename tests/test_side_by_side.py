"""Work shared between processes: the same answers, whatever becomes of a helper.

A process with threads is never copied, and pytest may have some: every case runs in its own.
"""

import subprocess
import sys
import textwrap

import pytest

from planchecker.side_by_side import processes_at_hand, side_by_side

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux copies a process safely"
)

BEGIN = """
import os, signal, threading, time
from planchecker import side_by_side as module
from planchecker.side_by_side import processes_at_hand, side_by_side

HERE = os.getpid()
module.os.sched_getaffinity = lambda pid: range(4)

def slow(value):
    time.sleep(0.05)
    return value * value, os.getpid()

def shared(work, values, processes=2, **options):
    return side_by_side(work, values, cost=lambda value: 1.0, processes=processes, **options)
"""

CASES = {
    "answers stand in the order of their values, and several processes made them": """
        found = shared(slow, range(20), processes=3)
        assert [square for square, _ in found] == [n * n for n in range(20)]
        assert len({pid for _, pid in found}) == 3
    """,
    "the dearest come first": """
        began = []
        def work(value):
            began.append(value)
            time.sleep(0.02)
        side_by_side(work, [1, 5, 3, 4, 2], cost=float, processes=2)
        assert began == sorted(began, reverse=True) and len(began) < 5
    """,
    "no more processes than values": """
        assert {pid for _, pid in shared(slow, [1], processes=4)} == {HERE}
    """,
    "what a killed helper had at hand is done here": """
        def work(value):
            if os.getpid() != HERE:
                os.kill(os.getpid(), signal.SIGKILL)
            return slow(value)
        assert shared(work, range(4)) == [(n * n, HERE) for n in range(4)]
    """,
    "what a helper failed at is tried here": """
        def work(value):
            if os.getpid() != HERE and value == 2:
                raise RuntimeError("not here")
            return slow(value)
        assert [square for square, _ in shared(work, range(6))] == [n * n for n in range(6)]
    """,
    "an error is that of the work": """
        def work(value):
            time.sleep(0.02)
            return 1 // (value - 3)
        try:
            shared(work, range(6))
        except ZeroDivisionError:
            pass
        else:
            raise AssertionError("no error")
    """,
    "a helper that falls silent is not waited for": """
        module._LEAST_PATIENCE_S = 0.3
        def work(value):
            if os.getpid() != HERE:
                time.sleep(3600)
            return slow(value)
        begin = time.monotonic()
        assert shared(work, range(4)) == [(n * n, HERE) for n in range(4)]
        assert time.monotonic() - begin < 60
    """,
    "an answer that cannot travel is worked out here": """
        def work(value):
            time.sleep(0.02)
            return lambda: (value, os.getpid())
        assert [answer() for answer in shared(work, range(4))] == [(n, HERE) for n in range(4)]
    """,
    "where the system has no room for a process the work is done here": """
        from multiprocessing import context
        def start(process):
            raise BlockingIOError("no more processes")
        context.ForkProcess.start = start
        assert shared(slow, range(4)) == [(n * n, HERE) for n in range(4)]
    """,
    "thousands of values": """
        assert shared(lambda value: value + 1, range(5000), processes=4) == list(range(1, 5001))
    """,
    "progress ends with all of them and never falls": """
        told = []
        shared(slow, range(9), progress=lambda done, total: told.append((done, total)))
        assert told[-1] == (9, 9) and told == sorted(told)
    """,
    "a process with threads is not copied": """
        stop = threading.Event()
        threading.Thread(target=stop.wait).start()
        assert processes_at_hand() == 1
        assert {pid for _, pid in shared(slow, range(4))} == {HERE}
        stop.set()
    """,
    "one core needs no helper": """
        module.os.sched_getaffinity = lambda pid: range(1)
        assert processes_at_hand() == 1
    """,
}


@pytest.mark.parametrize("what", CASES)
def test_work_is_shared(what: str) -> None:
    end = """
assert len(os.listdir("/proc/self/fd")) == OPEN, "something stays open"
try:
    left = os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    left = None
assert left is None, "a process stays behind"
"""
    code = BEGIN + 'OPEN = len(os.listdir("/proc/self/fd"))\n' + textwrap.dedent(CASES[what]) + end
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_here_and_now_there_is_at_least_one_process() -> None:
    assert 1 <= processes_at_hand() <= 4
    assert side_by_side(str, [], cost=len, processes=4) == []
