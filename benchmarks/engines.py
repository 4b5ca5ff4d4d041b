"""The engines that are compared, each from files to answers."""

import csv
import importlib
import logging
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pydicom

from benchmarks.shapes import METRICS, Floats

__all__ = [
    "IN_PROCESS",
    "OURS",
    "OURS_ALONE",
    "Answers",
    "InProcess",
    "metrics_of_curve",
    "plastimatch_answers",
    "plastimatch_command",
]

Answers = Mapping[str, Mapping[str, float | None]]
"""Volume in cc and metrics in Gy, by name and by ROI name; None where there is no answer."""

OURS = "planchecker"
"""As its commands work: in as many processes as the machine has cores, four at most."""
OURS_ALONE = "planchecker, 1 process"


@dataclass(frozen=True, kw_only=True, slots=True)
class InProcess:
    """An engine that runs in Python: reads a folder, then answers for the ROIs that are named."""

    load: Callable[[Path], Any]
    answer: Callable[[Any, Iterable[str]], Answers]


def _load_ours(folder: Path) -> Any:
    from planchecker.reading import read_cases  # noqa: PLC0415 - each engine pays for its own

    cases = read_cases(folder)
    structure_set = next(c.structure_set for c in cases if c.structure_set is not None)
    doses = [dose for case in cases for dose in case.doses if dose.grid is not None]
    return structure_set.structures, doses[0].grid


def _answer_ours(loaded: Any, names: Iterable[str], *, alone: bool = False) -> Answers:
    from planchecker.dosimetry.many import compute_dvhs  # noqa: PLC0415 - each pays for its own
    from planchecker.side_by_side import processes_at_hand  # noqa: PLC0415 - as above

    structures, grid = loaded
    named = set(names)
    wanted = [structure for structure in structures if structure.name in named]
    dvhs = compute_dvhs(wanted, grid, processes=1 if alone else processes_at_hand())
    found: dict[str, dict[str, float | None]] = {}
    for dvh in dvhs:
        if isinstance(dvh, Exception):
            raise dvh
        values = {metric: dvh.metric(metric).value for metric in METRICS}
        found[dvh.roi_name] = {"volume": dvh.volume_cc, **values}
    return found


def _load_dicompyler(folder: Path) -> Any:
    datasets = [pydicom.dcmread(path, force=True) for path in sorted(folder.glob("*.dcm"))]
    by_modality = {str(dataset.Modality): dataset for dataset in datasets}
    return by_modality["RTSTRUCT"], by_modality["RTDOSE"]


def _answer_dicompyler(loaded: Any, names: Iterable[str]) -> Answers:
    dicomio = importlib.import_module("pydicom.dicomio")
    # dicompyler-core 0.5.6 asks for a name that pydicom 3 no longer has.
    dicomio.read_file = pydicom.dcmread  # type: ignore[attr-defined]
    calculator = importlib.import_module("dicompylercore.dvhcalc")
    logging.getLogger("dicompylercore").setLevel(logging.ERROR)
    structures, dose = loaded
    numbers = {str(r.ROIName): int(r.ROINumber) for r in structures.StructureSetROISequence}
    found: dict[str, dict[str, float | None]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            dvh = calculator.get_dvh(structures, dose, numbers[name])
            values = {m: float(dvh.statistic(m.rstrip("%")).value) for m in METRICS[1:]}
            found[name] = {"volume": float(dvh.volume), "Dmean": float(dvh.mean), **values}
    return found


IN_PROCESS: Mapping[str, InProcess] = MappingProxyType(
    {
        OURS: InProcess(load=_load_ours, answer=_answer_ours),
        OURS_ALONE: InProcess(load=_load_ours, answer=partial(_answer_ours, alone=True)),
        "dicompyler-core": InProcess(load=_load_dicompyler, answer=_answer_dicompyler),
    }
)
"""By the name that is printed."""


def plastimatch_command(folder: Path, output: Path) -> list[str]:
    """Return the command that computes the histograms of a folder in one step."""
    files = ["--input", str(folder), "--output-csv", str(output)]
    bins = ["--num-bins", "4000", "--bin-width", "0.01"]
    return ["plastimatch", "dvh", *files, "--cumulative", "--normalization", "vox", *bins]


def plastimatch_answers(folder: Path, names: Iterable[str]) -> Answers:
    """Run plastimatch; it counts voxels of a lattice of its own, so cc have no answer."""
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "dvh.csv"
        subprocess.run(plastimatch_command(folder, output), check=True, capture_output=True)
        with output.open(newline="") as file:
            head, *rows = csv.reader(file)
    table = np.array(rows, dtype=float)
    titles = [title.strip() for title in head]
    found: dict[str, dict[str, float | None]] = {}
    for name in names:
        counts = table[:, titles.index(name)]
        relative = metrics_of_curve(table[:, 0], counts / counts[0])
        found[name] = {**relative, "volume": None, "D0.03cc": None}
    return found


def metrics_of_curve(dose_gy: Floats, volume: Floats) -> dict[str, float]:
    """Return volume and `METRICS` of a cumulative curve by interpolation.

    Examples
    --------
    >>> curve = metrics_of_curve(np.array([0.0, 10.0, 20.0]), np.array([4.0, 4.0, 0.0]))
    >>> curve["Dmean"], curve["D5%"]
    (15.0, 19.5)
    """
    total = float(volume[0])

    def dose(at: float) -> float:
        return float(np.interp(at, volume[::-1], dose_gy[::-1]))

    mean = float(np.trapezoid(volume, dose_gy) / total + dose_gy[0])
    shares = {f"D{percent}%": dose(percent / 100 * total) for percent in (99, 95, 5, 1)}
    return {"volume": total, "Dmean": mean, **shares, "D0.03cc": dose(0.03)}
