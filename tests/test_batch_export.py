"""The store as tables: nothing lost, nothing a spreadsheet would run."""

import csv
import importlib.util
import sqlite3
from contextlib import closing

import pytest
from batch_store_factory import C, F, M, many_cases, write_store
from typer.testing import CliRunner

from planchecker.batch import export as exporting
from planchecker.batch.archive import TABLES
from planchecker.batch.export import export
from planchecker.cli import app
from planchecker.errors import MissingExtra, PlanCheckerError, ReadError

ODD = 'é "quoted", two\nlines \u202e'
CASES = [
    C(
        key="a",
        plan_uid="1.2.1",
        patient_name="=HYPERLINK(1)",
        planned_on=None,
        prescribed_dose_gy=None,
        fractions=None,
        findings=[
            F(code="DL001", status="fail", subject="@x", metric="Dmax", value=18.5, bound=17.0,
              comparison="<=", message=ODD, roi_number=3),
            F(code="ID001", status="pass", subject="-1+1"),
        ],
        metrics=[M(structure="SpinalCord", expression="Dmax", value=None),
                 M(structure="SpinalCord", expression="Dmean", value=0.0)],
        overrides=[("limit", "+x", "17", "16", "why", "who")],
    ),
    C(key="b", status=None, exit_code=2, planned_on=None, errors=[("crash", "gone")]),
]  # fmt: skip


@pytest.fixture
def store(tmp_path):
    return write_store(tmp_path / "store.sqlite", CASES)


def content(path, table):
    with closing(sqlite3.connect(path)) as opened:
        cursor = opened.execute(f'SELECT * FROM "{table}"')  # noqa: S608
        return [name for name, *_ in cursor.description], cursor.fetchall()


def schema_tables(path):
    with closing(sqlite3.connect(path)) as opened:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        return {name for (name,) in opened.execute(query)}


def test_every_table_of_the_schema_is_exported(store):
    assert set(TABLES) == schema_tables(store)


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_each_table_becomes_a_file_and_says_how_many_rows(store, tmp_path, format_):
    found = export(store, tmp_path / "out", format=format_)
    assert {one.table: one.rows for one in found} == {
        "batch": 1,
        "batch_case": 0,
        "file": 2,
        "case": 2,
        "case_input": 2,
        "finding": 2,
        "metric": 2,
        "override": 1,
        "error": 1,
    }
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {f"{table}.{format_}" for table in TABLES}


@pytest.mark.parametrize("table", TABLES)
def test_parquet_holds_what_the_store_holds(store, tmp_path, table):
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    export(store, tmp_path / "out", format="parquet")
    names, rows = content(store, table)
    with duckdb.connect() as reader:
        read = reader.execute("FROM read_parquet(?)", [f"{tmp_path / 'out' / table}.parquet"])
        assert [name for name, *_ in read.description] == names
        assert read.fetchall() == rows


def test_parquet_of_several_chunks_keeps_every_row(tmp_path, monkeypatch):
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    monkeypatch.setattr(exporting, "_CHUNK", 7)
    path = write_store(tmp_path / "store.sqlite", list(many_cases(20)))
    export(path, tmp_path / "out", format="parquet")
    with duckdb.connect() as reader:
        read = reader.execute(
            "FROM read_parquet(?)", [f"{tmp_path / 'out'}/finding.parquet"]
        ).fetchall()
    assert sorted(read) == sorted(content(path, "finding")[1])
    assert len(read) == 20 * 21


@pytest.mark.parametrize("table", TABLES)
def test_csv_holds_what_the_store_holds_with_texts_made_safe(store, tmp_path, table):
    export(store, tmp_path / "out", format="csv")
    with (tmp_path / "out" / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        head, *rows = csv.reader(stream)
    names, stored = content(store, table)
    assert head == names
    assert len(rows) == len(stored)
    for row, truth in zip(rows, stored, strict=True):
        for cell, value in zip(row, truth, strict=True):
            if isinstance(value, str):
                assert not cell.startswith(("=", "+", "-", "@"))
                assert "\n" not in cell
                assert "\u202e" not in cell
                if value.isascii() and value.isprintable():
                    assert cell.removeprefix("'") == value
            else:
                assert (float(cell) if cell else None) == value


def test_a_value_that_is_absent_is_an_empty_cell_and_zero_is_zero(store, tmp_path):
    export(store, tmp_path / "out", format="csv")
    with (tmp_path / "out" / "metric.csv").open(encoding="utf-8", newline="") as stream:
        found = {row["expression"]: row["value"] for row in csv.DictReader(stream)}
    assert found == {"Dmax": "", "Dmean": "0.0"}


def test_parquet_without_duckdb_names_the_extra(store, tmp_path, monkeypatch):
    whole = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "duckdb" else whole(name, *a)
    )
    with pytest.raises(MissingExtra, match=r"planchecker\[analytics\]"):
        export(store, tmp_path / "out", format="parquet")
    assert not (tmp_path / "out").exists()
    assert export(store, tmp_path / "out", format="csv")


def test_what_cannot_be_exported_leaves_what_was_there(store, tmp_path):
    out = tmp_path / "out"
    export(store, out, format="csv")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with closing(sqlite3.connect(store)) as opened, opened:
        opened.execute("DROP TABLE error")
    with pytest.raises(ReadError, match="'error'"):
        export(store, out, format="csv")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_an_unknown_format_and_a_place_that_is_a_file_are_refused(store, tmp_path):
    with pytest.raises(ValueError, match="'xlsx'; known are csv, parquet"):
        export(store, tmp_path / "out", format="xlsx")
    (tmp_path / "out").write_text("a file")
    with pytest.raises(PlanCheckerError, match="folder"):
        export(store, tmp_path / "out", format="csv")


def test_the_command_tells_what_it_wrote(store, tmp_path):
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["batch-export", str(store), "-o", str(out), "--format", "csv"])
    assert done.exit_code == 0
    assert f"{out / 'finding.csv'}: 2 rows" in done.stdout


def test_the_command_refuses_what_is_no_store(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    done = CliRunner().invoke(app, ["batch-export", str(tmp_path / "empty"), "-o", str(tmp_path)])
    assert done.exit_code == 2
    assert "no store" in done.stderr
