"""Files found, files refused: what the reader makes of a folder."""

import os
import sys
from pathlib import Path

import pytest
from dicom_factory import RT_IMAGE, header, make_dose, make_image, make_plan, make_structures, save

from planchecker.errors import ReadError
from planchecker.reading import ReadLimits, read_case, read_cases
from planchecker.reading.files import find_files, read_bytes

LIMITS = ReadLimits()

# content of a file beside the plan, part of the reason it is listed with
FOREIGN = {
    "empty": (b"", "empty"),
    "text": (b"beam on", "not a DICOM file"),
    "short": (b"\x08\x00\x16", "no SOP Class UID"),
    "noise": (b"\x08\x00" + bytes(range(200)), "DICOM"),
    "no class": (b"\x08\x00\x60\x00\x06\x00\x00\x00RTPLAN", "no SOP Class UID"),
}


def reasons(path: Path, **options: object) -> dict[str, str]:
    case = read_cases([path], **options)[0]
    return {Path(file.path).name: file.reason for file in case.foreign}


@pytest.mark.parametrize(("content", "reason"), FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_file_is_listed_and_not_fatal(tmp_path: Path, content: bytes, reason: str):
    save(make_plan(), tmp_path / "plan.dcm")
    save(content, tmp_path / "other")
    assert reason in reasons(tmp_path)["other"]


def test_an_object_of_another_sop_class_is_listed(tmp_path: Path):
    save(make_plan(), tmp_path / "plan")
    save(header(RT_IMAGE, "1.2.7"), tmp_path / "image")
    assert reasons(tmp_path) == {"image": "RT Image is not used"}


def test_sop_class_decides_and_neither_name_nor_modality(tmp_path: Path):
    save(make_plan(Modality="RTDOSE"), tmp_path / "CT.001.txt")
    case = read_case(tmp_path)
    assert case.plan is not None
    assert case.files[0].notes == ("Modality says 'RTDOSE'; the SOP class is RTPLAN",)


def test_every_file_is_hashed_and_named_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    save(b"".join([b"\0" * 128, b"DICM"]), tmp_path / "in" / "b")
    save(make_plan(), tmp_path / "in" / "deep" / "a.dcm")
    monkeypatch.chdir(tmp_path)
    case = read_cases(["in"])[0]
    assert [file.path for file in case.files] == ["in/deep/a.dcm"]
    assert len(case.files[0].sha256) == 64
    assert [file.path for file in case.foreign] == ["in/b"]


def test_a_file_given_twice_is_read_once(tmp_path: Path):
    path = save(make_plan(), tmp_path / "plan")
    assert len(read_cases([tmp_path, path, str(path)])) == 1


def test_a_single_path_may_stand_alone(tmp_path: Path):
    assert len(read_cases(str(save(make_plan(), tmp_path / "plan")))) == 1


def test_order_does_not_depend_on_the_order_of_paths(tmp_path: Path):
    one = save(make_plan("1.2.3.1"), tmp_path / "1")
    two = save(make_plan("1.2.3.11"), tmp_path / "2")
    uids = [case.plan and case.plan.sop_instance_uid for case in read_cases([two, one])]
    assert uids == ["1.2.3.1", "1.2.3.11"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_links_in_a_circle_end(tmp_path: Path):
    save(make_plan(), tmp_path / "a" / "plan")
    (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    assert len(read_cases([tmp_path])[0].files) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
def test_a_pipe_is_not_opened(tmp_path: Path):
    save(make_plan(), tmp_path / "plan")
    os.mkfifo(tmp_path / "pipe")
    assert reasons(tmp_path) == {"pipe": "not a regular file"}


def test_a_file_over_the_limit_is_not_read(tmp_path: Path):
    save(make_plan(), tmp_path / "plan")
    save(make_dose(), tmp_path / "dose")
    small = ReadLimits(max_file_bytes=(tmp_path / "plan").stat().st_size)
    save(bytes(small.max_file_bytes + 1), tmp_path / "large")
    assert "are not read" in reasons(tmp_path, limits=small)["large"]


def test_too_many_files_are_an_error(tmp_path: Path):
    for name in "ab":
        save(b"x", tmp_path / name)
    with pytest.raises(ReadError, match="more than 1 files"):
        find_files([tmp_path], limits=ReadLimits(max_files=1))


def test_a_file_that_vanishes_is_unreadable(tmp_path: Path):
    path = save(make_plan(), tmp_path / "plan")
    found, _ = find_files([path], limits=LIMITS)
    path.unlink()
    with pytest.raises(ReadError, match="cannot be read: "):
        read_bytes(found[0], limits=LIMITS)


def test_a_file_that_grows_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = save(make_plan(), tmp_path / "plan")
    found, _ = find_files([path], limits=LIMITS)
    announced = os.stat_result((0o100644, 0, 0, 1, 0, 0, path.stat().st_size - 1, 0, 0, 0))
    monkeypatch.setattr(os, "fstat", lambda _: announced)
    with pytest.raises(ReadError, match="changed while it was read"):
        read_bytes(found[0], limits=LIMITS)


def test_a_folder_that_may_not_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    found, foreign = find_files([tmp_path], limits=LIMITS)
    assert found == ()
    assert foreign[0].reason == "cannot be read: Permission denied"


def test_a_missing_path_is_an_error(tmp_path: Path):
    with pytest.raises(ReadError, match="does not exist"):
        find_files([tmp_path / "nowhere"], limits=LIMITS)


def test_progress_counts_up_to_all_files(tmp_path: Path):
    save(make_plan(), tmp_path / "plan")
    save(b"x", tmp_path / "text")
    seen: list[tuple[int, int]] = []
    read_cases([tmp_path], progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_a_folder_without_dicom_is_an_error_that_says_why(tmp_path: Path):
    save(b"beam on", tmp_path / "text")
    with pytest.raises(ReadError, match="text: not a DICOM file"):
        read_cases([tmp_path])


def test_an_empty_folder_is_an_error(tmp_path: Path):
    with pytest.raises(ReadError, match="no files"):
        read_cases([tmp_path])


def test_read_case_wants_exactly_one_plan(tmp_path: Path):
    save(make_structures(), tmp_path / "structures")
    with pytest.raises(ReadError, match="no plan under"):
        read_case(tmp_path)
    save(make_plan(), tmp_path / "1")
    assert read_case(tmp_path).plan is not None
    save(make_plan("1.2.3.11"), tmp_path / "2")
    with pytest.raises(ReadError, match="2 plans"):
        read_case(tmp_path)


def test_copies_of_a_file_count_once(tmp_path: Path):
    for name in "ab":
        save(make_plan(), tmp_path / name)
    case = read_case(tmp_path)
    assert len(case.files) == 1
    assert "is a copy of" in case.notes[0]


def test_files_that_differ_under_one_uid_are_none_of_them_used(tmp_path: Path):
    save(make_plan(), tmp_path / "plan")
    save(make_dose(), tmp_path / "new")
    save(make_dose(DoseGridScaling="0.05"), tmp_path / "old")
    case = read_case(tmp_path)
    assert case.doses == ()
    assert case.other_doses == ()
    assert set(reasons(tmp_path)) == {"new", "old"}
    assert "share the SOP Instance UID" in case.notes[0]


def test_of_image_slices_that_differ_under_one_uid_the_first_is_used(tmp_path: Path):
    save(make_image(), tmp_path / "1")
    save(make_image(SliceThickness=5), tmp_path / "2")
    case = read_cases([tmp_path])[0]
    assert [image.thickness_mm for image in case.images] == [3]
    assert set(reasons(tmp_path)) == {"2"}
