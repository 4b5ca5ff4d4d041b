"""Signing and verifying: what was reviewed is still what is installed, or the files are named."""

import json
from pathlib import Path

import pytest

from constraints.errors import LibraryError
from constraints.resources import library_digest, library_version, packaged
from constraints.signing import dump_signature, load_signature, sign, verify


def test_a_record_holds_who_when_and_which_state() -> None:
    signature = sign(reviewer="B. Physicist", date="2026-01-03", statement="Read, compared.")
    assert (signature.reviewer, signature.date) == ("B. Physicist", "2026-01-03")
    assert signature.library_sha256 == library_digest()
    assert signature.library_version == library_version()
    assert "library/hytec-cord-2021.toml" in signature.files


def test_the_same_review_gives_the_same_bytes() -> None:
    one, other = (dump_signature(sign(reviewer="B", date="2026-01-03")) for _ in range(2))
    assert one == other


def test_a_record_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "review.json"
    signature = sign(reviewer="Dr É", date="2026-01-03")
    path.write_text(dump_signature(signature), encoding="utf-8")
    assert load_signature(path) == signature
    assert verify(load_signature(path)).valid


def test_a_toml_record_is_read_as_well(tmp_path: Path) -> None:
    signature = sign(reviewer="B", date="2026-01-03")
    lines = [
        'reviewer = "B"',
        'date = "2026-01-03"',
        f'library_version = "{signature.library_version}"',
        f'library_sha256 = "{signature.library_sha256}"',
        "[files]",
        *(f'"{name}" = "{digest}"' for name, digest in signature.files.items()),
    ]
    path = tmp_path / "review.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert load_signature(path) == signature


def test_a_changed_figure_is_found_and_its_file_named(monkeypatch: pytest.MonkeyPatch) -> None:
    signature = sign(reviewer="B", date="2026-01-03")
    original = type(packaged("version.toml")).read_bytes
    monkeypatch.setattr(
        type(packaged("version.toml")),
        "read_bytes",
        lambda self: original(self).replace(b"5 = 25.3 }", b"5 = 26.3 }"),
    )
    found = verify(signature)
    assert not found.valid
    assert set(found.changed) == {"library/hytec-cord-2021.toml", "library/sahgal-2013.toml"}
    assert found.summary.startswith("not what was signed: changed library/hytec")


def test_line_endings_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    signature = sign(reviewer="B", date="2026-01-03")
    original = type(packaged("version.toml")).read_bytes
    monkeypatch.setattr(
        type(packaged("version.toml")),
        "read_bytes",
        lambda self: original(self).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    )
    assert verify(signature).valid


@pytest.mark.parametrize("kind", ["missing", "added"])
def test_a_file_that_came_or_went_is_named(kind: str) -> None:
    signature = sign(reviewer="B", date="2026-01-03")
    files = dict(signature.files)
    if kind == "missing":
        files["library/gone.toml"] = "0" * 64
    else:
        del files["library/tg101-2010.toml"]
    found = verify(signature.model_copy(update={"files": files}))
    assert not found.valid
    expected = "library/gone.toml" if kind == "missing" else "library/tg101-2010.toml"
    assert getattr(found, kind) == (expected,)


def test_a_record_whose_digest_was_edited_is_not_valid() -> None:
    signature = sign(reviewer="B", date="2026-01-03")
    assert not verify(signature.model_copy(update={"library_sha256": "0" * 64})).valid


def test_a_site_file_is_signed_with_the_library(tmp_path: Path) -> None:
    path = tmp_path / "hospital.toml"
    path.write_text('id = "hospital"\n', encoding="utf-8")
    signature = sign(reviewer="B", date="2026-01-03", files=[path])
    assert verify(signature, files=[path]).valid
    assert verify(signature).missing == ("file/hospital.toml",)
    path.write_text('id = "hospital" \n', encoding="utf-8")
    assert verify(signature, files=[path]).changed == ("file/hospital.toml",)


@pytest.mark.parametrize(("reviewer", "date"), [("", "2026-01-03"), ("B", " ")])
def test_a_record_without_a_name_or_a_date_is_refused(reviewer: str, date: str) -> None:
    with pytest.raises(LibraryError, match="signature"):
        sign(reviewer=reviewer, date=date)


BROKEN = [
    ("{", "JSON"),
    ("[]", "one record"),
    ("[" * 100_000, "JSON"),
    (json.dumps({"reviewer": "B"}), "date"),
    (json.dumps({"reviewer": "B", "date": "x", "library_version": "1", "library_sha256": "zz",
                 "files": {}}), "library_sha256"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), BROKEN)
def test_a_broken_record_is_refused(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "review.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LibraryError, match=told):
        load_signature(path)
