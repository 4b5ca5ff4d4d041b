"""Time of a call and time and memory of a process, several runs in turn."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

__all__ = ["Cost", "cost_of_call", "cost_of_process", "interleaved", "medians"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """Wall and CPU time in seconds; of a process also the peak of its memory in MB."""

    wall_s: float
    cpu_s: float
    peak_mb: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            wall_s=self.wall_s + other.wall_s,
            cpu_s=self.cpu_s + other.cpu_s,
            peak_mb=max(self.peak_mb, other.peak_mb),
        )


def cost_of_call(call: Callable[[], object]) -> Cost:
    """Measure one call; its CPU time is that of its helpers too, where the system tells it."""
    wall, cpu = time.perf_counter(), _cpu_s()
    call()
    return Cost(wall_s=time.perf_counter() - wall, cpu_s=_cpu_s() - cpu)


def _cpu_s() -> float:
    if sys.platform == "win32":
        return time.process_time()
    from resource import RUSAGE_CHILDREN, getrusage  # noqa: PLC0415 - not on Windows

    helpers = getrusage(RUSAGE_CHILDREN)
    return time.process_time() + helpers.ru_utime + helpers.ru_stime


def cost_of_process(command: Sequence[str], *, allowed: Sequence[int] = (0,)) -> Cost:
    """Measure one process from start to end; its output is thrown away.

    Raises
    ------
    subprocess.CalledProcessError
        If it leaves with another exit code than the allowed ones.

    Notes
    -----
    CPU time and memory are 0 where the system does not tell them (Windows).
    """
    launch = [sys.executable, str(Path(__file__).with_name("launch.py"))]
    done = subprocess.run([*launch, *command], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    if found["code"] not in allowed:
        raise subprocess.CalledProcessError(found["code"], command)
    return Cost(**found["cost"])


def interleaved(
    calls: Mapping[str, Callable[[], Cost]], *, runs: int
) -> dict[str, tuple[Cost, ...]]:
    """Measure every call once a round, so that what disturbs the machine disturbs them alike."""
    rounds = [{name: call() for name, call in calls.items()} for _ in range(runs)]
    return {name: tuple(one[name] for one in rounds) for name in calls}


def medians(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure.

    Examples
    --------
    >>> medians([Cost(wall_s=1, cpu_s=1), Cost(wall_s=9, cpu_s=2), Cost(wall_s=2, cpu_s=3)])
    Cost(wall_s=2, cpu_s=2, peak_mb=0.0)
    """
    return Cost(
        wall_s=median(cost.wall_s for cost in costs),
        cpu_s=median(cost.cpu_s for cost in costs),
        peak_mb=median(cost.peak_mb for cost in costs),
    )
