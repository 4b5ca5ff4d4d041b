"""What a service says about itself: one JSON object a line."""

import json
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO

__all__ = ["Metrics"]


class Metrics:
    r"""Events and counters on a stream.

    A line holds AE titles, addresses, UIDs and statuses; never a name, a number or a birth
    date of a patient.

    Parameters
    ----------
    stream
        Stdout where none is given; a stream that breaks is given up, the service goes on.
    now
        The clock, in UTC.

    Examples
    --------
    >>> import io
    >>> lines = io.StringIO()
    >>> Metrics(lines, now=lambda: datetime(2026, 1, 2, tzinfo=UTC)).event("started", port=104)
    >>> lines.getvalue()
    '{"time": "2026-01-02T00:00:00.000+00:00", "event": "started", "port": 104}\n'
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._stream: TextIO | None = sys.stdout if stream is None else stream
        self._now = now
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    @classmethod
    def silent(cls) -> "Metrics":
        """Return counters that write nothing."""
        metrics = cls()
        metrics._stream = None
        return metrics

    def event(self, name: str, **fields: Any) -> None:
        """Count an event and write it down."""
        line = json.dumps(
            {"time": self._now().isoformat(timespec="milliseconds"), "event": name, **fields}
        )
        with self._lock:
            self._counts[name] += 1
            if self._stream is None:
                return
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                self._stream = None

    def health(self, **fields: Any) -> None:
        """Write all counters and the state of the service."""
        self.event("health", **fields, counts=self.counts())

    def counts(self) -> dict[str, int]:
        """Return how often each event has happened."""
        with self._lock:
            return dict(self._counts)
