"""Runs the tests against Orthanc and dcmtk where nobody else can reach the servers."""

import ast
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hooks_support.services import can_unshare

INNER = Path(__file__).parent / "hooks_support" / "with_real_servers.py"
NAMES = [
    node.name
    for node in ast.parse(INNER.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """Run them all once; give for each what became of it and why."""
    if shutil.which("Orthanc") is None:
        pytest.skip("Orthanc is not installed (Debian: orthanc dcmtk)")
    report = tmp_path_factory.mktemp("inner") / "report.xml"
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(INNER)]
    words += [f"--junitxml={report}", "-p", "no:randomly"]
    if can_unshare("-rn", "sh", "-c", "ip link set lo up"):
        words = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *words]
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert report.exists(), done.stdout + done.stderr
    found = {}
    # Written by the process above, from nothing that comes from outside.
    for row in ET.parse(report).getroot().iter("testcase"):  # noqa: S314
        failure = next((x for x in row if x.tag in ("failure", "error", "skipped")), None)
        text = "" if failure is None else f"{failure.get('message')}\n{failure.text}"
        found[str(row.get("name"))] = (failure.tag if failure is not None else "passed", text)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_with_real_servers(outcomes: dict[str, tuple[str, str]], name: str) -> None:
    what, why = outcomes[name]
    if what == "skipped":
        pytest.skip(why.splitlines()[0])
    assert what == "passed", why
