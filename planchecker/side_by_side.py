"""The same work on several values, done by several processes of this machine at once.

The processes are copies of this one (``fork``): they have the values at hand, and only answers
travel. Where a copy cannot be made safely the work is done here, one value after the other, and
the answers are the same.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

__all__ = ["Tick", "processes_at_hand", "side_by_side"]

Value = TypeVar("Value")
Answer = TypeVar("Answer")
Tick = Callable[[int, int], None]
"""Takes how many are done, and of how many."""

_MOST_PROCESSES: Final = 4
"""The largest structure of a plan takes a third of the time of all: more would wait for it."""
_TICKET_BYTES: Final = 2
_MOST_TICKETS: Final = 2048
"""Together they fit in the smallest pipe there is, so that writing them never waits."""
_LEAST_PATIENCE_S: Final = 10.0


def processes_at_hand() -> int:
    """Return how many processes are worth having side by side here; 1 where none can be added.

    Notes
    -----
    Only Linux copies a process safely: Windows cannot, and the system libraries of macOS do not
    bear it. Neither does a process with threads, for a copy has their locks but not them.
    """
    if sys.platform != "linux" or threading.active_count() > 1:
        return 1
    return min(len(os.sched_getaffinity(0)), _MOST_PROCESSES)


def side_by_side(
    work: Callable[[Value], Answer],
    values: Sequence[Value],
    *,
    cost: Callable[[Value], float],
    processes: int,
    progress: Tick | None = None,
) -> list[Answer]:
    """Do the same work on every value.

    Parameters
    ----------
    work
        Must not change anything but what it returns.
    values
        What to work on.
    cost
        Tells how dear a value is, in any unit: the dearest come first, so that none is left
        alone at the end.
    processes
        How many processes at most, this one included; no more than `processes_at_hand` are used.
    progress
        Called with (done, total) whenever this process has more answers.

    Returns
    -------
    list
        The answer to every value, in the order of the values.

    Raises
    ------
    Exception
        What `work` raises. A process that fails, falls silent or is killed is no error: what it
        has not answered is done here.

    Examples
    --------
    >>> side_by_side(abs, [-1, 2, -3], cost=abs, processes=1)
    [1, 2, 3]
    """
    helpers = min(processes, processes_at_hand(), len(values)) - 1
    found = _Found[Answer](total=len(values), progress=progress)
    if helpers > 0:
        order = sorted(range(len(values)), key=lambda i: cost(values[i]), reverse=True)
        with _tickets(order) as tickets:
            _share(work, values, tickets, helpers, found)
    for index, value in enumerate(values):
        if index not in found.answers:
            found.add({index: work(value)})
    return [found.answers[index] for index in range(len(values))]


class _Found(Generic[Answer]):
    """Answers by the index of their value."""

    def __init__(self, *, total: int, progress: Tick | None) -> None:
        self.answers: dict[int, Answer] = {}
        self._total = total
        self._progress = progress

    def add(self, more: Mapping[int, Answer]) -> None:
        self.answers.update(more)
        if self._progress is not None:
            self._progress(len(self.answers), self._total)


def _share(
    work: Callable[[Value], Answer],
    values: Sequence[Value],
    tickets: int,
    helpers: int,
    found: _Found[Answer],
) -> None:
    started: list[tuple[BaseProcess, Connection]] = []
    try:
        for _ in range(helpers):
            with suppress(OSError):  # what the system has no room for is done here
                started.append(_copy(work, values, tickets))
        begin = time.monotonic()
        for index in _drawn(tickets):
            found.add({index: work(values[index])})
        # A helper has one value at hand that was no dearer than the first one done here.
        patience = max(_LEAST_PATIENCE_S, 3 * (time.monotonic() - begin))
        for _, ours in started:
            if ours.poll(patience):
                with suppress(Exception):  # what does not come whole is done here
                    found.add(ours.recv())
    finally:
        for helper, ours in started:
            ours.close()
            helper.kill()
            helper.join()


def _copy(
    work: Callable[[Any], Any], values: Sequence[Any], tickets: int
) -> "tuple[BaseProcess, Connection]":
    """Start a copy of this process that helps; return it with the end its answers come from."""
    from multiprocessing import get_context  # noqa: PLC0415 - not needed to start the program

    context = get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    with theirs:
        helper = context.Process(target=_help, args=(work, values, tickets, theirs), daemon=True)
        try:
            helper.start()
        except OSError:
            ours.close()
            raise
    return helper, ours


def _help(
    work: Callable[[Any], Any], values: Sequence[Any], tickets: int, answers: "Connection"
) -> None:
    """Work until no ticket is left, then send what was found."""
    found = {}
    with suppress(Exception, KeyboardInterrupt):
        for index in _drawn(tickets):
            found[index] = work(values[index])
    with suppress(Exception, KeyboardInterrupt):
        answers.send(found)


@contextmanager
def _tickets(order: Sequence[int]) -> Iterator[int]:
    """Give the end of a pipe from which every process draws the index of what it does next."""
    draw, put = os.pipe()
    try:
        with os.fdopen(put, "wb") as tickets:
            for index in order[:_MOST_TICKETS]:
                tickets.write(index.to_bytes(_TICKET_BYTES))
        yield draw
    finally:
        os.close(draw)


def _drawn(tickets: int) -> Iterator[int]:
    while ticket := os.read(tickets, _TICKET_BYTES):
        yield int.from_bytes(ticket)
