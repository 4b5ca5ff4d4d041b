"""Writing and reading the journal, one SQLite file."""

import contextlib
import getpass
import json
import os
import platform
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from planchecker.audit.chain import FIRST, SCHEMA, canonical, link
from planchecker.errors import PlanCheckerError

__all__ = ["Entry", "Journal", "Record", "local_account", "opened", "rows"]

_WAIT_S = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One check, as a hook reports it. Names, numbers and birth dates of patients have no field.

    Parameters
    ----------
    hook
        What ran the check: ``listen``, ``fetch``, ``watch``, ``raystation``.
    who
        The account the program ran under and, where there is one, the calling application
        entity with its address.
    subject
        SOP Instance UID of the plan; a name of the set where there is no plan.
    status, exit_code
        The verdict; ``error`` and 2 where the check itself failed.
    inputs
        SOP Instance UID and SHA-256 of every file the verdict rests on.
    missing
        What the set lacked when it was judged; empty where it was complete.
    report, report_sha256
        Place of the report under the folder of reports, and the SHA-256 of its JSON form.
    """

    hook: str
    who: str
    subject: str
    status: str
    exit_code: int
    inputs: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    protocol: str = ""
    library_sha256: str = ""
    program_version: str = ""
    report: str = ""
    report_sha256: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """An entry as it stands in the journal."""

    seq: int
    hash: str
    time: str
    supersedes: int | None
    """Number of the entry before on the same subject, whose verdict no longer counts."""
    content: dict[str, Any]
    """The whole row as it was hashed."""


class Journal:
    """The journal in one file.

    Several processes may write to it at the same time; each append is one transaction that is
    on the disk before it returns.

    Parameters
    ----------
    path
        The file; made, readable by its owner alone, if it does not exist.
    now
        The clock, in UTC.
    """

    def __init__(
        self, path: Path | str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.path = Path(path)
        self._now = now
        self._create()

    def append(self, entry: Entry) -> Record:
        """Add a row and return it with its number and hash.

        Raises
        ------
        PlanCheckerError
            If the file cannot be written or is no journal.
        """
        with opened(self.path) as connection, _named(self.path):
            connection.execute("BEGIN IMMEDIATE")
            last = connection.execute(
                "SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1"
            ).fetchone()
            before = connection.execute(
                "SELECT max(seq) FROM entries WHERE subject = ?", (entry.subject,)
            ).fetchone()[0]
            given = connection.execute(
                "SELECT seq FROM sqlite_sequence WHERE name = 'entries'"
            ).fetchone()
            seq = (given[0] if given else 0) + 1
            previous = last[1] if last else FIRST
            content = {
                **asdict(entry),
                "seq": seq,
                "time": self._now().isoformat(timespec="milliseconds"),
                "supersedes": before,
                "previous": previous,
            }
            payload = canonical(content)
            own = link(previous, payload)
            connection.execute(
                "INSERT INTO entries (seq, subject, payload, hash) VALUES (?, ?, ?, ?)",
                (seq, entry.subject, payload, own),
            )
            connection.execute("COMMIT")
        return Record(
            seq=seq, hash=own, time=str(content["time"]), supersedes=before, content=content
        )

    def _create(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Made empty first, so that nobody else can ever read it.
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise PlanCheckerError(
                f"cannot make the journal {str(self.path)!r}: {error.strerror or error}"
            ) from error
        with opened(self.path) as connection, _named(self.path):
            connection.execute("BEGIN IMMEDIATE")
            # Another process may have been quicker.
            if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in SCHEMA:
                    connection.execute(statement)
            connection.execute("COMMIT")


def rows(path: Path, *, subject: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a journal as they were hashed, oldest first.

    Raises
    ------
    PlanCheckerError
        If the file does not exist or is no journal.
    """
    with opened(path, read_only=True) as connection, _named(path):
        for own, payload, digest in connection.execute(
            "SELECT subject, payload, hash FROM entries ORDER BY seq"
        ):
            if subject in (None, own):
                yield {**json.loads(payload), "hash": digest}


def local_account() -> str:
    """Return the account and the machine the program runs under, such as ``anna@ws12``."""
    try:
        account = getpass.getuser()
    except (OSError, KeyError, ImportError):
        account = "unknown"
    return f"{account}@{platform.node() or 'unknown'}"


@contextlib.contextmanager
def opened(path: Path, *, read_only: bool = False) -> Iterator[sqlite3.Connection]:
    """Open the file for one piece of work and close it whatever happens.

    Raises
    ------
    PlanCheckerError
        If the file does not exist or is no database.
    """
    if not path.is_file():
        raise PlanCheckerError(f"there is no journal {str(path)!r}; give the file a hook writes")
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"
    with _named(path):
        connection = sqlite3.connect(uri, uri=True, timeout=_WAIT_S, isolation_level=None)
    try:
        with _named(path):
            connection.execute("PRAGMA synchronous = FULL")
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise PlanCheckerError(f"the journal {str(path)!r} cannot be used: {error}") from error
