"""How our time grows with the number of structures, of dose voxels and of contour points."""

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.datasets import linear_dose, outlines
from benchmarks.dicom_files import write_structures
from benchmarks.engines import IN_PROCESS, OURS_ALONE
from benchmarks.shapes import Phantom, cylinder
from benchmarks.table import format_table
from benchmarks.timing import Cost, cost_of_call, interleaved, medians

__all__ = ["scaling"]

_SOLID: Final = cylinder(13.0, 19.0)
"""Of 10 cc."""
_HALF_MM: Final = 80.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Size:
    structures: int = 4
    spacing_mm: float = 2.0
    points: int = 120

    @property
    def voxels(self) -> int:
        return int(2 * _HALF_MM / self.spacing_mm + 1) ** 3


_SERIES: Final[tuple[tuple[str, Callable[[_Size], float], tuple[_Size, ...]], ...]] = (
    ("structures", lambda s: s.structures, tuple(_Size(structures=n) for n in (1, 2, 4, 8, 16))),
    (
        "dose voxels",
        lambda s: s.voxels,
        tuple(_Size(spacing_mm=mm) for mm in (4.0, 3.0, 2.0, 1.5, 1.0)),
    ),
    (
        "points a loop",
        lambda s: s.points,
        tuple(_Size(points=n) for n in (30, 100, 300, 1000, 3000)),
    ),
)


def scaling(*, runs: int) -> str:
    """Return one table: median time of reading and of the histograms as one size grows.

    Notes
    -----
    The exponent is that of the time of the histograms between the row before and this one: 1
    where twice the size takes twice the time, 0 where the size does not matter.
    """
    rows: list[tuple[str, ...]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for title, size, points in _SERIES:
            folders = [_write(Path(scratch), point) for point in points]
            rows.extend(_rows(title, [size(p) for p in points], points, folders, runs=runs))
    head = ("what grows", "size", "reading ms", "DVHs ms", "CPU ms", "ms a structure", "exponent")
    title = "growth: 10 cc cylinders, 2 mm slices; unless it grows: 4 structures, 531441 voxels"
    return format_table(f"{title}, 120 points a loop", head, rows)


def _write(home: Path, size: _Size) -> Path:
    folder = home / f"{size.structures}-{size.spacing_mm:g}-{size.points}"
    regions = {}
    for index in range(size.structures):
        centre = (-48.0 + 32.0 * (index % 4), -48.0 + 32.0 * (index // 4), 0.3)
        phantom = Phantom(solid=_SOLID, centre_mm=centre)
        regions[f"{_SOLID.name} {index}"] = outlines(phantom, spacing_mm=2.0, points=size.points)
    write_structures(folder / "RS.dcm", regions)
    half = (_HALF_MM, _HALF_MM, _HALF_MM)
    linear_dose(folder / "RD.dcm", along=2, spacing_mm=size.spacing_mm, half_mm=half)
    return folder


def _rows(
    title: str,
    sizes: Sequence[float],
    points: Sequence[_Size],
    folders: Sequence[Path],
    *,
    runs: int,
) -> Iterator[tuple[str, ...]]:
    engine = IN_PROCESS[OURS_ALONE]
    calls: dict[str, Callable[[], Cost]] = {}
    for folder, point in zip(folders, points, strict=True):
        loaded = engine.load(folder)
        names = [f"{_SOLID.name} {index}" for index in range(point.structures)]
        calls[f"read {folder.name}"] = partial(cost_of_call, partial(engine.load, folder))
        calls[folder.name] = partial(cost_of_call, partial(engine.answer, loaded, names))
    measured = {name: medians(costs) for name, costs in interleaved(calls, runs=runs).items()}
    before: tuple[float, float] | None = None
    for size, folder, point in zip(sizes, folders, points, strict=True):
        spent = measured[folder.name]
        exponent = "-"
        if before is not None:
            exponent = f"{math.log(spent.wall_s / before[1]) / math.log(size / before[0]):.2f}"
        before = size, spent.wall_s
        yield (
            title,
            f"{size:g}" if size < 1e5 else f"{size:.0f}",
            f"{1000 * measured[f'read {folder.name}'].wall_s:.1f}",
            f"{1000 * spent.wall_s:.1f}",
            f"{1000 * spent.cpu_s:.1f}",
            f"{1000 * spent.wall_s / point.structures:.1f}",
            exponent,
        )
