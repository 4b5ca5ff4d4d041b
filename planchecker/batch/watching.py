"""Keeping one process within its memory, and from outliving the one that started it."""

import os
import threading
from collections.abc import Callable
from typing import Final

__all__ = ["MEMORY_EXIT", "ORPHAN_EXIT", "Watch", "watch"]

MEMORY_EXIT: Final = 86
"""Exit code of a process that was ended because it took too much memory."""
ORPHAN_EXIT: Final = 87
"""Exit code of a process whose parent is gone."""
_EVERY_S: Final = 0.1
_MB: Final = 1_000_000
# Address space is reserved far ahead of its use; only what is far beyond is refused at once.
_SPARE_MB: Final = 2_000


class Watch:
    """Highest memory since the last `reset`, in MB."""

    def __init__(self, resident_mb: Callable[[], float]) -> None:
        self._resident_mb = resident_mb
        self._peak_mb = 0.0

    def look(self) -> float:
        """Take a look now and return what it shows."""
        now = self._resident_mb()
        self._peak_mb = max(self._peak_mb, now)
        return now

    def reset(self) -> None:
        """Begin anew."""
        self._peak_mb = 0.0
        self.look()

    @property
    def peak_mb(self) -> float:
        """The highest so far."""
        self.look()
        return self._peak_mb


def watch(*, memory_mb: int, parent: int | None) -> Watch:
    """Start to watch this process.

    It ends itself with `MEMORY_EXIT` as soon as it holds more than `memory_mb`, and with
    `ORPHAN_EXIT` when `parent` is gone. Where the system allows it, a single request for far
    more memory than that fails at once, as a `MemoryError`.

    Parameters
    ----------
    parent
        Process id; None where nobody need be watched.
    """
    import psutil  # noqa: PLC0415 - workers only

    _refuse_beyond(memory_mb)
    process = psutil.Process()
    found = Watch(lambda: process.memory_info().rss / _MB)
    above = psutil.Process(parent) if parent is not None else None

    def run() -> None:
        pause = threading.Event()
        while not pause.wait(_EVERY_S):
            if found.look() > memory_mb:
                os._exit(MEMORY_EXIT)
            # A zombie parent still has its number.
            if above is not None and not _alive(above):
                os._exit(ORPHAN_EXIT)

    threading.Thread(target=run, name="watch", daemon=True).start()
    return found


def _alive(process: "object") -> bool:
    import psutil  # noqa: PLC0415

    assert isinstance(process, psutil.Process)  # noqa: S101 - psutil has no types
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _refuse_beyond(memory_mb: int) -> None:
    try:
        import resource  # noqa: PLC0415 - POSIX only
    except ImportError:
        return
    import psutil  # noqa: PLC0415

    reserved = int(psutil.Process().memory_info().vms)
    wanted = reserved + (memory_mb + _SPARE_MB) * _MB
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or wanted < hard:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
