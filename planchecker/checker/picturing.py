"""What only a drawn report needs: pictures of voxels, and the band round each histogram."""

from dataclasses import replace

from planchecker.checks.context import Context
from planchecker.dosimetry.dvh import DVH
from planchecker.drawing import SliceReader, draw_scenes
from planchecker.errors import PlanCheckerError
from planchecker.figures import Scene
from planchecker.results import Curve, Report

__all__ = ["pictured"]

_OUTLINED = ("target", "organ", "prv")
# The band is smooth: every so many points of the curve tell it.
_EVERY = 4


def pictured(report: Report, context: Context, reader: SliceReader | None) -> Report:
    """Return the report with the pictures of its first findings and banded curves.

    Parameters
    ----------
    reader
        Reads the pixels of a CT slice; without it the pictures show dose and outlines.
    """
    return replace(
        report,
        scenes=_scenes(report, context, reader),
        curves=tuple(_banded(curve, context.dvhs[curve.roi_number]) for curve in report.curves),
    )


def _scenes(report: Report, context: Context, reader: SliceReader | None) -> tuple[Scene, ...]:
    grid, plan = context.plan_dose.grid, context.case.plan
    if grid is None:
        return ()
    stated = plan.prescription.dose_gy if plan else None
    return draw_scenes(
        context.case,
        report.attention,
        dose=grid,
        reference_gy=stated or grid.max_gy,
        shown=[m.roi_number for m in context.matches if m.category in _OUTLINED],
        reader=reader,
    )


def _banded(curve: Curve, dvh: DVH) -> Curve:
    low, high = [], []
    last = len(curve.dose_gy) - 1
    chosen = [i for i in range(len(curve.dose_gy)) if i % _EVERY == 0 or i == last]
    for index in chosen:
        at = curve.volume_percent[index]
        try:
            band = dvh.metric(f"V{curve.dose_gy[index]:f}Gy[%]").band or (at, at)
        except PlanCheckerError:
            band = (at, at)
        low.append(min(band[0], at))
        high.append(min(max(band[1], at), 100.0))
    return replace(
        curve,
        low_percent=_filled(low, chosen),
        high_percent=_filled(high, chosen),
    )


def _filled(values: list[float], places: list[int]) -> tuple[float, ...]:
    import numpy as np  # noqa: PLC0415

    every = np.interp(np.arange(places[-1] + 1), places, values)
    return tuple(round(float(value), 4) for value in every)
