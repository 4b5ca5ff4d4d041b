"""The packaged files of the library: where they are, and one digest over all of them."""

import hashlib
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from constraints.errors import LibraryError

__all__ = [
    "file_digests",
    "library_digest",
    "library_version",
    "packaged",
    "packaged_ids",
    "parse_toml",
]

_VOCABULARY_FILES = ("structure_words.toml", "structures.csv", "version.toml")


def packaged(*parts: str) -> Traversable:
    """Return a file or folder of the installed library.

    Examples
    --------
    >>> packaged("structures.csv").is_file()
    True
    """
    return resources.files("constraints").joinpath(*parts)


@lru_cache(maxsize=4)
def packaged_ids(folder: str) -> tuple[str, ...]:
    """Return the ids of the TOML files in a packaged folder, sorted.

    Examples
    --------
    >>> packaged_ids("protocols")
    ('bone_metastases', 'bone_metastases_full')
    """
    names = (entry.name for entry in packaged(folder).iterdir() if entry.is_file())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def parse_toml(text: str, *, file: str) -> dict[str, Any]:
    """Parse TOML.

    Raises
    ------
    LibraryError
        If `text` is not TOML; names the file, the line and what was found.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LibraryError(f"{file}: not readable as TOML: {error}") from error


@lru_cache(maxsize=1)
def library_version() -> str:
    """Return the version of the clinical knowledge, apart from the version of the program.

    Examples
    --------
    >>> library_version().count(".")
    2
    """
    text = packaged("version.toml").read_text(encoding="utf-8")
    return str(parse_toml(text, file="version.toml")["version"])


@lru_cache(maxsize=1)
def library_digest() -> str:
    """Return the SHA-256 over every library, protocol and vocabulary file, as hex digits.

    Files are taken in the order of their names and all line endings as line feeds, so that a
    checkout on Windows gives the digest of one on Linux.

    Examples
    --------
    >>> len(library_digest())
    64
    """
    digest = hashlib.sha256()
    for name, data in _files():
        for part in (name.encode(), data.replace(b"\r\n", b"\n")):
            # The length goes in as well, so that text cannot move from one file to the next.
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def file_digests() -> dict[str, str]:
    """Return the SHA-256 of every library, protocol and vocabulary file by name.

    Line endings count as in `library_digest`.

    Examples
    --------
    >>> "library/hytec-cord-2021.toml" in file_digests()
    True
    """
    return {
        name: hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest() for name, data in _files()
    }


def _files() -> Iterator[tuple[str, bytes]]:
    for folder in ("library", "protocols"):
        for id_ in packaged_ids(folder):
            yield f"{folder}/{id_}.toml", packaged(folder, f"{id_}.toml").read_bytes()
    for name in _VOCABULARY_FILES:
        yield name, packaged(name).read_bytes()
