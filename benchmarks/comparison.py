"""Engines side by side on one data set: time, memory and error."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import alone
from benchmarks.datasets import DataSet
from benchmarks.engines import (
    IN_PROCESS,
    OURS,
    Answers,
    InProcess,
    plastimatch_answers,
    plastimatch_command,
)
from benchmarks.shapes import METRICS
from benchmarks.table import format_table
from benchmarks.timing import Cost, cost_of_call, cost_of_process, interleaved, medians

__all__ = ["compare"]

_PLASTIMATCH: Final = "plastimatch dvh"
_HEAD: Final = (
    "engine",
    "files to DVHs s",
    "x ours",
    "DVHs alone s",
    "x ours",
    "process s",
    "x ours",
    "peak MB",
    "volume %",
    *METRICS,
)


def compare(data: DataSet, *, runs: int) -> str:
    """Return one table: a row for each engine, median cost and median / largest error.

    Notes
    -----
    "x ours" is the median over the rounds of the time of the engine over ours in the same
    round, wall and CPU; on a machine that does other things, trust the CPU time. "DVHs alone"
    counts a second answer from what is already read and parsed. Errors of volume are in percent
    of the volume, those of dose in percent of the data set's dose.
    """
    rois = {folder: tuple(truth) for folder, truth in data.truth.items()}
    answers = {name: _answers(engine, rois) for name, engine in IN_PROCESS.items()}
    processes = {name: _process(name, rois) for name in IN_PROCESS}
    if shutil.which("plastimatch"):
        processes[_PLASTIMATCH] = lambda: _plastimatch_cost(rois)
        answers[_PLASTIMATCH] = {f: plastimatch_answers(f, names) for f, names in rois.items()}
    whole = interleaved({n: _whole(e, rois) for n, e in IN_PROCESS.items()}, runs=runs)
    again = interleaved({n: _again(e, rois) for n, e in IN_PROCESS.items()}, runs=runs)
    process = interleaved(processes, runs=runs)
    rows = [
        (
            name,
            *_cost_cells(whole, name),
            *_cost_cells(again, name),
            *_cost_cells(process, name),
            f"{medians(process[name]).peak_mb:.0f}",
            *_error_cells(data, found),
        )
        for name, found in answers.items()
    ]
    title = f"{data.title}; wall/CPU, median/largest error, of dose in % of {data.scale_gy:g} Gy"
    return format_table(title, _HEAD, rows)


def _answers(engine: InProcess, rois: Mapping[Path, Sequence[str]]) -> dict[Path, Answers]:
    return {folder: engine.answer(engine.load(folder), names) for folder, names in rois.items()}


def _whole(engine: InProcess, rois: Mapping[Path, Sequence[str]]) -> Callable[[], Cost]:
    return lambda: cost_of_call(lambda: _answers(engine, rois))


def _again(engine: InProcess, rois: Mapping[Path, Sequence[str]]) -> Callable[[], Cost]:
    loaded = {folder: engine.load(folder) for folder in rois}

    def answer() -> None:
        for folder, names in rois.items():
            engine.answer(loaded[folder], names)

    # The first answer also parses what was read; it is not counted.
    answer()
    return lambda: cost_of_call(answer)


def _process(name: str, rois: Mapping[Path, Sequence[str]]) -> Callable[[], Cost]:
    return lambda: cost_of_process(alone.command(name, rois))


def _plastimatch_cost(rois: Mapping[Path, Sequence[str]]) -> Cost:
    total = Cost(wall_s=0.0, cpu_s=0.0)
    with tempfile.TemporaryDirectory() as scratch:
        for folder in rois:
            total += cost_of_process(plastimatch_command(folder, Path(scratch) / "dvh.csv"))
    return total


def _cost_cells(costs: Mapping[str, Sequence[Cost]], name: str) -> tuple[str, str]:
    if name not in costs:
        return "-", "-"
    typical = medians(costs[name])
    rounds = zip(costs[name], costs[OURS], strict=True)
    ratios = [(a.wall_s / b.wall_s, a.cpu_s / b.cpu_s if b.cpu_s else 1.0) for a, b in rounds]
    wall, cpu = (median(ratio) for ratio in zip(*ratios, strict=True))
    return f"{typical.wall_s:.2f}/{typical.cpu_s:.2f}", f"{wall:.1f}/{cpu:.1f}"


def _error_cells(data: DataSet, found: Mapping[Path, Answers]) -> Iterator[str]:
    for metric in ("volume", *METRICS):
        errors = []
        for folder, truth in data.truth.items():
            for roi, expected in truth.items():
                value = found[folder][roi][metric]
                if value is not None and expected:
                    scale = expected["volume"] if metric == "volume" else data.scale_gy
                    errors.append(100 * abs(value - expected[metric]) / scale)
        yield f"{median(errors):.2f}/{max(errors):.2f}" if errors else "-"
