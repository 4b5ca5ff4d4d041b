"""Objects on the disk between their arrival and their verdict.

Layout: ``incoming/`` holds what is being written, ``objects/<owner>/`` what was accepted. No
name on the disk is taken from an object: all are digests. An object counts as accepted when
its file has its final name and both file and folder are on the disk.
"""

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from planchecker.errors import PlanCheckerError, ReadError
from planchecker.hooks.limits import DEFAULT_LIMITS, HookLimits
from planchecker.reading.header import Header, linked, read_header, safe_name
from planchecker.reading.sop_classes import Kind

__all__ = ["Spool", "SpoolFullError", "Stored"]

_SUFFIX: Final = ".dcm"
_IMAGE: Final = "-image"
_OTHER: Final = "-object"
_JUDGED: Final = "judged.json"


class SpoolFullError(Exception):
    """There is no room for another object; nothing of it was kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """Where an object went, and whether it was there already."""

    owner: str
    path: Path
    duplicate: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    header: Header
    name: str
    arrived_ns: int


class Spool:
    """A folder of accepted objects, by owner; one process at a time.

    Parameters
    ----------
    root
        Made if it does not exist. What an earlier process accepted is found again; what it
        was still receiving is removed, because nobody was told that it had arrived.
    limits
        How much may lie here, and how much of the disk must stay free.

    Raises
    ------
    PlanCheckerError
        If the folder cannot be used or another process uses it.
    """

    def __init__(self, root: Path, *, limits: HookLimits = DEFAULT_LIMITS) -> None:
        self.root = root
        self._limits = limits
        self._incoming = root / "incoming"
        self._objects = root / "objects"
        self._mutex = threading.RLock()
        try:
            for folder in (self._incoming, self._objects):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = _only_user(root / "lock.sqlite")
            for left in self._incoming.iterdir():
                left.unlink()
            self._bytes = sum(path.stat().st_size for path in self._objects.glob(f"*/*{_SUFFIX}"))
        except OSError as error:
            raise PlanCheckerError(
                f"cannot use the spool {str(root)!r}: {error.strerror or error}"
            ) from error
        self._version = 0
        self._judged: dict[str, dict[str, int]] = {}
        self._sets: dict[str, dict[Path, _Known]] = {}
        # What may name another object; slices, which are many, never do.
        self._naming: dict[Path, _Known] = {}
        for path in sorted(self._objects.glob(f"*/*{_SUFFIX}")):
            self._remember(path)

    @property
    def used_bytes(self) -> int:
        """Size of all accepted objects."""
        return self._bytes

    @property
    def version(self) -> int:
        """A number that changes whenever an object arrives or is removed."""
        return self._version

    def store(self, data: bytes, header: Header) -> Stored:
        """Write one object so that it survives whatever happens next.

        Parameters
        ----------
        data
            The whole file.
        header
            What `planchecker.reading.header.read_header` read from it.

        Raises
        ------
        SpoolFullError
            If there is no room, by our limits or on the disk.
        """
        known = safe_name("uid", header.sop_instance_uid)[:16]
        digest = hashlib.sha256(data).hexdigest()[:32]
        mark = _IMAGE if header.is_image else _OTHER
        path = self._objects / header.owner / f"{known}-{digest}{mark}{_SUFFIX}"
        # One at a time: the same object over two associations must not be taken for two.
        with self._mutex:
            same = self._same(path, known, data)
            if same is not None:
                os.utime(same)
                self._note(same, header)
                return Stored(owner=header.owner, path=same, duplicate=True)
            if self._bytes + len(data) > self._limits.spool_bytes:
                raise SpoolFullError(f"the spool holds {self._bytes} bytes")
            self._write(path, data)
            self._bytes += len(data)
            self._note(path, header)
        return Stored(owner=header.owner, path=path, duplicate=False)

    def owners(self) -> tuple[str, ...]:
        """Return every owner with objects here."""
        with self._mutex:
            return tuple(self._sets)

    def state_of(self, owner: str) -> dict[str, int]:
        """Return name and time of last arrival, in ns, of every object of a set.

        The set of an owner holds its objects, and those of others that are `linked`.
        """
        with self._mutex:
            rows = sorted(self._set_of(owner).values(), key=lambda known: known.name)
            return {known.name: known.arrived_ns for known in rows}

    def plans_of(self, owner: str) -> tuple[str, ...]:
        """Return the SOP Instance UIDs of the plans in the set of an owner.

        A plan that a dose names counts too, though it may be here no more: what was said of it
        before the dose came is in doubt.
        """
        with self._mutex:
            headers = [known.header for known in self._set_of(owner).values()]
        here = [h.sop_instance_uid for h in headers if h.kind is Kind.PLAN]
        return tuple(dict.fromkeys([*here, *(uid for h in headers for uid in sorted(h.plans))]))

    def headers(self) -> dict[Path, Header]:
        """Return what was read on arrival, of every object here."""
        with self._mutex:
            return {p: known.header for rows in self._sets.values() for p, known in rows.items()}

    def path_of(self, name: str) -> Path:
        """Return the file of a name in `state_of`."""
        return self._objects / name

    def judged_state(self, owner: str) -> dict[str, int]:
        """Return the state that was last judged; empty where none was."""
        if owner not in self._judged:
            try:
                state = json.loads((self._objects / owner / _JUDGED).read_text("ascii"))
            except (OSError, ValueError):
                state = {}
            self._judged[owner] = state if isinstance(state, dict) else {}
        return self._judged[owner]

    def mark_judged(self, owner: str, state: Mapping[str, int]) -> None:
        """Write down that the set was judged in this state."""
        temporary = self._incoming / f"{owner}.judged"
        temporary.write_text(json.dumps(state), "ascii")
        temporary.replace(self._objects / owner / _JUDGED)
        self._judged[owner] = dict(state)

    def purge(self, *, before_ns: int) -> tuple[str, ...]:
        """Remove the objects of owners that are judged and got nothing new since `before_ns`.

        Returns
        -------
        tuple of str
            The owners that were removed.
        """
        gone = []
        with self._mutex:
            for owner in tuple(self._sets):
                state, judged = self.state_of(owner), self.judged_state(owner)
                newest = max(known.arrived_ns for known in self._sets[owner].values())
                if newest < before_ns and state.items() <= judged.items():
                    self._forget(owner)
                    gone.append(owner)
        return tuple(gone)

    def close(self) -> None:
        """Let another process use the folder."""
        self._lock.close()

    def _set_of(self, owner: str) -> dict[Path, _Known]:
        mine = self._sets.get(owner, {})
        belongs = linked(known.header for known in mine.values())
        return mine | {
            path: known
            for path, known in self._naming.items()
            if path not in mine and belongs(known.header)
        }

    def _note(self, path: Path, header: Header) -> None:
        name = f"{path.parent.name}/{path.name}"
        known = _Known(header=header, name=name, arrived_ns=path.stat().st_mtime_ns)
        self._sets.setdefault(path.parent.name, {})[path] = known
        if not header.is_image:
            self._naming[path] = known
        self._version += 1

    def _forget(self, owner: str) -> None:
        self._judged.pop(owner, None)
        self._version += 1
        for path in self._sets.pop(owner):
            self._naming.pop(path, None)
            with contextlib.suppress(FileNotFoundError):
                self._bytes -= path.stat().st_size
                path.unlink()
        (self._objects / owner / _JUDGED).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            (self._objects / owner).rmdir()

    def _same(self, path: Path, known: str, data: bytes) -> Path | None:
        """Return the object that is here already with this content, if there is one."""
        theirs = self._sets.get(path.parent.name, {})
        if path in theirs:
            return path
        # A resent object may come in another encoding; its content decides.
        namesakes = (other for other in theirs if other.name.startswith(f"{known}-"))
        return next((other for other in namesakes if _equal(data, other)), None)

    def _write(self, path: Path, data: bytes) -> None:
        temporary = None
        try:
            if shutil.disk_usage(self.root).free - len(data) < self._limits.free_bytes:
                raise SpoolFullError("the disk of the spool is nearly full")
            handle, name = tempfile.mkstemp(suffix=".part", dir=self._incoming)
            temporary = Path(name)
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            path.parent.mkdir(mode=0o700, exist_ok=True)
            temporary.replace(path)
            _flush_folder(path.parent)
            _flush_folder(path.parent.parent)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise SpoolFullError(f"cannot write: {error.strerror or error}") from error
        finally:
            if temporary is not None:
                temporary.unlink(missing_ok=True)

    def _remember(self, path: Path) -> None:
        """Take up an object of an earlier process; what cannot be read stays in its set."""
        header = Header(
            sop_class_uid="",
            sop_instance_uid="",
            kind=Kind.IMAGE if path.stem.endswith(_IMAGE) else None,
            owner=path.parent.name,
        )
        # Slices are many and name nothing: a restart would read gigabytes for their sake.
        if not header.is_image:
            with contextlib.suppress(OSError, ReadError):
                header = read_header(path.read_bytes())
        self._note(path, header)


def _equal(data: bytes, other: Path) -> bool:
    from io import BytesIO  # noqa: PLC0415 - duplicates are rare

    from pydicom import dcmread  # noqa: PLC0415

    from planchecker.reading.dataset import raised_by_pydicom  # noqa: PLC0415

    try:
        return bool(dcmread(BytesIO(data), force=True) == dcmread(other, force=True))
    except raised_by_pydicom():
        return False


def _flush_folder(folder: Path) -> None:
    # Windows cannot open a folder; NTFS writes the name to its own journal.
    with contextlib.suppress(PermissionError, IsADirectoryError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _only_user(path: Path) -> sqlite3.Connection:
    """Hold a lock that ends with the process, however it ends."""
    # SQLite knows how to lock a file on every system; nothing is ever stored in this one.
    connection = sqlite3.connect(path, timeout=0.2, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error:
        connection.close()
        raise PlanCheckerError(
            f"the spool {str(path.parent)!r} is in use by another process; stop that one first"
        ) from None
    return connection
