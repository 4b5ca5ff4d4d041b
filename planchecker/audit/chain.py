"""How one row of the journal is written down and bound to the one before."""

import hashlib
import json
from typing import Any, Final

__all__ = ["FIRST", "SCHEMA", "TRIGGERS", "canonical", "link"]

FIRST: Final = "0" * 64
"""What stands for the hash before the first row."""

TRIGGERS: Final = {
    "entries_keep": "CREATE TRIGGER entries_keep BEFORE DELETE ON entries "
    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
    "entries_hold": "CREATE TRIGGER entries_hold BEFORE UPDATE ON entries "
    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
}
"""Statements that refuse change by mistake; the chain shows change on purpose."""

SCHEMA: Final = (
    # AUTOINCREMENT remembers the highest number ever given, so rows cut off the end are missed.
    (
        "CREATE TABLE entries (seq INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, "
        "payload TEXT NOT NULL, hash TEXT NOT NULL)"
    ),
    "CREATE INDEX entries_subject ON entries (subject, seq)",
    *TRIGGERS.values(),
)


def canonical(content: dict[str, Any]) -> str:
    r"""Write a row in the one form that is hashed: sorted keys, no spaces, pure ASCII.

    Examples
    --------
    >>> canonical({"b": 1, "a": "µ"})
    '{"a":"\\u00b5","b":1}'
    """
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def link(previous: str, payload: str) -> str:
    """Return the SHA-256 that binds a row to the one before, in hexadecimal.

    Examples
    --------
    >>> link(FIRST, "{}")[:12]
    '5649d09ed68c'
    """
    return hashlib.sha256(f"{previous}\n{payload}".encode()).hexdigest()
