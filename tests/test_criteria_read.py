"""Every criterion of the protocol is read by a check: a number that nothing asks misleads."""

import ast
import re
from pathlib import Path

import pytest

import planchecker
from constraints.loader import load_protocol
from constraints.model import Technique

HOME = Path(planchecker.__file__).parent
CRITERIA = load_protocol("bone_metastases").criteria
_PLACE = r"([a-z0-9_.]+)"


def _texts() -> tuple[set[str], set[str]]:
    """Return the string constants of the source, and its filled-in ones as patterns."""
    plain, patterns = {world.value for world in Technique}, set()
    for path in HOME.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                plain.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                patterns.add(
                    "".join(
                        re.escape(str(part.value)) if isinstance(part, ast.Constant) else _PLACE
                        for part in node.values
                    )
                )
    return plain, patterns


PLAIN, PATTERNS = _texts()


def is_read(name: str) -> bool:
    """Tell whether a name stands in the source, whole or with parts that stand there."""
    if name in PLAIN:
        return True
    group = name.split(".", 1)[0]
    found = (re.fullmatch(p, name) for p in PATTERNS if p.startswith(re.escape(f"{group}.")))
    return any(match and set(match.groups()) <= PLAIN for match in found)


@pytest.mark.parametrize("name", CRITERIA)
def test_every_criterion_is_read(name):
    assert is_read(name)


@pytest.mark.parametrize("name", ["prescription.nothing", "image.max_spacing_other_one_mm", "x.y"])
def test_what_nothing_reads_is_seen(name):
    assert not is_read(name)
