import errno
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from dicom_factory import RT_DOSE, encode, item
from hooks_support.sets import small_set
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from planchecker.errors import PlanCheckerError
from planchecker.hooks.limits import DEFAULT_LIMITS
from planchecker.hooks.spool import Spool, SpoolFullError, Stored
from planchecker.reading.header import read_header

LIMITS = replace(DEFAULT_LIMITS, free_bytes=0)


def put(spool: Spool, dataset: Dataset, **options: str) -> Stored:
    data = encode(dataset, **options)
    return spool.store(data, read_header(data))


def files(root: Path) -> list[Path]:
    return sorted((root / "objects").glob("*/*.dcm"))


def test_what_is_stored_is_what_was_sent(tmp_path: Path) -> None:
    dataset = small_set()["RD"]
    stored = put(Spool(tmp_path, limits=LIMITS), dataset)
    assert stored.path.read_bytes() == encode(dataset)
    assert list((tmp_path / "incoming").iterdir()) == []


def test_no_name_on_the_disk_is_taken_from_an_object(tmp_path: Path) -> None:
    dataset = small_set(patient="../../P1")["RP"]
    dataset.update(item(SOPInstanceUID="../../../evil"))
    stored = put(Spool(tmp_path / "spool", limits=LIMITS), dataset)
    assert stored.path.parent.parent == tmp_path / "spool" / "objects"
    assert set(stored.path.stem) <= set("0123456789abcdef-objectimg")
    assert [path.name for path in tmp_path.iterdir()] == ["spool"]


def test_a_restart_finds_what_was_accepted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limits=LIMITS)
    for dataset in small_set().values():
        put(spool, dataset)
    owner = spool.owners()[0]
    before = (spool.state_of(owner), spool.plans_of(owner), spool.used_bytes)
    spool.close()
    again = Spool(tmp_path, limits=LIMITS)
    assert (again.state_of(owner), again.plans_of(owner), again.used_bytes) == before
    assert len(before[0]) == 5


def test_a_restart_removes_what_was_never_accepted(tmp_path: Path) -> None:
    Spool(tmp_path, limits=LIMITS).close()
    (tmp_path / "incoming" / "x.part").write_bytes(b"half")
    assert Spool(tmp_path, limits=LIMITS).owners() == ()
    assert list((tmp_path / "incoming").iterdir()) == []


def test_an_object_that_the_disk_has_spoilt_stays_in_its_set(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limits=LIMITS)
    stored = put(spool, small_set()["RP"])
    spool.close()
    stored.path.write_bytes(b"spoilt")
    again = Spool(tmp_path, limits=LIMITS)
    assert list(again.state_of(stored.owner)) == [f"{stored.owner}/{stored.path.name}"]


def test_the_same_object_again_counts_once_but_changes_the_state(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limits=LIMITS)
    first = put(spool, small_set()["RP"])
    before, size = spool.state_of(first.owner), spool.used_bytes
    time.sleep(0.02)
    second = put(spool, small_set()["RP"])
    assert (second.path, second.duplicate) == (first.path, True)
    assert spool.state_of(first.owner) != before
    assert spool.used_bytes == size


def test_the_same_object_in_another_encoding_counts_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limits=LIMITS)
    first = put(spool, small_set()["RP"])
    second = put(spool, small_set()["RP"], syntax=ExplicitVRLittleEndian)
    assert (second.path, second.duplicate) == (first.path, True)


def test_other_content_under_the_same_uid_is_kept_beside_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limits=LIMITS)
    put(spool, small_set()["RP"])
    changed = small_set()["RP"]
    changed.RTPlanLabel = "other"
    assert not put(spool, changed).duplicate
    assert len(files(tmp_path)) == 2


def test_patients_are_kept_apart(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limits=LIMITS)
    one = put(spool, small_set("1.2.3", patient="A")["RP"])
    two = put(spool, small_set("1.2.4", patient="B")["RP"])
    assert one.owner != two.owner
    assert len(spool.state_of(one.owner)) == len(spool.state_of(two.owner)) == 1


def test_a_dose_of_another_patient_that_names_the_plan_is_seen_with_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limits=LIMITS)
    mine = put(spool, small_set(patient="A")["RP"])
    theirs = put(spool, small_set(patient="B")["RD"])
    assert len(spool.state_of(mine.owner)) == len(spool.state_of(theirs.owner)) == 2
    assert spool.plans_of(theirs.owner) == ("1.2.3.1",)


def test_objects_without_a_patient_are_kept_by_study(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limits=LIMITS)
    owners = {
        put(spool, small_set(prefix, patient="")["CT0"]).owner for prefix in ("1.2.3", "1.2.4")
    }
    assert len(owners) == 2


def test_beyond_its_own_limit_the_spool_takes_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limits=replace(LIMITS, spool_bytes=100))
    with pytest.raises(SpoolFullError):
        put(spool, small_set()["RP"])
    assert files(tmp_path) == []


def test_the_disk_keeps_its_reserve(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    spool = Spool(tmp_path, limits=replace(LIMITS, free_bytes=2 * free))
    with pytest.raises(SpoolFullError):
        put(spool, small_set()["RP"])


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_loses_nothing_that_was_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    spool = Spool(tmp_path, limits=LIMITS)
    kept = put(spool, small_set()["RP"])
    size = spool.used_bytes

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os if call == "fsync" else Path, call, full)
        with pytest.raises(SpoolFullError, match="No space left"):
            put(spool, small_set()["RD"])
    assert files(tmp_path) == [kept.path]
    assert list((tmp_path / "incoming").iterdir()) == []
    assert spool.used_bytes == size
    assert not put(spool, small_set()["RD"]).duplicate


def test_only_one_process_uses_a_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limits=LIMITS)
    with pytest.raises(PlanCheckerError, match="in use"):
        Spool(tmp_path, limits=LIMITS)
    spool.close()
    Spool(tmp_path, limits=LIMITS).close()


def test_the_lock_ends_with_a_process_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, time; from planchecker.hooks.spool import Spool\n"
        "spool = Spool(pathlib.Path(sys.argv[1])); print('ready', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"ready"
        with pytest.raises(PlanCheckerError, match="in use"):
            Spool(tmp_path, limits=LIMITS)
        other.kill()
    Spool(tmp_path, limits=LIMITS).close()


def test_only_what_was_judged_and_is_old_is_removed(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limits=LIMITS)
    owners = [put(spool, small_set(f"1.2.{n}", patient=f"P{n}")["RP"]).owner for n in range(3)]
    for owner in owners[:2]:
        spool.mark_judged(owner, spool.state_of(owner))
    put(spool, small_set("1.2.1", patient="P1")["RS"])
    assert spool.purge(before_ns=0) == ()
    assert spool.purge(before_ns=time.time_ns() + 10**12) == (owners[0],)
    assert set(spool.owners()) == set(owners[1:])
    assert spool.used_bytes == sum(path.stat().st_size for path in files(tmp_path))


def test_a_dose_touches_the_verdict_of_a_plan_that_is_here_no_more(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limits=LIMITS)
    owner = put(spool, small_set()["RD"]).owner
    assert spool.plans_of(owner) == ("1.2.3.1",)


def test_the_header_says_whose_the_dose_is() -> None:
    header = read_header(encode(small_set()["RD"]))
    assert header.sop_class_uid == RT_DOSE
    assert header.plans == header.names == {"1.2.3.1"}
