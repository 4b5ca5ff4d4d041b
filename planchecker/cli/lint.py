"""What ``planchecker guidelines lint`` puts together: rule files beside the packaged library."""

from collections.abc import Sequence
from pathlib import Path

from constraints.lint import Problem, lint
from constraints.loader import available, load, load_file, load_protocol, protocols
from constraints.resources import parse_toml
from constraints.site import load_site, site_library, site_vocabulary
from constraints.vocabulary import load_vocabulary

__all__ = ["lint_files", "lint_library"]

_PROTOCOL_KEYS = {"extends", "governing", "guidelines", "scheme_tables"}
_SITE_KEYS = {
    "add_guidelines", "alias", "confirm", "drop_guidelines", "machine", "own", "protocol", "title",
}  # fmt: skip
# A protocol has a title as well; only a guideline has a source, only a protocol its lists.
_RULE_KEYS = {"extends", "guidelines", "indication", "scheme_tables", "source"}


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
    """Return every problem of some rule files.

    A protocol is judged with the packaged library, a site file with the protocol it starts from.

    Raises
    ------
    LibraryError
        If a file cannot be read or is refused, or what a site file decides cannot be applied.
    """
    keys = {path: _keys(path) for path in files}
    sites = [path for path in files if _SITE_KEYS & keys[path] and not _RULE_KEYS & keys[path]]
    for path in sites:
        site = load_site(path)
        site_library(site)
        site_vocabulary(load_vocabulary(), site)
    protocols_ = [path for path in files if path not in sites and _PROTOCOL_KEYS & keys[path]]
    given = [path for path in files if path not in sites and path not in protocols_]
    guidelines = {guideline.id: guideline for guideline in map(load_file, given)}
    vocabulary = load_vocabulary()
    found = list(lint(guidelines.values(), None, vocabulary))
    known = {name: load(name) for name in available()} | guidelines
    for path in protocols_:
        found += lint(known.values(), load_protocol(path), vocabulary)
    return tuple(dict.fromkeys(found))


def _keys(path: Path) -> set[str]:
    # Only the keys are looked at here; the loader reads the file again and judges it.
    try:
        return set(parse_toml(path.read_text("utf-8-sig"), file=path.name))
    except (OSError, UnicodeDecodeError):
        return set()
