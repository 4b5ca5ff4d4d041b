"""Every message that a report may show in another language, collected from the source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import planchecker
from planchecker.checks import CHECKS
from planchecker.reports.text import _VERDICT, FAMILY, STATUS_WORD
from planchecker.results import Status

HOME = Path(planchecker.__file__).parent
SPOKEN = ("gettext", "_")


def messages() -> set[str]:
    """Messages, and remedies of the checks that hold nothing that varies."""
    return {*spoken(), *tables(), *remedies()}


def spoken() -> Iterator[str]:
    for path in HOME.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            words = [a.value for a in node.args if isinstance(a, ast.Constant)]
            texts = [word for word in words if isinstance(word, str)]
            if node.func.id in SPOKEN and texts:
                yield texts[0]
            elif node.func.id == "ngettext":
                yield "\0".join(texts)
    for path in (HOME / "reports" / "templates").glob("*.jinja"):
        yield from re.findall(r'\b_\("([^"]*)"\)', path.read_text(encoding="utf-8"))


def tables() -> Iterator[str]:
    yield from (*STATUS_WORD.values(), *_VERDICT.values(), *FAMILY.values())
    yield from (status.value for status in Status)
    yield from (check.title for check in CHECKS)
    yield from ("certain", "likely", "guess", "target prescription dose", "beam doses")
    yield from ("no image was asked for", "there is no CT", "no CT slice lies here")
    yield from ("the CT lies in another frame of reference", "the CT is not axial")


def remedies() -> Iterator[str]:
    """Texts given as `remedy` that are plain strings."""
    for path in (HOME / "checks").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "remedy":
                value = node.value
                if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
                    yield value.value
