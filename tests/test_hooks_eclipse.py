import re
import shutil
import subprocess
from pathlib import Path

import pytest

import planchecker.cli
import planchecker.hooks

SOURCE = Path(planchecker.hooks.__file__).parent / "eclipse" / "PlanChecker.cs"
STUBS = Path(__file__).parent / "hooks_support" / "esapi" / "Stubs.cs"
# Ends with 0; for one plan it names no report.
STAND_IN = """#!/bin/sh
echo "$@"
echo "encoding $PYTHONIOENCODING"
case "$*" in *"--plan-uid 1.2.0 "*) exit 0;; esac
echo "The report is {page}"
"""
BAD_UIDS = ["", "1.2;calc", '1.2" --open', "1.2 3", "1.2\n", "../1", "1..2", "1" * 65]


# pynetdicom's caller leaves a socket to the garbage collector where nobody answers.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("_left_to_the_collector"),
]


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the plug-in against stand-ins for ESAPI; the language is that of Eclipse 15."""
    compiler = shutil.which("mcs")
    if compiler is None:
        pytest.skip("NOT COMPILED: there is no C# compiler (mono-mcs) here")
    folder = tmp_path_factory.mktemp("plugin")
    program = folder / "stand-in"
    program.write_text(STAND_IN.format(page=folder / "report.html"), encoding="utf-8")
    program.chmod(0o755)
    (folder / "report.html").touch()
    text = SOURCE.read_text(encoding="utf-8")
    assert "C:\\planchecker\\Scripts\\planchecker.exe" in text
    # The one line a site edits: the program; here one that shows its arguments.
    (folder / "PlanChecker.cs").write_text(
        text.replace("C:\\planchecker\\Scripts\\planchecker.exe", str(program)), encoding="utf-8"
    )
    done = subprocess.run(
        [
            *(compiler, "-langversion:5", "-warnaserror+", f"-out:{folder / 'plugin.exe'}"),
            *(folder / "PlanChecker.cs", STUBS),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "plugin.exe"


def run(plugin: Path, *arguments: str) -> str:
    mono = shutil.which("mono")
    if mono is None:
        pytest.skip("compiled, but not run: there is no mono here")
    done = subprocess.run(
        [mono, str(plugin), *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_compiles_against_stand_ins(plugin: Path) -> None:
    assert plugin.stat().st_size > 1000


def test_without_a_plan_nothing_is_run(plugin: Path) -> None:
    assert "nothing was judged" in run(plugin)


@pytest.mark.parametrize("uid", BAD_UIDS)
def test_only_a_uid_reaches_the_command_line(plugin: Path, uid: str) -> None:
    assert "no valid UID" in run(plugin, uid)


def test_the_program_is_run_and_its_exit_code_is_the_verdict(plugin: Path) -> None:
    shown = run(plugin, "1.2.246.352.71.5")
    assert "PASS or WARN" in shown
    assert "--plan-uid 1.2.246.352.71.5" in shown
    assert "encoding utf-8" in shown


def test_without_a_report_that_is_there_nothing_is_a_pass(plugin: Path) -> None:
    # Some other program that ends with 0.
    shown = run(plugin, "1.2.0")
    assert "NOT JUDGED" in shown
    assert "PASS" not in shown
    (plugin.parent / "report.html").rename(plugin.parent / "away.html")
    try:
        assert "NOT JUDGED" in run(plugin, "1.2.246.352.71.5")
    finally:
        (plugin.parent / "away.html").rename(plugin.parent / "report.html")


def test_the_command_is_one_that_the_program_knows(
    plugin: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    line = run(plugin, "1.2.3").splitlines()[0]
    words = re.sub(r'"[^"]*"', str(tmp_path), line).split()
    words[words.index("--node") + 1] = "NOBODY@127.0.0.1:9"
    words[words.index("--port") + 1] = "0"
    with pytest.raises(SystemExit) as stop:
        planchecker.cli.app(args=words, prog_name="planchecker")
    assert stop.value.code == 2
    assert "NOBODY@127.0.0.1:9" in capsys.readouterr().err


def test_the_file_says_that_it_never_ran_inside_eclipse() -> None:
    assert "never run inside Eclipse" in SOURCE.read_text(encoding="utf-8")


def test_it_is_one_file_that_names_no_assembly_but_esapi() -> None:
    used = set(re.findall(r"^using ([\w.]+);", SOURCE.read_text(encoding="utf-8"), re.MULTILINE))
    assert {name for name in used if not name.startswith("System")} == {"VMS.TPS.Common.Model.API"}
