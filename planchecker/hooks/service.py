"""Running until told to stop."""

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from planchecker.hooks.keeper import Keeper
from planchecker.hooks.metrics import Metrics

__all__ = ["run_until", "stop_on_signals"]

_STEP_S = 0.2


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()

    def _stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, _stop)
    return stop


def run_until(
    stop: threading.Event,
    keeper: Keeper,
    metrics: Metrics,
    *,
    health: Callable[[], dict[str, object]] = dict,
    health_s: float = 60.0,
    before: Callable[[], None] = lambda: None,
    now_and_then: Callable[[], None] = lambda: None,
) -> None:
    """Look and judge until `stop` is set.

    Parameters
    ----------
    health
        Gives what the line on the state of the service says beside its counters.
    before
        Called before every look, such as to fetch what is new.
    now_and_then
        Called as often as the state is written, such as to clean up.
    """
    next_health = time.monotonic()

    def report() -> None:
        nonlocal next_health
        if time.monotonic() >= next_health:
            metrics.health(waiting=keeper.waiting, **health())
            next_health = time.monotonic() + health_s

    while not stop.is_set():
        if time.monotonic() >= next_health:
            now_and_then()
        report()
        before()
        keeper.look()
        # A long judgement must not look like a service that has died.
        keeper.work(stop, meanwhile=report)
        stop.wait(_STEP_S)
