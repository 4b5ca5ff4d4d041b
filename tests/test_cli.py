import json
import os
import subprocess
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from golden.hand_built import CLEAN, EVERYTHING

import planchecker.checks
import planchecker.cli
import planchecker.reading
from constraints.errors import LibraryError
from planchecker.case import Case
from planchecker.checks.context import Check
from planchecker.cli import output
from planchecker.errors import PlanCheckerError, ReadError
from planchecker.results import Finding, Report, Status

HEAVY = {"numpy", "pydicom", "pydantic", "jinja2", "matplotlib", "skimage", "dicompylercore"}
Run = Callable[..., tuple[int, str, str]]
CODES = [
    ((Status.PASS,), 0),
    ((Status.WARN,), 0),
    ((Status.FAIL,), 1),
    ((Status.BORDERLINE,), 3),
    ((Status.MANUAL,), 3),
    ((Status.NOT_EVALUATED,), 3),
    ((), 2),
    ((Status.PASS, Status.MANUAL), 3),
    ((Status.MANUAL, Status.FAIL), 1),
    ((Status.PASS, Status.WARN), 0),
]
WRONG_USE = [
    ("check",),
    ("check", "no/such/path"),
    ("check", ".", "--format", "xml"),
    ("check", ".", "--prior", "x"),
    ("check", ".", "--site", "x"),
    ("check", ".", "--lang", "de"),
    ("check", ".", "--paper", "A3"),
    ("check", ".", "--attested", "no-such-report.json"),
    ("attest", "no-such-report.json", "--finding", "x", "--reason", "x", "--by", "x"),
    ("compare", "."),
    ("dvh", ".", "--metric", "D0,03cc"),
    ("nonsense",),
    ("guidelines", "show", "no-such-guideline"),
    ("guidelines", "schema", "nonsense"),
    ("explain", "XX999"),
]
ERRORS = [
    ReadError("'a.dcm' is no DICOM file"),
    PlanCheckerError("first line\nsecond line"),
    LibraryError("bad.toml: limit[0]: is missing"),
]
BUGS = [RuntimeError("a bug"), KeyError("x"), OSError(5, "disk"), MemoryError(), AssertionError()]


def report(*statuses: Status) -> Report:
    return Report(
        findings=tuple(
            Finding(code="XX001", subject="plan", status=status, message="made up", remedy="none")
            for status in statuses
        )
    )


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            planchecker.cli.app(args=list(arguments), prog_name="planchecker")
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return run_


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace reading and checking: one case a report, or an exception."""

    def install(reports: Sequence[Report], error: BaseException | None = None) -> None:
        left = list(reports)

        def read_cases(paths: Any, progress: Any = None) -> tuple[Case, ...]:
            if error is not None:
                raise error
            return tuple(Case() for _ in reports)

        fake = types.ModuleType("planchecker.checker")
        fake.check = lambda _, **__: left.pop(0)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "planchecker.checker", fake)
        monkeypatch.setattr(planchecker.reading, "read_cases", read_cases, raising=False)

    return install


@pytest.mark.parametrize(("statuses", "code"), CODES)
def test_the_worst_report_gives_the_exit_code(
    run: Run, stand_in: Callable[..., None], statuses: Sequence[Status], code: int
) -> None:
    stand_in([report(status) for status in statuses])
    assert run("check", ".")[0] == code


def test_an_empty_report_is_not_a_pass(run: Run, stand_in: Callable[..., None]) -> None:
    stand_in([report()])
    assert run("check", ".")[0] == 3


@pytest.mark.parametrize("arguments", WRONG_USE, ids=" ".join)
def test_wrong_use_exits_2_and_says_so_on_stderr(run: Run, arguments: tuple[str, ...]) -> None:
    code, out, err = run(*arguments)
    assert code == 2
    assert out == ""
    assert err
    assert "Traceback" not in err


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_the_users_errors_are_one_line_without_traceback(
    run: Run, stand_in: Callable[..., None], error: Exception
) -> None:
    stand_in([], error)
    code, out, err = run("check", ".")
    assert (code, out) == (2, "")
    assert err == f"planchecker: error: {' '.join(str(error).split())}\n"


@pytest.mark.parametrize("bug", BUGS, ids=repr)
def test_a_bug_keeps_its_traceback_and_is_no_verdict(
    run: Run, stand_in: Callable[..., None], bug: Exception
) -> None:
    stand_in([], bug)
    code, out, err = run("check", ".")
    assert (code, out) == (2, "")
    assert "Traceback" in err
    assert type(bug).__name__ in err


def test_stopping_from_the_keyboard_is_no_verdict(run: Run, stand_in: Callable[..., None]) -> None:
    stand_in([], KeyboardInterrupt())
    assert run("check", ".")[0] == 130


def test_an_error_message_cannot_drive_the_terminal(
    run: Run, stand_in: Callable[..., None]
) -> None:
    stand_in([], ReadError("bad \x1b[2J name"))
    assert "\x1b" not in run("check", ".")[2]


def test_one_report_prints_one_json_object(run: Run, stand_in: Callable[..., None]) -> None:
    stand_in([EVERYTHING])
    code, out, err = run("check", ".", "--format", "json")
    assert json.loads(out)["exit_code"] == code == 1
    assert err == ""


def test_several_reports_print_an_array(run: Run, stand_in: Callable[..., None]) -> None:
    stand_in([CLEAN, EVERYTHING])
    code, out, _ = run("check", ".", "--format", "json")
    assert code == 1
    assert [one["status"] for one in json.loads(out)] == ["pass", "fail"]


def test_check_hands_its_options_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    fake = types.ModuleType("planchecker.checker")

    def check(case: Case, **options: Any) -> Report:
        seen.update(options)
        return CLEAN

    fake.check = check  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "planchecker.checker", fake)
    monkeypatch.setattr(planchecker.reading, "read_cases", lambda _, **__: (Case(),), raising=False)
    run("check", ".", "--indication", "mscc", "--protocol", "mine.toml")
    expected = {
        "indication": "mscc",
        "protocol": "mine.toml",
        "program_version": planchecker.__version__,
        "pictures": False,
    }
    assert {key: seen[key] for key in expected} == expected


@pytest.mark.parametrize("format_", ["terminal", "json", "html"])
def test_output_goes_to_the_file_and_nothing_to_stdout(
    run: Run, stand_in: Callable[..., None], tmp_path: Path, format_: str
) -> None:
    stand_in([EVERYTHING])
    target = tmp_path / "report"
    code, out, _ = run("check", ".", "--format", format_, "-o", str(target))
    assert (code, out) == (1, "")
    assert "SpinalCanal" in target.read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_file_that_cannot_be_written_is_one_line(
    run: Run, stand_in: Callable[..., None], tmp_path: Path
) -> None:
    stand_in([CLEAN])
    code, _, err = run("check", ".", "-o", str(tmp_path / "missing" / "report"))
    assert code == 2
    assert err.startswith("planchecker: error: cannot write")
    assert len(err.splitlines()) == 1


def test_a_failed_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report"
    target.write_text("old", encoding="utf-8")

    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(PlanCheckerError, match="No space left"):
        output.write_file(target, "new")
    assert target.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_explain_lists_codes_without_an_argument(run: Run, checks: None) -> None:
    assert run("explain") == (0, "XX001  An example\nXX002  Another\n", "")


def test_explain_prints_code_title_and_docstring(run: Run, checks: None) -> None:
    code, out, _ = run("explain", "xx001")
    assert code == 0
    assert out.splitlines()[0] == "XX001  An example"
    assert "What\n----" in out


def test_explain_speaks_french(run: Run) -> None:
    code, out, _ = run("explain", "DL001", "--lang", "fr")
    assert code == 0
    assert out.splitlines()[0] == "DL001  Limite médullaire déterminante, stéréotaxique"
    assert "Pourquoi\n--------" in out
    assert "« non conforme »" in out


def test_explain_offers_near_codes(run: Run, checks: None) -> None:
    code, _, err = run("explain", "XX003")
    assert code == 2
    assert "XX001" in err
    assert "XX002" in err


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> None:
    def example(context: object) -> tuple[()]:
        """Ask something.

        What
        ----
        The sum of it.
        """
        return ()

    table = (
        Check(code="XX001", title="An example", run=example),
        Check(code="XX002", title="Another", run=example),
    )
    monkeypatch.setattr(planchecker.checks, "CHECKS", table, raising=False)


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    probe = "import sys, planchecker.cli; print(sorted(sys.modules))"
    loaded = python("-c", probe).stdout
    assert not HEAVY & set(json.loads(loaded.replace("'", '"')))


def test_the_version_is_printed() -> None:
    found = python("-m", "planchecker", "--version")
    assert (found.returncode, found.stdout) == (0, f"planchecker {planchecker.__version__}\n")


def test_help_names_every_command() -> None:
    found = python("-m", "planchecker", "--help")
    assert found.returncode == 0
    for name in ("demo", "check", "dvh", "structures", "guidelines", "explain"):
        assert f" {name} " in found.stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
def test_an_old_code_page_gets_spelt_symbols(encoding: str) -> None:
    found = python("-m", "planchecker", "guidelines", "show", "hytec-cord-2021", encoding=encoding)
    assert found.returncode == 0, found.stderr
    assert "Dmax <=" in found.stdout.replace("≤", "<=")


@pytest.mark.skipif(sys.platform == "win32", reason="asks a POSIX shell")
def test_a_closed_pipe_is_no_verdict() -> None:
    command = f'"{sys.executable}" -m planchecker guidelines show tg101-2010 | true; '
    found = subprocess.run(
        ["bash", "-c", command + "exit ${PIPESTATUS[0]}"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert found.returncode in (0, 2)
    assert "Traceback" not in found.stderr


def python(*arguments: str, encoding: str = "utf-8") -> subprocess.CompletedProcess[str]:
    """Run a fresh interpreter, as a shell would."""
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        encoding=encoding,
        check=False,
        env={
            **os.environ,
            "PYTHONIOENCODING": encoding,
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
    )
