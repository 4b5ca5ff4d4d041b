import ast
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from planchecker.hooks import raystation

SCRIPT = Path(raystation.__file__)
OLDEST = (3, 6)
VERSIONS = ["3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"]
VERDICTS = [
    (0, 0, "PASS"),
    (1, 1, "FAIL"),
    (2, 2, "NOT JUDGED"),
    (3, 3, "NOT DECIDED"),
    (4, 2, "NOT JUDGED"),
    (255, 2, "NOT JUDGED"),
]
CONNECT = """
import json, os
CALLS = os.environ["CALLS"]
MODE = os.environ["MODE"]

def note(text):
    with open(CALLS, "a") as stream:
        stream.write(text + "\\n")

class Thing:
    def __init__(self, **fields):
        self.__dict__.update(fields)

class Case:
    def ScriptableDicomExport(self, IgnorePreConditionWarnings, ExportFolderPath, **arguments):
        if MODE == "old" and "PhysicalBeamSetDoseForBeamSets" in arguments:
            raise TypeError("got an unexpected keyword argument 'PhysicalBeamSetDoseForBeamSets'")
        if MODE == "pythonnet" and "PhysicalBeamSetDoseForBeamSets" in arguments:
            raise ValueError("Unexpected argument PhysicalBeamSetDoseForBeamSets")
        note("export " + json.dumps([IgnorePreConditionWarnings, arguments], sort_keys=True))
        if MODE == "warning" and not IgnorePreConditionWarnings:
            raise RuntimeError("Beam set has no approval")
        if MODE == "broken":
            raise RuntimeError("no dose")
        if MODE != "empty":
            with open(os.path.join(ExportFolderPath, "RP.dcm"), "w") as stream:
                stream.write("x")
        note("folder " + ExportFolderPath)
        return json.dumps({"Comment": "", "Warnings": [], "Notifications": []})

def get_current(what):
    if MODE == "closed":
        raise RuntimeError("no patient is open")
    examination = Thing(Name="CT 1")
    found = {
        "Patient": Thing(Save=lambda: note("save")),
        "Case": Case(),
        "Plan": Thing(GetTotalDoseStructureSet=lambda: Thing(OnExamination=examination)),
        "BeamSet": Thing(BeamSetIdentifier=lambda: "Plan:Set"),
    }
    if MODE != "old":
        found["BeamSet"].GetPlanningExamination = lambda: examination
    return found[what]
"""
PROGRAM = """#!{python}
import os, sys
with open(os.environ["CALLS"], "a") as stream:
    stream.write("run " + " ".join(sys.argv[1:]) + "\\n")
    stream.write("python " + str(sorted(n for n in os.environ if n.startswith("PYTHON"))) + "\\n")
page = os.environ["PAGE"]
print("some findings")
if os.environ["MODE"] != "elsewhere":
    open(page, "w").close()
if os.environ["MODE"] != "mute":
    print("The report is " + page)
sys.exit(int(os.environ["CODE"]))
"""
DRIVER = """
import sys
sys.path[:0] = [{script!r}, {fake!r}]
import raystation
shown, opened = [], []
code = raystation.check_open_plan(shown.append, opened.append)
import json
print(json.dumps([code, shown, opened]))
"""


def interpreters() -> list[str]:
    """Find every Python there is: on PATH, under pyenv, and this one."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = {f"{sys.version_info[0]}.{sys.version_info[1]}": sys.executable}
    for version in VERSIONS:
        installed = sorted(root.glob(f"{version}.*/bin/python")) if root.is_dir() else []
        path = str(installed[-1]) if installed else shutil.which(f"python{version}")
        if path and version not in found:
            found[version] = path
    return [found.get(version, "") for version in VERSIONS]


@pytest.fixture(params=interpreters(), ids=VERSIONS)
def python(request: pytest.FixtureRequest) -> str:
    if not request.param:
        pytest.skip("this version of Python is not installed here")
    return str(request.param)


class Bench:
    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "fake").mkdir()
        (root / "script").mkdir()
        shutil.copy(SCRIPT, root / "script" / "raystation.py")
        (root / "fake" / "connect.py").write_text(CONNECT)
        self.program = root / "planchecker-stand-in"
        self.program.write_text(PROGRAM.format(python=sys.executable))
        self.program.chmod(0o755)
        self.calls = root / "calls"
        self.calls.write_text("")

    def run(self, python: str, *, mode: str = "new", code: int = 0, program: str = "") -> Any:
        driver = DRIVER.format(script=str(self.root / "script"), fake=str(self.root / "fake"))
        environment = {
            **os.environ,
            "MODE": mode,
            "CODE": str(code),
            "CALLS": str(self.calls),
            "PAGE": str(self.root / "page.html"),
            "PLANCHECKER": program or str(self.program),
            "PLANCHECKER_REPORTS": str(self.root / "reports"),
            "PYTHONHASHSEED": "0",
        }
        done = subprocess.run(
            [python, "-c", driver],
            capture_output=True,
            text=True,
            env=environment,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def said(self, word: str) -> list[str]:
        lines = self.calls.read_text().splitlines()
        return [line.partition(" ")[2] for line in lines if line.split(" ")[0] == word]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    if os.name == "nt":
        pytest.skip("the stand-in for the program is a script with a first line for POSIX")
    return Bench(tmp_path)


def test_the_file_is_valid_on_the_oldest_python_and_needs_nothing_else() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=OLDEST)
    compile(tree, str(SCRIPT), "exec")
    imported = {
        (node.module or "").split(".")[0] if isinstance(node, ast.ImportFrom) else name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert imported <= set(sys.stdlib_module_names)


def test_the_file_says_what_was_never_run_inside_raystation() -> None:
    assert "never run inside RayStation" in " ".join(SCRIPT.read_text().replace("#", "").split())


def test_a_plan_is_saved_exported_checked_and_cleaned_up(bench: Bench, python: str) -> None:
    code, shown, opened = bench.run(python)
    assert code == 0
    assert shown[-1].startswith("PASS or WARN")
    assert opened == [str(bench.root / "page.html")]
    assert bench.calls.read_text().startswith("save\n")
    folder = bench.said("folder")[0]
    assert not Path(folder).exists()
    assert bench.said("run")[0].startswith(f"watch {folder} --once --hook raystation --reports")
    assert bench.said("python") == ["['PYTHONIOENCODING']"]


def test_the_plan_dose_and_the_images_are_asked_for(bench: Bench) -> None:
    bench.run(sys.executable)
    ignored, arguments = json.loads(bench.said("export")[0])
    assert ignored is False
    assert arguments == {
        "BeamSets": ["Plan:Set"],
        "Examinations": ["CT 1"],
        "PhysicalBeamSetDoseForBeamSets": ["Plan:Set"],
        "RtStructureSetsReferencedFromBeamSets": ["Plan:Set"],
    }


@pytest.mark.parametrize("mode", ["old", "pythonnet"])
def test_an_older_release_is_asked_with_its_own_words(bench: Bench, mode: str) -> None:
    code, _, _ = bench.run(sys.executable, mode=mode)
    assert code == 0
    assert "BeamSetDoseForBeamSets" in json.loads(bench.said("export")[0])[1]


def test_a_warning_is_shown_before_it_is_passed_over(bench: Bench) -> None:
    code, shown, _ = bench.run(sys.executable, mode="warning")
    assert code == 0
    assert "no approval" in shown[0]
    assert [json.loads(line)[0] for line in bench.said("export")] == [False, True]


@pytest.mark.parametrize(
    ("given", "code", "head"),
    VERDICTS,
)
def test_the_exit_code_is_the_verdict(bench: Bench, given: int, code: int, head: str) -> None:
    found, shown, _ = bench.run(sys.executable, code=given)
    assert found == code
    assert shown[-1].startswith(head)


@pytest.mark.parametrize("mode", ["broken", "empty", "closed"])
def test_a_plan_that_cannot_be_exported_is_not_judged(bench: Bench, mode: str) -> None:
    code, shown, opened = bench.run(sys.executable, mode=mode)
    assert code == 2
    assert shown[-1].startswith("NOT JUDGED")
    assert opened == []
    assert bench.said("run") == []


@pytest.mark.parametrize("mode", ["mute", "elsewhere"])
def test_without_a_report_that_is_there_nothing_is_a_pass(bench: Bench, mode: str) -> None:
    code, shown, opened = bench.run(sys.executable, mode=mode, code=0)
    assert (code, opened) == (2, [])
    assert shown[-1].startswith("NOT JUDGED")


def test_an_export_that_was_left_behind_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raystation.tempfile, "gettempdir", lambda: str(tmp_path))
    for name in ("planchecker-export-old", "planchecker-export-new", "other"):
        (tmp_path / name).mkdir()
        age = 0 if name.endswith("new") else 2 * 86_400
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
    raystation.remove_left_behind()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "planchecker-export-new"]


def test_journal_protocol_and_site_file_are_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JOURNAL", "PROTOCOL", "SITE"):
        monkeypatch.setenv(f"PLANCHECKER_{name}", name.title())
    words = raystation.command("in", "out")
    assert words[-6:] == ["--journal", "Journal", "--protocol", "Protocol", "--site", "Site"]


def test_a_program_that_is_not_there_is_not_a_pass(bench: Bench) -> None:
    code, shown, _ = bench.run(sys.executable, program="/no/such/program")
    assert code == 2
    assert "set PLANCHECKER" in shown[-1]


def test_the_command_is_one_that_the_program_knows(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import planchecker.cli  # noqa: PLC0415

    (tmp_path / "in").mkdir()
    words = raystation.command(str(tmp_path / "in"), str(tmp_path / "reports"))
    with pytest.raises(SystemExit) as stop:
        planchecker.cli.app(args=words[1:], prog_name="planchecker")
    assert stop.value.code == 2
    assert "no DICOM plan" in capsys.readouterr().err
