"""The README is what people do first: its commands, its Python and its links must hold."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sample_dicom
from planchecker.results import ExitCode

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCED = re.compile(
    r"(?:<!-- command: (?P<mark>\w+) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)```\n", re.DOTALL
)
LARGEST_PICTURE = 300_000


def blocks(language):
    return [found["text"] for found in FENCED.finditer(README) if found["language"] == language]


def marked_commands():
    return {found["mark"]: found["text"] for found in FENCED.finditer(README) if found["mark"]}


def shown_subcommands():
    lines = [line for text in blocks("sh") for line in text.splitlines()]
    asked = (re.search(r"\.venv/bin/planchecker (.+?)(?:  +#.*)?$", line) for line in lines)
    # The demo has a test of its own.
    return sorted({found[1] for found in asked if found} - {"demo"})


def run(*arguments, folder):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("readme")
    sample_dicom.write("long-bone-8-in-1", home / "exported")
    return home


def test_continuous_integration_runs_exactly_the_marked_commands():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    asked = re.findall(r"^run_readme_command (\w+)$", script, re.MULTILINE)
    assert asked == list(marked_commands()) == ["try", "test"]
    assert "pytest" not in script


def test_the_windows_commands_do_the_same():
    for unix, windows in zip(
        marked_commands().values(), blocks("bat")[0].splitlines(), strict=True
    ):
        translated = unix.strip().replace("python3 -m venv", "py -m venv").replace("'", '"')
        assert translated.replace(".venv/bin/", ".venv\\Scripts\\") == windows


def test_the_demo_works_and_writes_its_page(tmp_path):
    shown = run("-m", "planchecker", "demo", folder=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "planchecker-report.html" in README
    assert (tmp_path / "planchecker-report.html").read_bytes().startswith(b"<!doctype html>")


@pytest.mark.parametrize("arguments", shown_subcommands())
def test_every_command_that_is_shown_works(arguments, folder):
    if "our-site.toml" in arguments:
        (folder / "our-site.toml").write_text(blocks("toml")[0], encoding="utf-8")
    # One command reads what another wrote, and either may be the only one that is run.
    batch = next(one for one in shown_subcommands() if one.startswith("batch "))
    missing = ".sqlite" in arguments and not (folder / "checked").exists()
    for one in (batch, arguments) if missing else (arguments,):
        words = [word.strip('"') for word in one.split()]
        shown = run("-m", "planchecker", *words, folder=folder)
        assert shown.returncode == 0, shown.stdout + shown.stderr


def test_the_five_lines_of_python_run(folder):
    (code,) = blocks("python")
    statements = [line for line in code.splitlines()[1:] if line]
    assert len(statements) == 5
    shown = run("-c", code, folder=folder)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("PASS")
    assert "MetricValue(" in shown.stdout


def test_the_table_of_exit_codes_is_complete():
    listed = re.findall(r"^\| (\d) \| ", README, re.MULTILINE)
    assert listed == [str(int(code)) for code in ExitCode]


def test_links_lead_somewhere():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_picture_is_small():
    assert (ROOT / "docs" / "report.png").stat().st_size < LARGEST_PICTURE


def test_the_changelog_has_a_place_for_verdicts():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    unreleased = changelog.split("\n## ")[1]
    assert unreleased.startswith("[Unreleased]")
    assert "\n### Verdicts\n" in unreleased
