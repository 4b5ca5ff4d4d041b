"""The store: made, brought up to date, refused, read."""

import shutil
import sqlite3
from contextlib import closing

import pytest
from batch_trees import write_case

from planchecker.batch.inventory import look_at, take_stock
from planchecker.batch.store import SCHEMA_VERSION, open_store, opening, read_store, transaction
from planchecker.batch.store.tree import known_file, save_tree, settle_copies
from planchecker.batch.store.writing import Provenance, begin_batch
from planchecker.errors import PlanCheckerError

GIVEN = Provenance(
    root="tree",
    engine="in-process",
    program_version="1",
    library_sha256="",
    protocol="",
    protocol_sha256="",
    site_sha256="",
    options="{}",
)


def test_a_new_store_has_the_newest_schema_and_is_the_users_alone(tmp_path):
    path = tmp_path / "deep" / "store.sqlite"
    with closing(open_store(path)) as store:
        assert store.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
        assert store.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert store.execute("PRAGMA foreign_keys").fetchone()[0] == 1
        assert store.execute("PRAGMA busy_timeout").fetchone()[0] >= 10_000
    if shutil.os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0


def test_opening_again_changes_nothing(tmp_path):
    path = tmp_path / "store.sqlite"
    with closing(open_store(path)) as store:
        begin_batch(store, GIVEN)
    with closing(open_store(path)) as store:
        assert store.execute("SELECT count(*) FROM batch").fetchone()[0] == 1


@pytest.mark.parametrize("open_", [open_store, read_store])
def test_a_newer_store_is_refused_and_left_alone(tmp_path, open_):
    path = tmp_path / "store.sqlite"
    with closing(open_store(path)) as store:
        store.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(PlanCheckerError, match=f"has schema {SCHEMA_VERSION + 1}, this program"):
        open_(path)
    with closing(sqlite3.connect(path)) as store:
        assert store.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION + 1


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
@pytest.mark.parametrize("open_", [open_store, read_store])
def test_what_is_no_store_is_refused(tmp_path, open_, content):
    path = tmp_path / "store.sqlite"
    path.write_bytes(content)
    if not content and open_ is open_store:
        open_(path).close()
        return
    with pytest.raises(PlanCheckerError, match=r"store"):
        open_(path)
    assert path.read_bytes() == content


def test_a_store_of_an_older_program_is_brought_up_to_date(tmp_path, monkeypatch):
    folder = tmp_path / "scripts"
    shutil.copytree(opening.files("planchecker.batch.store"), folder)
    (folder / "schema_2.sql").write_text(
        "-- One more.\nALTER TABLE batch ADD COLUMN note TEXT; UPDATE batch SET note = 'x';\n"
    )
    path = tmp_path / "store.sqlite"
    with closing(open_store(path)) as store:
        begin_batch(store, GIVEN)
    monkeypatch.setattr(opening, "SCHEMA_VERSION", 2)
    monkeypatch.setattr(opening, "files", lambda _package: folder)
    with pytest.raises(PlanCheckerError, match="has schema 1, this program reads 2"):
        read_store(path)
    with closing(open_store(path)) as store:
        assert store.execute("SELECT note FROM batch").fetchone()[0] == "x"
        assert store.execute("PRAGMA user_version").fetchone()[0] == 2


def test_half_a_migration_leaves_the_store_as_it_was(tmp_path, monkeypatch):
    folder = tmp_path / "scripts"
    shutil.copytree(opening.files("planchecker.batch.store"), folder)
    (folder / "schema_2.sql").write_text("CREATE TABLE t (x);\nINSERT INTO nowhere VALUES (1);\n")
    path = tmp_path / "store.sqlite"
    open_store(path).close()
    monkeypatch.setattr(opening, "SCHEMA_VERSION", 2)
    monkeypatch.setattr(opening, "files", lambda _package: folder)
    with pytest.raises(PlanCheckerError, match="nowhere"):
        open_store(path)
    with closing(sqlite3.connect(path)) as store:
        assert store.execute("PRAGMA user_version").fetchone()[0] == 1
        assert not store.execute("SELECT 1 FROM sqlite_master WHERE name = 't'").fetchall()


def test_a_reader_cannot_write(tmp_path):
    path = tmp_path / "store.sqlite"
    open_store(path).close()
    with closing(read_store(path)) as store, pytest.raises(sqlite3.OperationalError):
        store.execute("DELETE FROM batch")


def test_a_transaction_is_all_or_nothing(tmp_path):
    with closing(open_store(tmp_path / "store.sqlite")) as store:
        begin_batch(store, GIVEN)
        with pytest.raises(sqlite3.IntegrityError), transaction(store):
            store.executemany(
                "INSERT INTO error VALUES (?, ?, NULL, '', 'crash', '', '')", [(1, 1), (2, 99)]
            )
        assert store.execute("SELECT count(*) FROM error").fetchone()[0] == 0


def test_what_the_store_knows_of_a_file_is_what_a_look_at_it_gives(tmp_path):
    write_case(tmp_path / "tree", 1)
    (tmp_path / "tree" / "notes.txt").write_text("x")
    entries = list(take_stock(tmp_path / "tree"))
    assert len(entries) == 5
    with closing(open_store(tmp_path / "store.sqlite")) as store:
        save_tree(store, begin_batch(store, GIVEN), entries)
        settle_copies(store)
        for entry in entries:
            assert known_file(store, entry.label, entry.size, entry.mtime_ns) == entry
            assert known_file(store, entry.label, entry.size, entry.mtime_ns + 1) is None
            assert known_file(store, entry.label, entry.size + 1, entry.mtime_ns) is None


def test_a_long_header_is_read_to_its_end(tmp_path):
    """What stands behind the first 64 kB, but before the pixel data, is part of the header."""
    folder = write_case(tmp_path / "tree", 1)
    from dicom_factory import make_dose, save  # noqa: PLC0415

    dose = make_dose("1.2.7", DoseComment="x" * 200_000, FrameOfReferenceUID="1.2.77")
    dose.add_new(0x30020002, "ST", "y" * 100)
    path = save(dose, folder / "RD.long.dcm")
    header = look_at(path, "long").header
    assert header.frames == {"1.2.77"}
    assert header.plans == {"1.2.3.1"}
