"""A folder that exports are written to, polled: no events, so that network shares work too."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from planchecker.errors import PlanCheckerError, ReadError
from planchecker.reading.header import Header, linked, read_header, safe_name
from planchecker.reading.sop_classes import Kind

__all__ = ["FolderSource"]

_MOST_FILES: Final = 100_000
_MOST_BYTES: Final = 1_000_000_000


class FolderSource:
    """Sets of files under a folder: each subfolder with all below it is one.

    Files that lie in the folder itself are sorted by patient; one of another patient that
    names an object, or is named by one, comes along. The sets are known by digests, because
    names of folders often hold names of patients.

    Parameters
    ----------
    root
        The folder that is watched; nothing is ever written there.
    memory
        Where it is remembered what was judged.

    Raises
    ------
    PlanCheckerError
        If the folder cannot be read.
    """

    def __init__(self, root: Path, memory: Path) -> None:
        self.root = root
        self._memory = memory / safe_name("folder", str(root.absolute()))
        self._sets: dict[str, dict[str, int]] = {}
        self._version = 0
        self._headers: dict[tuple[str, int], Header | None] = {}
        try:
            self._memory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PlanCheckerError(
                f"cannot write to {str(memory)!r}: {error.strerror or error}"
            ) from error

    def refresh(self) -> None:
        """Look at every file once.

        Raises
        ------
        PlanCheckerError
            If the folder is gone or holds too many files.
        """
        sets: dict[str, dict[str, int]] = {}
        seen: set[tuple[str, int]] = set()
        for path, stamp in self._files():
            name = path.relative_to(self.root).as_posix()
            seen.add((name, stamp))
            if len(seen) > _MOST_FILES:
                raise PlanCheckerError(
                    f"more than {_MOST_FILES} files under {str(self.root)!r}; "
                    "move what was checked out of the folder"
                )
            sets.setdefault(self._owner(path, name, stamp), {})[name] = stamp
        self._headers = {key: header for key, header in self._headers.items() if key in seen}
        self._link(sets)
        if sets != self._sets:
            self._version += 1
        self._sets = sets

    @property
    def version(self) -> int:
        """A number that changes whenever a set does."""
        return self._version

    def owners(self) -> tuple[str, ...]:
        """Return the digests of all sets."""
        return tuple(sorted(self._sets))

    def state_of(self, owner: str) -> dict[str, int]:
        """Return the files of a set, each with a number that changes with size or time."""
        return dict(self._sets.get(owner, {}))

    def judged_state(self, owner: str) -> dict[str, int]:
        """Return the state that was last judged; empty where none was."""
        try:
            state = json.loads((self._memory / f"{owner}.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def mark_judged(self, owner: str, state: Mapping[str, int]) -> None:
        """Write down that the set was judged in this state."""
        temporary = self._memory / f"{owner}.part"
        temporary.write_text(json.dumps(state), "utf-8")
        temporary.replace(self._memory / f"{owner}.json")

    def path_of(self, name: str) -> Path:
        """Return the file of a name in `state_of`."""
        return self.root / name

    def plans_of(self, owner: str) -> tuple[str, ...]:
        """Return the SOP Instance UIDs of the plans of a set, and of those its doses name."""
        headers = (
            self._header(self.path_of(name), name, stamp)
            for name, stamp in self.state_of(owner).items()
        )
        known = [header for header in headers if header is not None]
        here = [h.sop_instance_uid for h in known if h.kind is Kind.PLAN]
        return tuple(dict.fromkeys([*here, *(uid for h in known for uid in sorted(h.plans))]))

    def _files(self) -> Iterator[tuple[Path, int]]:
        if not self.root.is_dir():
            raise PlanCheckerError(f"{str(self.root)!r} is no folder, or cannot be reached")
        for folder, _, names in os.walk(self.root):
            for name in sorted(names):
                path = Path(folder) / name
                # A file that goes while we look was not for us.
                with contextlib.suppress(OSError):
                    state = path.lstat()
                    if path.is_file() and not path.is_symlink():
                        yield path, _stamp(state)

    def _owner(self, path: Path, name: str, stamp: int) -> str:
        first, _, rest = name.partition("/")
        if rest:
            return safe_name("subfolder", first)
        header = self._header(path, name, stamp)
        return header.owner if header else safe_name("unreadable", name)

    def _link(self, sets: dict[str, dict[str, int]]) -> None:
        """Put loose files that belong with those of another patient into both sets."""
        loose = {
            owner: {
                name: header
                for name, stamp in files.items()
                if "/" not in name and (header := self._headers.get((name, stamp))) is not None
            }
            for owner, files in sets.items()
        }
        for owner, mine in loose.items():
            belongs = linked(mine.values())
            for other, theirs in loose.items():
                if other != owner:
                    more = [name for name, header in theirs.items() if belongs(header)]
                    sets[owner] |= {name: sets[other][name] for name in more}

    def _header(self, path: Path, name: str, stamp: int) -> Header | None:
        if (name, stamp) not in self._headers:
            header = None
            with contextlib.suppress(OSError, ReadError):
                if path.stat().st_size <= _MOST_BYTES:
                    header = read_header(path.read_bytes())
            self._headers[name, stamp] = header
        return self._headers[name, stamp]


def _stamp(state: os.stat_result) -> int:
    """Return a number of 48 bits, which every reader of JSON keeps exactly."""
    text = f"{state.st_size} {state.st_mtime_ns}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:6])
