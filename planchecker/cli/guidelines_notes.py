"""What ``planchecker guidelines lint --notes`` says besides the problems."""

from collections.abc import Sequence
from pathlib import Path

from constraints.lint import Problem
from constraints.lint_notes import lint_notes
from constraints.loader import load, load_file, load_protocol, protocols
from constraints.parsing import read_text
from constraints.resources import parse_toml

__all__ = ["notes_on"]


def notes_on(files: Sequence[Path] | None) -> tuple[Problem, ...]:
    """Return the notes on some rule files, or on every packaged protocol.

    Raises
    ------
    LibraryError
        If a file cannot be read or is refused.

    Examples
    --------
    >>> {note.rule for note in notes_on(None)} >= {"fraction-gap"}
    True
    """
    found: list[Problem] = []
    if not files:
        for protocol in map(load_protocol, protocols()):
            found += lint_notes([load(id_) for id_ in protocol.guidelines], protocol)
    for path in files or ():
        if "source" in parse_toml(read_text(path), file=path.name):
            found += lint_notes([load_file(path)], None)
        else:
            protocol = load_protocol(path)
            found += lint_notes([load(id_) for id_ in protocol.guidelines], protocol)
    return tuple(dict.fromkeys(found))
