"""Results on their way to another system, which may be away for a while."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from planchecker.errors import PlanCheckerError
from planchecker.hooks.judging import Outcome
from planchecker.hooks.metrics import Metrics
from planchecker.hooks.results_as_dicom import DICOM_RESULT

__all__ = ["Outbox"]

_FIRST_WAIT_S: Final = 30.0
_LONGEST_WAIT_S: Final = 900.0


class Outbox:
    """Send the last result of each plan, and try again where that fails.

    Parameters
    ----------
    send
        Sends one file; returns what the log says about it.
    memory
        File that keeps what is still to be sent, over a restart too.
    """

    def __init__(
        self, send: Callable[[Path], dict[str, str]], memory: Path, metrics: Metrics
    ) -> None:
        self._send = send
        self._memory = memory
        self._metrics = metrics
        self._wait_s = _FIRST_WAIT_S
        self._not_before = 0.0
        try:
            content = json.loads(memory.read_text("utf-8"))
            self._left = {str(subject): Path(path) for subject, path in content.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            self._left = {}

    @property
    def waiting(self) -> int:
        """How many results are still to be sent."""
        return len(self._left)

    def put(self, outcome: Outcome, folder: Path) -> None:
        """Send the result of a check; an earlier one of the same plan is not sent any more."""
        path = folder / DICOM_RESULT
        if not path.exists():
            self._metrics.event(
                "result-not-sent", subject=outcome.subject, reason="no plan to file it with"
            )
            return
        self._left[outcome.subject] = path.resolve()
        self._remember()
        self._try(outcome.subject)

    def again(self) -> None:
        """Try once more what could not be sent, if it is time."""
        if self._left and time.monotonic() >= self._not_before:
            for subject in tuple(self._left):
                if not self._try(subject):
                    return

    def _try(self, subject: str) -> bool:
        try:
            told = self._send(self._left[subject])
        except (PlanCheckerError, OSError) as error:
            self._metrics.event("result-not-sent", subject=subject, reason=str(error))
            # One that is never taken must not stand before the others.
            self._left[subject] = self._left.pop(subject)
            self._not_before = time.monotonic() + self._wait_s
            self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)
            if isinstance(error, FileNotFoundError):
                del self._left[subject]  # somebody has tidied the reports
                self._remember()
            return False
        self._metrics.event("result-sent", subject=subject, **told)
        self._wait_s = _FIRST_WAIT_S
        del self._left[subject]
        self._remember()
        return True

    def _remember(self) -> None:
        temporary = self._memory.with_suffix(".part")
        try:
            content = {subject: str(path) for subject, path in self._left.items()}
            temporary.write_text(json.dumps(content), "utf-8")
            temporary.replace(self._memory)
        except OSError as error:
            # It is sent all the same as long as this process runs.
            self._metrics.event("state-not-written", reason=str(error.strerror))
