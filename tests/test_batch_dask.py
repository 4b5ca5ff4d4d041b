"""The batch on a Dask cluster: real workers, one of them killed."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from batch_faults import faulty
from batch_trees import write_case
from test_batch_run import OPTIONS, assert_accounted, batch, rows, written

from planchecker.batch.engines.dask import Dask
from planchecker.batch.job import Limits
from planchecker.errors import PlanCheckerError

distributed = pytest.importorskip("distributed", reason="distributed is not installed")
# What the cluster says while it starts and stops is not what is tested.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, memory_limit=0
    ) as found:
        yield found
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


def engine(cluster: Any, **given: Any) -> Dask:
    limits = Limits(**{"time_s": 60.0, "memory_mb": 2000} | given.pop("limits", {}))
    options = given.pop("options", OPTIONS)
    return Dask(options, limits, address=cluster.scheduler_address, **given)


@pytest.fixture
def tree(tmp_path) -> Path:
    for number in range(4):
        write_case(tmp_path / "tree" / str(number), number)
    return tmp_path / "tree"


# Before the other cluster starts, for whose processes nobody here is to blame.
def test_the_engine_starts_and_ends_a_cluster_of_its_own(tmp_path, tree):
    here = Dask(OPTIONS, Limits(), workers=1)
    assert batch(tree, tmp_path / "out", engine=here).account.checked == 4
    left = [
        p for p in psutil.Process().children(recursive=True) if "batch.child" in str(p.cmdline())
    ]
    psutil.wait_procs(left, timeout=20)
    assert not [p for p in left if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("ship_files", [False, True])
def test_a_cluster_gives_the_same_bytes_as_this_process(tmp_path, tree, cluster, ship_files):
    options = replace(OPTIONS, formats=("html",))
    batch(tree, tmp_path / "here", options=options)
    there = engine(cluster, options=options, ship_files=ship_files)
    ended = batch(tree, tmp_path / "there", options=options, engine=there)
    assert_accounted(tree, tmp_path / "there", ended)
    assert written(tmp_path / "there") == written(tmp_path / "here")
    assert len(written(tmp_path / "here")) >= 4 * 2 + 2


@pytest.mark.parametrize(
    ("fault", "kind", "limits"),
    [("crash", "crash", {}), ("hang", "timeout", {"time_s": 8.0})],
)
def test_a_fault_costs_its_own_case_and_no_worker(tmp_path, tree, cluster, fault, kind, limits):
    write_case(tree / "bad", 9, label=fault)
    with distributed.Client(cluster, set_as_default=False) as client:
        before = set(client.run(os.getpid).values())
        ended = batch(tree, tmp_path / "out", engine=engine(cluster, work=faulty, limits=limits))
        assert set(client.run(os.getpid).values()) == before
    assert_accounted(tree, tmp_path / "out", ended)
    assert (ended.account.checked, ended.account.failed) == (4, 1)
    assert [row["kind"] for row in rows(tmp_path / "out", "SELECT kind FROM error")] == [kind]


def test_a_worker_that_is_killed_loses_nothing(tmp_path, tree, cluster):
    for number in range(4, 10):
        write_case(tree / str(number), number, label=f"slow{number}")
    with distributed.Client(cluster, set_as_default=False) as client:
        victim = next(iter(client.run(os.getpid).values()))

    class Killing:
        """Kills a worker as soon as the second case is done."""

        def files(self, done: int) -> None:
            """Nothing."""

        def cases(self, done: int, total: int) -> None:
            assert total == 10
            if done == 2:
                psutil.Process(victim).kill()

    ended = batch(tree, tmp_path / "out", engine=engine(cluster, work=faulty), watcher=Killing())
    assert_accounted(tree, tmp_path / "out", ended)
    assert (ended.account.checked, ended.account.failed) == (10, 0)
    assert not psutil.pid_exists(victim)


def test_a_scheduler_that_is_not_there_is_an_error_of_the_user(tmp_path, tree, monkeypatch):
    monkeypatch.setattr("planchecker.batch.engines.dask._CONNECT_S", 1)
    nobody = Dask(OPTIONS, Limits(), address="tcp://127.0.0.1:9")
    with pytest.raises(PlanCheckerError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9"):
        batch(tree, tmp_path / "out", engine=nobody)
    assert rows(tmp_path / "out", "SELECT state FROM batch") == [{"state": "interrupted"}]
