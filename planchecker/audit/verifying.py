"""Finding what was changed, cut out, put in or cut off."""

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planchecker.audit.chain import FIRST, SCHEMA, TRIGGERS, canonical, link
from planchecker.audit.journal import opened
from planchecker.audit.stored_reports import changed_reports, displayed
from planchecker.errors import PlanCheckerError

__all__ = ["Anchor", "Verification", "anchors_in", "verify"]

_IN_LOG = re.compile(r'"journal_seq": (\d+), "journal_hash": "([0-9a-f]{64})"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Anchor:
    """Number and hash of a row that were written down elsewhere.

    Who can write to the file can also compute the whole chain anew; only a hash kept where
    that person cannot write shows it.
    """

    seq: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> "Anchor":
        """Read ``SEQ:HASH``.

        Raises
        ------
        PlanCheckerError
            If the text has another form.

        Examples
        --------
        >>> Anchor.parse("3:" + "ab" * 32).seq
        3
        """
        parts = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text, re.ASCII)
        if parts is None:
            raise PlanCheckerError(f"{text!r} is no anchor; it has the form SEQ:HASH")
        return cls(seq=int(parts[1]), hash=parts[2])


def anchors_in(path: Path) -> list[Anchor]:
    """Read the rows that a file holds: lines ``SEQ:HASH``, or the log of a service.

    Raises
    ------
    PlanCheckerError
        If it cannot be read or names no row at all.
    """
    found: list[Anchor] = []
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if logged := _IN_LOG.search(line):
                    found.append(Anchor(seq=int(logged[1]), hash=logged[2]))
                elif re.fullmatch(r"\s*\d{1,18}:[0-9a-f]{64}\s*", line):
                    found.append(Anchor.parse(line.strip()))
    except OSError as error:
        raise PlanCheckerError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    if not found:
        raise PlanCheckerError(
            f"{str(path)!r} names no row of a journal; give lines SEQ:HASH or the log of a service"
        )
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """What was found: nothing in `problems` means that the chain holds."""

    rows: int
    head: str
    problems: tuple[str, ...]


def verify(
    path: Path | str, *, anchors: Sequence[Anchor] = (), reports: Path | None = None
) -> Verification:
    """Check every row of a journal against the chain.

    Parameters
    ----------
    anchors
        Rows that were written down elsewhere.
    reports
        Folder of reports; where given, every stored report is hashed as well, and the rows
        that those on display rest on must be there.

    Raises
    ------
    PlanCheckerError
        If the file does not exist or is no journal.
    """
    problems: list[str] = []
    with opened(Path(path), read_only=True) as connection:
        try:
            if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                problems.append("the file is damaged (SQLite quick_check)")
            problems += _structure(connection)
            rows = connection.execute(
                "SELECT seq, subject, payload, hash FROM entries ORDER BY seq"
            ).fetchall()
            given = connection.execute(
                "SELECT seq FROM sqlite_sequence WHERE name = 'entries'"
            ).fetchone()
        except sqlite3.Error as error:
            raise PlanCheckerError(f"{str(path)!r} is no journal: {error}") from error
    contents: list[dict[str, Any]] = []
    problems += _chain(rows, contents)
    highest = given[0] if given else 0
    if highest != (rows[-1][0] if rows else 0):
        problems.append(f"{highest} rows were written, the last one here is {len(rows)}")
    by_seq = {row[0]: row[3] for row in rows}
    for anchor in anchors:
        if by_seq.get(anchor.seq) != anchor.hash:
            problems.append(f"row {anchor.seq} is not the one that was written down")
    if reports is not None:
        problems += changed_reports(contents, reports)
        problems += [
            f"row {seq}, on which the report on display for {subject!r} rests, is not here"
            for subject, seq, digest in displayed(reports)
            if by_seq.get(seq) != digest
        ]
    return Verification(
        rows=len(rows), head=rows[-1][3] if rows else FIRST, problems=tuple(problems)
    )


def _structure(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield what differs from the tables and triggers a journal is made with."""
    found = {
        name: sql
        for name, sql in connection.execute("SELECT name, sql FROM sqlite_master")
        if sql and not name.startswith("sqlite_")
    }
    for name, sql in TRIGGERS.items():
        if found.get(name) != sql:
            yield f"the trigger {name!r} that refuses changes is gone or altered"
    if set(found.values()) - set(SCHEMA):
        yield "tables or triggers were added or altered"


def _chain(rows: Sequence[tuple[Any, ...]], contents: list[dict[str, Any]]) -> Iterator[str]:
    previous, expected = FIRST, 1
    latest: dict[str, int] = {}
    for seq, subject, payload, own in rows:
        if seq != expected:
            yield f"row {expected} is missing" if seq > expected else f"row {seq} is out of order"
        content = _content(payload)
        if content is None or link(previous, payload) != own:
            yield f"row {seq} was changed, or the row before it was"
        elif content.get("seq") != seq or content.get("previous") != previous:
            yield f"row {seq} was moved"
        elif content.get("subject") != subject or content.get("supersedes") != latest.get(subject):
            yield f"row {seq} does not name its subject or the entry it supersedes"
        if content is not None:
            contents.append(content)
        latest[subject] = seq
        previous, expected = own, seq + 1


def _content(payload: Any) -> dict[str, Any] | None:
    try:
        content = json.loads(payload)
        same = canonical(content) == payload
    except (ValueError, TypeError):
        return None
    return content if isinstance(content, dict) and same else None
