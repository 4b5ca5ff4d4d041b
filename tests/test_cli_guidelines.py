import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import planchecker.cli
from constraints.loader import available, protocols
from constraints.resources import packaged

Run = Callable[..., tuple[int, str, str]]
SOUND = """
id = "mine"
summary = "A local table."

[source]
title = "Local rules"
year = 2026
locator = "Department manual, page 3"

[[limit]]
id = "cord"
structures = ["SpinalCord"]
metric = "Dmax"
comparison = "<="
value = { 1 = 10, 2 = 14 }
unit = "Gy"
kind = "mandatory"
technique = "stereotactic"
course = "first"
endpoint = "myelopathy"
evidence = "A"
where = "page 3"
"""
REFUSED = [
    ('metric = "Dmax"', 'metric = "Dmx"', "'Dmx'"),
    ('structures = ["SpinalCord"]', 'structures = ["Spinal"]', "'Spinal'"),
    ('unit = "Gy"', 'unit = "cGy"', "'cGy'"),
    ("value = { 1 = 10, 2 = 14 }", 'value = "ten"', "'ten'"),
    ("[source]", "[source", "not readable as TOML"),
]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stop:
            planchecker.cli.app(args=["guidelines", *arguments], prog_name="planchecker")
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return run_


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_list_names_every_guideline_and_protocol(run: Run) -> None:
    code, out, _ = run("list")
    first = {line.split()[0] for line in out.splitlines() if line}
    assert code == 0
    assert {*available(), *protocols()} <= first


@pytest.mark.parametrize("name", [*available(), *protocols()])
def test_every_page_can_be_shown_within_the_width(run: Run, name: str) -> None:
    code, out, _ = run("show", name)
    assert code == 0
    assert out.startswith(f"{name}\n{'=' * len(name)}\n")
    assert max(map(len, out.splitlines())) <= 120


def test_an_unknown_guideline_is_refused_with_those_there_are(run: Run) -> None:
    code, _, err = run("show", "no-such")
    assert code == 2
    assert "no guideline 'no-such'; " in err


def test_the_packaged_library_is_sound(run: Run) -> None:
    assert run("lint") == (0, "all files: nothing to say\n", "")


def test_a_sound_file_is_accepted(run: Run, file: Callable[[str], Path]) -> None:
    assert run("lint", str(file(SOUND))) == (0, "1 files: nothing to say\n", "")


@pytest.mark.parametrize(("old", "new", "words"), REFUSED)
def test_a_refused_file_is_named_with_the_offending_text(
    run: Run, file: Callable[[str], Path], old: str, new: str, words: str
) -> None:
    assert old in SOUND
    code, out, _ = run("lint", str(file(SOUND.replace(old, new))))
    assert code == 2
    assert "mine.toml" in out
    assert words in out


def test_a_file_that_contradicts_itself_exits_1(run: Run, file: Callable[[str], Path]) -> None:
    code, out, _ = run("lint", str(file(SOUND.replace("1 = 10", "1 = 1000"))))
    assert code == 1
    assert "mine cord/1: impossible-limit" in out


def test_a_protocol_file_is_judged_beside_the_packaged_guidelines(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "bone_metastases.toml"
    path.write_bytes(packaged("protocols", path.name).read_bytes())
    assert run("lint", str(path))[0] == 0


@pytest.mark.parametrize("subject", ["guideline", "protocol", "report"])
def test_schemas_are_closed_json_schemas(run: Run, subject: str) -> None:
    code, out, _ = run("schema", subject)
    schema: dict[str, Any] = json.loads(out)
    assert code == 0
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False


def test_the_guideline_schema_has_metrics_as_text(run: Run) -> None:
    schema = json.loads(run("schema")[1])
    assert schema["$defs"]["Metric"]["type"] == "string"
