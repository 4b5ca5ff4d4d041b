"""Who looked at which state of the library: a record of reviewer, date and digests.

The record proves nothing by itself, anybody can write one; it says what was reviewed, and
`verify` tells whether that is still what is installed, file by file.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from constraints.errors import LibraryError
from constraints.parsing import build, read_text
from constraints.resources import file_digests, library_digest, library_version, parse_toml
from constraints.site_model import Said
from constraints.terms import Model

__all__ = ["Signature", "Verification", "dump_signature", "load_signature", "sign", "verify"]


_SHOWN = 8


class Signature(Model):
    """A statement that somebody reviewed the library in one state."""

    reviewer: Said
    date: Said
    """As the reviewer gives it; this program reads no clock."""
    statement: str = ""
    """What was reviewed and how, in the reviewer's words."""
    library_version: str
    library_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    files: dict[str, str]
    """SHA-256 of every file of the library, and of the further files that were signed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """Whether a signature still speaks of what is installed.

    Parameters
    ----------
    valid
        Every signed file is unchanged, none is missing and none was added.
    changed, missing, added
        Names of files.
    """

    valid: bool
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The answer in one line.

        Examples
        --------
        >>> Verification(valid=False, changed=("library/tg101-2010.toml",)).summary
        'not what was signed: changed library/tg101-2010.toml'
        """
        if self.valid:
            return "as signed"
        parts = (("changed", self.changed), ("missing", self.missing), ("added", self.added))
        said = "; ".join(f"{word} {_some(names)}" for word, names in parts if names)
        return f"not what was signed: {said}"


def _some(names: tuple[str, ...]) -> str:
    """Write names, not more than a screen of them."""
    listed = ", ".join(names[:_SHOWN])
    rest = len(names) - _SHOWN
    return f"{listed} and {rest} more" if rest > 0 else listed


def sign(*, reviewer: str, date: str, statement: str = "", files: Iterable[Path] = ()) -> Signature:
    """Return a record for the library as it is installed.

    Parameters
    ----------
    reviewer, date, statement
        As the reviewer gives them.
    files
        Further rule files that were reviewed, such as the site file; recorded by name.

    Raises
    ------
    LibraryError
        If reviewer or date is empty, or a further file cannot be read.

    Examples
    --------
    >>> sign(reviewer="B. Physicist", date="2026-01-03").library_sha256 == library_digest()
    True
    """
    data = {
        "reviewer": reviewer,
        "date": date,
        "statement": statement,
        "library_version": library_version(),
        "library_sha256": library_digest(),
        "files": {**file_digests(), **_further(files)},
    }
    return build(Signature, data, file="signature", at="")


def verify(signature: Signature, *, files: Iterable[Path] = ()) -> Verification:
    """Compare a record with the library as it is installed.

    Parameters
    ----------
    files
        The further files, where some were signed; found by name.

    Raises
    ------
    LibraryError
        If a further file cannot be read.

    Examples
    --------
    >>> verify(sign(reviewer="B. Physicist", date="2026-01-03")).summary
    'as signed'
    """
    present = {**file_digests(), **_further(files)}
    signed = signature.files
    changed = tuple(n for n, digest in signed.items() if n in present and present[n] != digest)
    missing = tuple(name for name in signed if name not in present)
    added = tuple(name for name in present if name not in signed)
    # The digest over all is compared as well: a record cut short by hand must not pass.
    whole = signature.library_sha256 == library_digest()
    return Verification(
        valid=whole and not (changed or missing or added),
        changed=changed if changed or missing or added or whole else ("library digest",),
        missing=missing,
        added=added,
    )


def dump_signature(signature: Signature) -> str:
    """Return the record as JSON text, the same for the same record.

    Examples
    --------
    >>> text = dump_signature(sign(reviewer="B. Physicist", date="2026-01-03"))
    >>> text.splitlines()[1].strip()
    '"reviewer": "B. Physicist",'
    """
    return json.dumps(signature.model_dump(), indent=2, ensure_ascii=False) + "\n"


def load_signature(path: str | Path) -> Signature:
    """Return the record of a JSON or TOML file.

    Raises
    ------
    LibraryError
        If the file cannot be read or is no record.
    """
    path = Path(path)
    text = read_text(path)
    if path.suffix == ".toml":
        data: object = parse_toml(text, file=path.name)
    else:
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise LibraryError(f"{path.name}: not readable as JSON: {error}") from error
    if not isinstance(data, Mapping):
        raise LibraryError(f"{path.name}: must be one record of keys and values")
    return build(Signature, data, file=path.name, at="")


def _further(files: Iterable[Path]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in files:
        name = f"file/{path.name}"
        if name in found:
            raise LibraryError(f"{path.name}: two files of this name; give them other names")
        # Line endings as in the digest of the library.
        text = read_text(path).replace("\r\n", "\n")
        found[name] = hashlib.sha256(text.encode()).hexdigest()
    return found
