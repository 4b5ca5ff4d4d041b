"""The folder of reports: one folder a plan, one folder a check, the last one shown."""

import contextlib
import html
import json
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from planchecker.audit import Entry, Journal, Record
from planchecker.audit.stored_reports import LATEST
from planchecker.errors import PlanCheckerError
from planchecker.hooks.judging import PAGE, Outcome

__all__ = ["LATEST", "Shelf"]

_SUPERSEDED: Final = "SUPERSEDED"
_WORK: Final = ".work"
_LOCK: Final = ".lock.sqlite"
_LOCK_WAIT_S: Final = 60.0
# Far more than any judgement takes: a younger one may belong to another process.
_LEFT_BEHIND_S: Final = 86_400.0
_NOTE: Final = (
    "<!doctype html><html lang='en'><meta charset='utf-8'><title>planchecker</title>"
    "<body style='font-family:sans-serif'><h1>{title}</h1><p>{text}</p></body></html>\n"
)


class Shelf:
    """Reports by plan.

    ``<subject>/<time>-<digest>/`` holds one check and is never changed; ``report.html`` and
    ``latest.json`` in ``<subject>/`` show the last one. A verdict is shown only after the
    journal holds it. Several processes may use the same folder at the same time.

    Parameters
    ----------
    root
        Made if it does not exist.
    journal
        Where every check is entered.
    now
        The clock, in UTC.
    """

    def __init__(
        self,
        root: Path,
        journal: Journal,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.root = root
        self.journal = journal
        self._now = now
        with _writable(root):
            (root / _WORK).mkdir(parents=True, exist_ok=True, mode=0o700)
            for left in (root / _WORK).iterdir():
                if time.time() - left.stat().st_mtime > _LEFT_BEHIND_S:
                    shutil.rmtree(left, ignore_errors=True)

    @contextlib.contextmanager
    def workspace(self) -> Iterator[Path]:
        """Give an empty folder on the same disk; it is removed afterwards."""
        with _writable(self.root):
            folder = Path(tempfile.mkdtemp(dir=self.root / _WORK))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def place(self, outcome: Outcome, *, hook: str, who: str) -> tuple[Record, Path]:
        """Enter a check in the journal and show its report in place of the one before.

        Returns
        -------
        record : Record
        folder : Path
            Where the report is kept.

        Raises
        ------
        PlanCheckerError
            If report or journal cannot be written; then nothing new is shown.
        """
        with _writable(self.root):
            home = self.root / outcome.subject
            home.mkdir(exist_ok=True)
            stamp = self._now().strftime("%Y%m%dT%H%M%S%f")
            kept = home / f"{stamp}-{outcome.report_sha256[:12]}"
            Path(outcome.folder).replace(kept)
        entry = Entry(
            hook=hook,
            who=who,
            subject=outcome.subject,
            status=outcome.status,
            exit_code=outcome.exit_code,
            inputs=outcome.inputs,
            missing=outcome.missing,
            protocol=outcome.protocol,
            library_sha256=outcome.library_sha256,
            program_version=outcome.program_version,
            report=f"{home.name}/{kept.name}",
            report_sha256=outcome.report_sha256,
        )
        # What is shown last must be what the journal holds last, whoever else writes.
        with self._alone(), _writable(self.root):
            record = self.journal.append(entry)
            self._mark_superseded(home, kept, record)
            _replace(home / PAGE, (kept / PAGE).read_text("utf-8"))
            state = {
                "state": "judged",
                "status": outcome.status,
                "exit_code": outcome.exit_code,
                "folder": kept.name,
                "journal_seq": record.seq,
                "journal_hash": record.hash,
                "supersedes": record.supersedes,
                "missing": list(outcome.missing),
                "inputs": dict(outcome.inputs),
            }
            _replace(home / LATEST, json.dumps(state, indent=2) + "\n")
        return record, kept

    def pending(self, subject: str) -> None:
        """Take the verdict of a plan off display, because its objects have changed.

        A plan that was never judged has nothing on display, and gets nothing.
        """
        if not (self.root / subject / LATEST).is_file():
            return
        if self.latest(subject).get("state") != "pending":
            with self._alone():
                self._notice(
                    subject,
                    state="pending",
                    title="No longer valid",
                    text="New objects have arrived, so the verdict before this does not count. "
                    "The plan is being checked again; where this notice stays, send the whole "
                    "plan anew.",
                )

    def failed(self, subject: str, reason: str, *, kind: str, hook: str, who: str) -> Record:
        """Show that a plan could not be judged, and enter it in the journal.

        Parameters
        ----------
        reason
            What is shown; it may hold names of files and content of objects.
        kind
            What the journal holds instead: nothing that could lead to a patient.
        """
        entry = Entry(hook=hook, who=who, subject=subject, status="error", exit_code=2, note=kind)
        with self._alone():
            record = self.journal.append(entry)
            self._notice(subject, state="error", title="Not judged", text=reason)
        return record

    def latest(self, subject: str) -> dict[str, Any]:
        """Return what is on display for a plan; empty where nothing is."""
        try:
            content = json.loads((self.root / subject / LATEST).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _notice(self, subject: str, *, state: str, title: str, text: str) -> None:
        home = self.root / subject
        content = {"state": state, "status": "not-evaluated", "exit_code": 2, "reason": text}
        with _writable(self.root):
            home.mkdir(exist_ok=True)
            _replace(home / PAGE, _NOTE.format(title=html.escape(title), text=html.escape(text)))
            _replace(home / LATEST, json.dumps(content, indent=2) + "\n")

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from changing what is on display."""
        # SQLite knows how to lock a file on every system; nothing is ever stored in this one.
        try:
            lock = sqlite3.connect(self.root / _LOCK, timeout=_LOCK_WAIT_S, isolation_level=None)
        except sqlite3.Error as error:
            raise PlanCheckerError(_unwritable(self.root, error)) from error
        with contextlib.closing(lock):
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.Error as error:
                raise PlanCheckerError(_unwritable(self.root, error)) from error
            yield

    def _mark_superseded(self, home: Path, kept: Path, record: Record) -> None:
        for older in home.iterdir():
            if older.is_dir() and older != kept and not (older / _SUPERSEDED).exists():
                _replace(
                    older / _SUPERSEDED,
                    f"Superseded by {kept.name}, row {record.seq} of the journal.\n",
                )


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_text(text, "utf-8", newline="\n")
    temporary.replace(path)


@contextlib.contextmanager
def _writable(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PlanCheckerError(_unwritable(root, error)) from error


def _unwritable(root: Path, error: Exception) -> str:
    why = getattr(error, "strerror", None) or error
    return f"cannot write to the folder of reports {str(root)!r}: {why}"
