"""What a whole command costs beside reading the same files and beside starting Python."""

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.table import format_table
from benchmarks.timing import Cost, cost_of_process, interleaved, medians

__all__ = ["whole_process"]

_BYTES: Final = """
import pathlib, sys
for path in pathlib.Path(sys.argv[1]).rglob("*"):
    if path.is_file():
        path.read_bytes()
"""
_PYDICOM: Final = """
import pathlib, sys, pydicom
for path in pathlib.Path(sys.argv[1]).rglob("*.dcm"):
    dataset = pydicom.dcmread(path, force=True)
    if dataset.get("Modality") == "RTDOSE":
        dataset.pixel_array
"""
_READ: Final = "import sys; from planchecker.reading import read_cases; read_cases(sys.argv[1])"
_OPENS: Final = "pydicom opens the files"
_READS: Final = "planchecker reads the files"
_VERDICTS: Final = (0, 1, 3)
"""Exit codes of a check that judged."""


def whole_process(folders: Mapping[str, Path], *, runs: int) -> str:
    """Return one table: start-up, import, reading alone in three depths, and the whole check.

    Every command runs once before it counts, so that its bytecode is compiled as that of an
    installed wheel is.

    Parameters
    ----------
    folders
        The exports that are read and checked, by the name that is printed.
    """
    commands: dict[str, list[str]] = {
        "python starts": _python("pass"),
        "import planchecker": _python("import planchecker"),
        "planchecker --help": [*_module(), "--help"],
    }
    for name, folder in folders.items():
        commands[f"{name}: bytes of the files"] = [*_python(_BYTES), str(folder)]
        commands[f"{name}: {_OPENS}"] = [*_python(_PYDICOM), str(folder)]
        commands[f"{name}: {_READS}"] = [*_python(_READ), str(folder)]
        check = [*_module(), "check", str(folder), "--format", "json"]
        commands[f"{name}: planchecker check --format json"] = check
    calls = {
        what: partial(cost_of_process, command, allowed=_VERDICTS)
        for what, command in commands.items()
    }
    for call in calls.values():
        call()
    costs = {what: medians(found) for what, found in interleaved(calls, runs=runs).items()}
    rows = []
    for what, cost in costs.items():
        times = (f"{cost.wall_s:.3f}", f"{cost.cpu_s:.3f}", f"{cost.peak_mb:.0f}")
        name = what.partition(":")[0]
        alone = (costs.get(f"{name}: {how}") for how in (_OPENS, _READS))
        rows.append((what, *times, *(_ratio(cost, one) for one in alone)))
    head = ("whole process", "wall s", "CPU s", "peak MB", f"x {_OPENS}", f"x {_READS}")
    return format_table("whole processes, start of Python included", head, rows)


def _ratio(cost: Cost, alone: Cost | None) -> str:
    """Return wall and CPU time in terms of those of reading alone."""
    if alone is None:
        return "-"
    cpu = f"{cost.cpu_s / alone.cpu_s:.2f}" if alone.cpu_s else "-"
    return f"{cost.wall_s / alone.wall_s:.2f}/{cpu}"


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def _module() -> list[str]:
    return [sys.executable, "-m", "planchecker"]
