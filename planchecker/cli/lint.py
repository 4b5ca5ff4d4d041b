"""What ``planchecker guidelines lint`` puts together: rule files beside the packaged library."""

from collections.abc import Sequence
from pathlib import Path

from constraints.lint import Problem, lint
from constraints.loader import available, load, load_file, load_protocol, protocols
from constraints.resources import parse_toml
from constraints.vocabulary import load_vocabulary

__all__ = ["lint_files", "lint_library"]

_PROTOCOL_KEYS = {"governing", "guidelines", "scheme_tables"}


def lint_library() -> tuple[Problem, ...]:
    """Return every problem of the packaged guidelines and protocols.

    Examples
    --------
    >>> lint_library()
    ()
    """
    guidelines = tuple(map(load, available()))
    found = [
        problem
        for name in protocols()
        for problem in lint(guidelines, load_protocol(name), load_vocabulary())
    ]
    return tuple(dict.fromkeys(found))


def lint_files(files: Sequence[Path]) -> tuple[Problem, ...]:
    """Return every problem of some rule files; a protocol is judged with the packaged library.

    Raises
    ------
    LibraryError
        If a file cannot be read or is refused.
    """
    given = [path for path in files if not _is_protocol(path)]
    guidelines = {guideline.id: guideline for guideline in map(load_file, given)}
    vocabulary = load_vocabulary()
    found = list(lint(guidelines.values(), None, vocabulary))
    known = {name: load(name) for name in available()} | guidelines
    for path in files:
        if _is_protocol(path):
            found += lint(known.values(), load_protocol(path), vocabulary)
    return tuple(dict.fromkeys(found))


def _is_protocol(path: Path) -> bool:
    # Only the keys are looked at here; the loader reads the file again and judges it.
    try:
        return bool(_PROTOCOL_KEYS & set(parse_toml(path.read_text("utf-8-sig"), file=path.name)))
    except (OSError, UnicodeDecodeError):
        return False
