"""Templates of the sentences that checks and readers build, collected from the source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import planchecker
from constraints.loader import load, load_protocol

HOME = Path(planchecker.__file__).parent
SPEAKING = (
    "batch/elsewhere.py",
    "checks",
    "checker",
    "courses",
    "schemes",
    "dosimetry",
    "reading",
    "drawing",
    "naming.py",
    "plan_dose.py",
    "registration.py",
    "cumulative.py",
    "robustness.py",
    "sectors.py",
    "solid_points.py",
    "hooks/completeness.py",
    "hooks/judging.py",
    "reports/attesting.py",
    "../constraints/derived.py",
)
NO_SENTENCES = frozenset(
    {
        "the last rung must always hold",
        "technique.{0}",
        "asked only of a DVH with curves",
        "asked only of a DVH with extremes",
        "dicompylercore.{0}",
        "{0}-image",
        "{0}HHL",
        "no-plan-{0}",
        "odd-{0}",
        "{0}/derived-{1}",
        "OB or OW",
        "export {0}",
        "the beginning of the file does not reach its pixel data",
    }
)
"""Keys, file names and what only a defect of the program could show."""
SILENT_CALLS = frozenset({"compile", "open", "TypeVar", "warn", "strptime", "strftime"})
_WORD = re.compile(r"[A-Za-z]{2,}")
_PLACE = re.compile(r"\{\w*(?::[^{}]*)?\}")


def templates() -> dict[str, str]:
    """Every template with the place where it stands first."""
    found: dict[str, str] = {}
    for name in SPEAKING:
        home = (HOME / name).resolve()
        for path in [home] if home.is_file() else sorted(home.rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for text, line in (*_texts(tree), *_labels(tree)):
                found.setdefault(text, f"{path.relative_to(HOME.parent).as_posix()}:{line}")
    for text in _of_the_library():
        found.setdefault(text, "constraints/library")
    return {text: where for text, where in found.items() if text not in NO_SENTENCES}


def _of_the_library() -> Iterator[str]:
    """Yield the words of guidelines that findings repeat."""
    for name in load_protocol("bone_metastases").guidelines:
        guideline = load(name)
        yield from (rule.summary for rule in guideline.delineation)
        yield from (limit.condition for limit in guideline.conditional_limits)
        for flag in guideline.risk_flags:
            yield from (flag.endpoint, *flag.modifiers)


def _texts(tree: ast.AST) -> Iterator[tuple[str, int]]:
    silent = set(_silent(tree))
    for node in ast.walk(tree):
        parts = None if id(node) in silent else _parts(node)
        if parts is None:
            continue
        if isinstance(node, ast.BinOp):
            silent.update(id(part) for part in _operands(node))
            silent.update(id(part) for part in ast.walk(node) if isinstance(part, ast.BinOp))
        inside = isinstance(node, ast.Constant) and getattr(node, "inside", False)
        text = _numbered(parts)
        if _says_something(text, inside=inside):
            yield text, getattr(node, "lineno", 0)


def _labels(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield subjects and metrics of findings that are single words."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        spoken = ("subject", "metric", "remedy", "reason", "message")
        given = [one.value for one in node.keywords if one.arg in spoken]
        given += node.args[1:] if name in ("say", "moot") else []
        for part in (part for one in given for part in ast.walk(one)):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                word = part.value
                # A single letter is a format.
                if len(word) > 1 and word.isalpha() and word.islower():
                    yield word, part.lineno


def _silent(tree: ast.AST) -> Iterator[int]:
    """Yield what is no message: docstrings, annotations, formats, patterns, keys."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)
        elif isinstance(node, ast.JoinedStr):
            yield from _pieces(node)
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in SILENT_CALLS:
                yield from map(id, ast.walk(node))
        elif isinstance(node, ast.Subscript):
            yield from (id(one) for one in ast.walk(node.slice) if isinstance(one, ast.Constant))
        annotation = getattr(node, "annotation", None) or getattr(node, "returns", None)
        if annotation is not None:
            yield from map(id, ast.walk(annotation))


def _pieces(node: ast.JoinedStr) -> Iterator[int]:
    yield from (id(part) for part in node.values if isinstance(part, ast.Constant))
    for part in ast.walk(node):
        if not isinstance(part, ast.FormattedValue):
            continue
        if part.format_spec is not None:
            yield from map(id, ast.walk(part.format_spec))
        for inner in ast.walk(part.value):
            if isinstance(inner, ast.Constant):
                # Marked for `_texts`: a single word counts where a sentence holds it.
                inner.inside = True  # type: ignore[attr-defined]


def _operands(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _operands(node.left)
        yield from _operands(node.right)
    else:
        yield node


def _parts(node: ast.AST) -> list[str | None] | None:
    """Return literal pieces, and None for each thing that varies; None for what is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        found = [one.value if isinstance(one, ast.Constant) else None for one in node.values]
        return [one if isinstance(one, str) else None for one in found]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        texts = [_parts(one) for one in _operands(node)]
        if any(texts):
            return [piece for text in texts for piece in text or [None]]
    return None


def _numbered(parts: list[str | None]) -> str:
    number, out = iter(range(100)), ""
    for part in parts:
        if part is None:
            out += f"{{{next(number)}}}"
        else:
            out += _PLACE.sub(lambda _match: f"{{{next(number)}}}", part)
    return out.strip()


def _says_something(text: str, *, inside: bool) -> bool:
    literal = _PLACE.sub(" ", text)
    if not _WORD.search(literal):
        return False
    is_key = re.search(r"[\\^$|\[\]_=]|\w\.\w|%[sd]", literal)
    if is_key and not re.search(r"[a-z]+ [a-z]+ [a-z]+", literal):
        return False
    return "{" in text or " " in text or (inside and text.islower() and text.isalpha())
