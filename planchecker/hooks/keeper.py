"""Sets on their way to a verdict: who waits, who is ready, who is judged next."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from planchecker.errors import PlanCheckerError
from planchecker.hooks.isolated import JudgingError, judge_isolated
from planchecker.hooks.judging import Options, Outcome, Request, subject_of
from planchecker.hooks.metrics import Metrics
from planchecker.hooks.shelf import Shelf

__all__ = ["Keeper", "Source", "Waiting"]


class Source(Protocol):
    """Where sets come from: the spool, a folder that is watched."""

    @property
    def version(self) -> int:
        """A number that changes whenever a set does."""

    def owners(self) -> tuple[str, ...]:
        """Return the names of all sets."""

    def state_of(self, owner: str) -> dict[str, int]:
        """Return something that changes whenever an object of the set arrives, by object."""

    def judged_state(self, owner: str) -> dict[str, int]:
        """Return the state that was last judged; empty where none was."""

    def mark_judged(self, owner: str, state: Mapping[str, int]) -> None:
        """Write down that the set was judged in this state."""

    def path_of(self, name: str) -> Path:
        """Return the file of a name in `state_of`."""

    def plans_of(self, owner: str) -> tuple[str, ...]:
        """Return the SOP Instance UIDs of the plans whose verdict a change of the set touches."""


@dataclass(slots=True)
class Waiting:
    """A set with objects that no verdict covers yet; times are those of a steady clock."""

    state: dict[str, int]
    since: float
    asked: dict[str, int] = field(default_factory=dict)
    """The state in which the set was last found incomplete."""
    failures: int = 0
    not_before: float = 0.0
    withdrawn: bool = False
    """Whether the verdicts it touches have been taken off display; tried until they are."""
    complained: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long to wait, in seconds.

    Parameters
    ----------
    settle_s
        Nothing arrived for so long: a set that is complete is judged.
    quiet_s
        Nothing arrived for so long: a set is judged as it is.
    judging_s
        Longest that judging one set may take.
    """

    settle_s: float = 2.0
    quiet_s: float = 60.0
    judging_s: float = 900.0


class Keeper:
    """Judge the sets of a source, one after the other, and put the reports on the shelf.

    Parameters
    ----------
    hook, who
        What the journal says ran the check.
    delivered
        Called with each outcome and the folder of its report, such as to send it on.
    """

    def __init__(
        self,
        source: Source,
        shelf: Shelf,
        metrics: Metrics,
        *,
        hook: str,
        who: str,
        options: Options,
        patience: Patience,
        delivered: Callable[[Outcome, Path], None] = lambda _outcome, _folder: None,
    ) -> None:
        self._source = source
        self._shelf = shelf
        self._metrics = metrics
        self._hook = hook
        self._who = who
        self._options = options
        self._patience = patience
        self._delivered = delivered
        self._waiting: dict[str, Waiting] = {}
        self._seen: int | None = None

    @property
    def waiting(self) -> int:
        """How many sets have objects that no verdict covers yet."""
        return len(self._waiting)

    def look(self) -> None:
        """Find out which sets have changed, and take their verdicts off display."""
        version = self._source.version
        if version != self._seen:
            self._seen = version
            for owner in self._source.owners():
                self._look_at(owner)
        for owner, entry in self._waiting.items():
            if not entry.withdrawn:
                entry.withdrawn = self._withdraw(owner)

    def _look_at(self, owner: str) -> None:
        now, state = time.monotonic(), self._source.state_of(owner)
        entry = self._waiting.get(owner)
        if entry is None:
            # Objects that were taken away leave the verdict on the rest as it is.
            if state.items() <= self._source.judged_state(owner).items():
                return
            self._waiting[owner] = Waiting(state=state, since=now)
            self._metrics.event("set-changed", set=owner, objects=len(state))
        elif entry.state != state:
            entry.state, entry.since, entry.withdrawn = state, now, False
            entry.failures, entry.not_before = 0, 0.0

    def work(self, stop: threading.Event, *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Judge every set that is ready; return early where `stop` is set.

        Parameters
        ----------
        meanwhile
            Called again and again while a set is being judged.
        """
        for owner, entry in list(self._waiting.items()):
            if stop.is_set():
                return
            now = time.monotonic()
            quiet = now - entry.since
            if quiet < min(self._patience.settle_s, self._patience.quiet_s):
                continue
            if now < entry.not_before:
                continue
            patient = quiet < self._patience.quiet_s
            if patient and entry.asked == entry.state:
                continue
            self._judge(owner, entry, only_complete=patient, stop=stop, meanwhile=meanwhile)

    def _judge(
        self,
        owner: str,
        entry: Waiting,
        *,
        only_complete: bool,
        stop: threading.Event,
        meanwhile: Callable[[], None],
    ) -> None:
        def waiting() -> None:
            # Another plan may change now; its verdict must not stand until this one is done.
            self.look()
            meanwhile()

        state, started = dict(entry.state), time.monotonic()
        try:
            with self._shelf.workspace() as folder:
                request = Request(
                    paths=tuple(str(self._source.path_of(name)) for name in state),
                    folder=str(folder),
                    name=owner,
                    options=self._options,
                    only_complete=only_complete,
                    waited_s=None if only_complete else self._patience.quiet_s,
                )
                outcomes = judge_isolated(
                    request, timeout_s=self._patience.judging_s, stop=stop, meanwhile=waiting
                )
                if not all(outcome.status for outcome in outcomes):
                    entry.asked = state
                    return
                for outcome in outcomes:
                    self._show(owner, outcome, outdated=self._source.state_of(owner) != state)
        except PlanCheckerError as error:
            if not stop.is_set():
                self._postpone(owner, entry, state, error)
            return
        self._metrics.event(
            "set-judged", set=owner, plans=len(outcomes), s=round(time.monotonic() - started, 2)
        )
        self._done(owner, state)

    def _show(self, owner: str, outcome: Outcome, *, outdated: bool) -> None:
        record, kept = self._shelf.place(outcome, hook=self._hook, who=self._who)
        self._metrics.event(
            "verdict",
            set=owner,
            subject=outcome.subject,
            status=outcome.status,
            exit_code=outcome.exit_code,
            missing=len(outcome.missing),
            supersedes=record.supersedes,
            journal_seq=record.seq,
            journal_hash=record.hash,
        )
        if not outdated:
            self._delivered(outcome, kept)

    def _postpone(
        self, owner: str, entry: Waiting, state: dict[str, int], error: PlanCheckerError
    ) -> None:
        """Try again later, a few times; then say so where the verdict would stand."""
        entry.failures += 1
        kind = error.kind if isinstance(error, JudgingError) else "reports cannot be written"
        self._metrics.event("judging-failed", set=owner, reason=kind, times=entry.failures)
        hopeless = isinstance(error, JudgingError) and entry.failures >= 3
        if not hopeless:
            # A full disk is mended some day: only what judging itself refuses is given up.
            entry.not_before = time.monotonic() + min(2.0**entry.failures, 300.0)
            return
        try:
            for subject in self._subjects(owner) or (f"no-plan-{owner}",):
                record = self._shelf.failed(
                    subject, str(error), kind=kind, hook=self._hook, who=self._who
                )
                self._metrics.event(
                    "not-judged",
                    set=owner,
                    subject=subject,
                    reason=kind,
                    journal_seq=record.seq,
                    journal_hash=record.hash,
                )
        except PlanCheckerError as problem:
            self._metrics.event("display-failed", set=owner, reason=str(problem))
            entry.not_before = time.monotonic() + 300.0
            return
        self._done(owner, state)

    def _done(self, owner: str, state: dict[str, int]) -> None:
        try:
            self._source.mark_judged(owner, state)
        except OSError as error:
            # The set is judged once more after a restart, which does no harm.
            self._metrics.event("state-not-written", set=owner, reason=str(error.strerror))
        if self._source.state_of(owner) == state:
            self._waiting.pop(owner, None)
        else:
            # What was just put on display is out of date already.
            self._waiting[owner].withdrawn = False
            self.look()

    def _withdraw(self, owner: str) -> bool:
        try:
            for subject in self._subjects(owner):
                self._shelf.pending(subject)
        except PlanCheckerError as error:
            if not self._waiting[owner].complained:
                self._waiting[owner].complained = True
                self._metrics.event("display-failed", set=owner, reason=str(error))
            return False
        return True

    def _subjects(self, owner: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(map(subject_of, self._source.plans_of(owner))))
