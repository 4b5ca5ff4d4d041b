"""No module grows beyond what can be read in one go."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("planchecker", "constraints", "sample_dicom")
MODULES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_is_at_most_400_lines_long(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
