import os
import time
from pathlib import Path
from typing import Any

import pytest
from dicom_factory import RT_DOSE, RT_PLAN, RT_STRUCTURES, encode, make_dose, make_plan
from hooks_support.sets import small_set
from pydicom.dataset import Dataset

from planchecker.cli import fetch as fetch_command
from planchecker.errors import PlanCheckerError
from planchecker.hooks.archive import Row, exact
from planchecker.hooks.fetching import Fetched, Wanted, fetch_plan
from planchecker.hooks.peers import Node
from planchecker.hooks.spool import Spool
from planchecker.reading.header import read_header

WILDCARDS = ["*", "P?", "a\\b", "", " ", "x" * 65, "a\nb"]


class FakeArchive:
    """A node in memory; `relational` says whether it answers questions by UID alone."""

    node = Node(title="A", host="h", port=1)

    def __init__(self, spool: Spool, objects: list[Dataset], *, relational: bool) -> None:
        self.spool, self.objects, self.relational = spool, objects, relational
        self.moved: list[str] = []

    def find(self, level: str, **keys: str) -> list[Row]:
        by_uid_alone = level == "IMAGE" and not keys.get("StudyInstanceUID")
        if by_uid_alone and not self.relational:
            raise PlanCheckerError("not supported")
        rows = [{key: str(o.get(key, "")) for key in keys} for o in self._matching(keys)]
        return [dict(row) for row in {tuple(row.items()) for row in rows}]

    def move(self, level: str, **keys: str) -> None:
        sent = self._matching(keys)
        assert level in ("SERIES", "IMAGE")
        for dataset in sent:
            data = encode(dataset)
            self.spool.store(data, read_header(data))
            self.moved.append(dataset.SOPInstanceUID)

    def _matching(self, keys: Row) -> list[Dataset]:
        return [
            o for o in self.objects if all(not v or str(o.get(k, "")) == v for k, v in keys.items())
        ]


def in_study(dataset: Dataset, **elements: Any) -> Dataset:
    dataset.PatientID, dataset.StudyInstanceUID = "P1", "1.2.3.50"
    dataset.SeriesInstanceUID = f"{dataset.SOPInstanceUID}.1"
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


OTHERS = [
    in_study(make_plan("1.2.3.71", RTPlanLabel="other")),
    in_study(make_dose("1.2.3.73", plan="1.2.3.71")),
    in_study(make_dose("1.2.3.74", plan="")),
]


def pull(tmp_path: Path, *, relational: bool = True, more: Any = OTHERS, **wanted: str) -> Fetched:
    spool = Spool(tmp_path)
    archive: Any = FakeArchive(spool, [*small_set().values(), *more], relational=relational)
    try:
        return fetch_plan(archive, spool, Wanted(**wanted))
    finally:
        spool.close()


def uids(fetched: Fetched) -> set[str]:
    return {read_header(path.read_bytes()).sop_instance_uid for path in fetched.paths}


@pytest.mark.parametrize("relational", [True, False])
@pytest.mark.parametrize(
    "wanted",
    [
        {"plan_uid": "1.2.3.1"},
        {"patient_id": "P1", "plan_label": "T10"},
        {"patient_id": "P1", "plan_uid": "1.2.3.1"},
    ],
    ids=["uid", "label", "patient and uid"],
)
def test_a_plan_comes_with_all_it_names_and_without_doses_of_others(
    tmp_path: Path, wanted: dict[str, str], relational: bool
) -> None:
    fetched = pull(tmp_path, relational=relational, **wanted)
    assert fetched.plan_uid == "1.2.3.1"
    whole = {d.SOPInstanceUID for d in small_set().values()}
    # A dose that names no plan may belong to it: the checks decide.
    assert uids(fetched) == whole | {"1.2.3.74"}
    assert fetched.notes == ("1 doses of other plans were left out",)


def test_two_plans_that_fit_are_listed_never_chosen_from(tmp_path: Path) -> None:
    with pytest.raises(PlanCheckerError, match=r"^2 plans .*'T10' 1\.2\.3\.1; 'other' 1\.2\.3\.71"):
        pull(tmp_path, patient_id="P1")


@pytest.mark.parametrize(
    "wanted",
    [
        {"plan_uid": "1.2.3.99"},
        {"patient_id": "P1", "plan_label": "T1"},
        {"patient_id": "P2", "plan_uid": "1.2.3.1"},
    ],
)
def test_a_plan_that_is_not_there_is_an_error(tmp_path: Path, wanted: dict[str, str]) -> None:
    with pytest.raises(PlanCheckerError, match="no plans"):
        pull(tmp_path, **wanted)


@pytest.mark.parametrize(
    "wanted", [{}, {"plan_label": "T10"}, {"plan_uid": "*"}, {"patient_id": "*"}]
)
def test_a_question_without_an_exact_key_is_never_asked(
    tmp_path: Path, wanted: dict[str, str]
) -> None:
    with pytest.raises(PlanCheckerError):
        pull(tmp_path, **wanted)


@pytest.mark.parametrize("text", WILDCARDS)
def test_a_key_has_no_wildcards(text: str) -> None:
    with pytest.raises(PlanCheckerError, match="no wildcards"):
        exact(text, what="Patient ID")


def test_a_node_that_cannot_be_asked_by_uid_alone_wants_the_patient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path)
    archive = FakeArchive(spool, [], relational=False)

    def refuse(*_: str, **__: str) -> None:
        raise PlanCheckerError("status 0xC000")

    monkeypatch.setattr(archive, "move", refuse)
    with pytest.raises(PlanCheckerError, match="wants the patient as well"):
        fetch_plan(archive, spool, Wanted(plan_uid="1.2.3.1"))
    spool.close()


def test_what_a_fetch_that_was_killed_has_left_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_command.tempfile, "gettempdir", lambda: str(tmp_path))
    for name in ("planchecker-fetch-old", "planchecker-fetch-new", "other"):
        (tmp_path / name).mkdir()
        age = 0 if name.endswith("new") else 2 * 86_400
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    fetch_command._remove_left_behind()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "planchecker-fetch-new"]


def test_what_the_plan_names_and_the_node_has_not_is_simply_missing(tmp_path: Path) -> None:
    kept = [d for d in small_set().values() if d.SOPClassUID in (RT_PLAN, RT_DOSE)]
    spool = Spool(tmp_path)
    archive: Any = FakeArchive(spool, kept, relational=True)
    fetched = fetch_plan(archive, spool, Wanted(plan_uid="1.2.3.1"))
    classes = {read_header(path.read_bytes()).sop_class_uid for path in fetched.paths}
    assert RT_STRUCTURES not in classes
    assert classes == {RT_PLAN, RT_DOSE}
    spool.close()
