"""``planchecker batch`` from the command line."""

import json
import os
import xml.etree.ElementTree as ET
from contextlib import closing

import pytest
from batch_trees import write_case, write_plan
from test_batch_run import OPTIONS
from typer.testing import CliRunner

import sample_dicom
from planchecker.batch.engines import InProcess
from planchecker.batch.run import STORE
from planchecker.batch.store import read_store
from planchecker.cli import app
from planchecker.cli import batch as command
from planchecker.cli.batch_progress import Bar, shown


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """Check in this process: the pool has tests of its own."""
    monkeypatch.setattr(command, "_pool", lambda options, _limits, _workers: InProcess(options))


def run(*arguments):
    return CliRunner().invoke(app, ["batch", *map(str, arguments)])


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("batch") / "tree"
    sample_dicom.write("long-bone-8-in-1", root / "good")
    write_case(root / "open", 1)
    return root


def test_the_summary_counts_and_names_the_worst_first(tree, tmp_path):
    done = run(tree, "-o", tmp_path / "out", "--report-format", "none")
    assert done.exit_code == 3
    lines = done.stdout.splitlines()
    assert lines[0].startswith("2 cases found = 2 checked + 0 failed + 0 skipped")
    assert lines[1] == "by status: 1 not-evaluated, 1 pass"
    assert "not-evaluated  T1.0" in done.stdout
    assert str(tmp_path / "out" / STORE) in done.stdout
    assert (tmp_path / "out" / "index.html").is_file()
    again = run(tree, "-o", tmp_path / "out", "--report-format", "none", "--resume")
    assert again.stdout.startswith("2 cases found = 0 checked + 0 failed + 2 skipped")
    assert again.exit_code == 3


@pytest.mark.parametrize(("fail_on", "code"), [("fail", 0), ("undecided", 3), ("warn", 3)])
def test_what_makes_the_exit_code(tree, tmp_path, fail_on, code):
    arguments = ("--report-format", "none", "--fail-on", fail_on)
    assert run(tree, "-o", tmp_path / "out", *arguments).exit_code == code


def test_a_case_without_a_verdict_is_never_zero(tree, tmp_path):
    write_case(tmp_path / "tree", 1)
    write_plan(tmp_path / "tree" / "twin", 1, label="twin")
    arguments = ("--report-format", "none", "--fail-on", "fail")
    done = run(tmp_path / "tree", "-o", tmp_path / "out", *arguments)
    assert done.exit_code == 2
    assert "refused" in done.stdout
    assert "differ but share the SOP Instance UID" in done.stdout


def test_junit_and_json_lines_tell_the_same(tree, tmp_path):
    run(tree, "-o", tmp_path / "out", "--report-format", "none")
    lines = (tmp_path / "out" / "results.jsonl").read_text("utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    assert [one["status"] for one in found] == ["not-evaluated", "pass"]
    assert found[1]["scheme"]
    suites = ET.parse(tmp_path / "out" / "junit.xml").getroot()  # noqa: S314 - our own
    assert suites.get("tests") == "2"
    assert (suites.get("failures"), suites.get("errors")) == ("0", "1")
    tests = suites.findall("testsuite/testcase")
    assert [test[0].tag for test in tests] == ["error", "system-out"]
    assert "ID005 not-evaluated: The plan states no geometry." in tests[0][0].get("message")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--scheduler", "tcp://x:1", "--dask-local"), "not both"),
        (("--ship-files",), "--ship-files is for"),
        (("--indication", "nonsense"), "no indication 'nonsense'"),
        (("--protocol", "nonsense"), "nonsense"),
        (("--workers", "0"), "--workers"),
    ],
)
def test_wrong_use_is_refused_before_anything_is_written(tree, tmp_path, arguments, told):
    done = run(tree, "-o", tmp_path / "out", *arguments)
    assert done.exit_code == 2
    assert told in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_options_reach_the_checks_and_the_store(tree, tmp_path):
    site = tmp_path / "ours.toml"
    site.write_text('id = "ours"\ntitle = "Ours"\n', encoding="utf-8")
    given = ("--site", site, "--sum", "--lang", "fr", "--indication", OPTIONS_INDICATION)
    done = run(tree, "-o", tmp_path / "out", "--report-format", "terminal", *given)
    assert done.exit_code in (1, 3), done.output
    with closing(read_store(tmp_path / "out" / STORE)) as store:
        held = store.execute("SELECT * FROM batch").fetchone()
        folder = store.execute('SELECT report_folder FROM "case"').fetchone()[0]
    assert json.loads(held["options"])["summed"] is True
    assert len(held["site_sha256"]) == 64
    report = json.loads((tmp_path / "out" / folder / "report.json").read_text("utf-8"))
    assert report["site"] == "ours"
    assert report["site_sha256"] == held["site_sha256"]
    assert report["protocol_sha256"] == held["protocol_sha256"]
    assert report["options"]["indication"] == OPTIONS_INDICATION
    assert (tmp_path / "out" / folder / "report.txt").is_file()


OPTIONS_INDICATION = OPTIONS.protocol.indications[0].id


def test_the_bar_shows_rate_and_time_left(capfd):
    with shown() as progress:
        bar = Bar(progress)
        bar.files(500)
        bar.cases(0, 4)
        bar.cases(1, 4)
        bar.cases(2, 4)
        task = progress.tasks[1]
        assert (task.completed, task.total, task.visible) == (2, 4, True)
        assert not progress.tasks[0].visible
    assert capfd.readouterr().out == ""


def test_nothing_runs_where_the_module_is_imported():
    assert (os.cpu_count() or 1) == command._WORKERS
