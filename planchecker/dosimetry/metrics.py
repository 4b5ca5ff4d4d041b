"""Metrics of a DVH: the value, its band, or the reason why there is none."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

from constraints.metric import Metric, MetricKind
from planchecker.dosimetry import radiobiology
from planchecker.dosimetry.readings import Reading
from planchecker.dosimetry.uncertainty import band
from planchecker.errors import MetricError

if TYPE_CHECKING:
    from planchecker.dosimetry.dvh import DVH

__all__ = ["MetricValue", "evaluate"]

Floats = NDArray[np.float64]

# Two bounds that lie this close together (Gy, cc or %) are one answer.
_SAME = 0.05
# Relative precision of interpolated single-precision doses.
_SINGLE = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricValue:
    """The answer to one metric.

    Parameters
    ----------
    metric
        What was asked.
    value, unit
        The answer; None where there is none.
    band
        Interval in which the metric lies given what the export does not say. With volume
        outside the dose grid it may be given, its upper end infinite, where `value` is None.
    reason
        Why there is no answer.
    location_mm
        Patient coordinates of the dose extreme that drives the metric.
    """

    metric: Metric
    value: float | None
    unit: str
    band: tuple[float, float] | None = None
    reason: str = ""
    location_mm: tuple[float, float, float] | None = None


def evaluate(
    dvh: "DVH", metric: Metric, *, prescription_gy: float | None, fractions: int | None
) -> MetricValue:
    """Answer `metric`; see `planchecker.dosimetry.dvh.DVH.metric`."""
    if metric.kind is MetricKind.VOLUME_AT_PERCENT:
        if not prescription_gy:
            raise MetricError(f"{metric} needs the prescribed dose, which is not known")
        if not 0 < prescription_gy < math.inf:
            raise MetricError(f"{metric}: {prescription_gy!r} Gy is no prescribed dose")
    if metric.scale:
        if not fractions:
            raise MetricError(f"{metric} needs the number of fractions, which is not known")
        if fractions < 1:
            raise MetricError(f"{metric}: {fractions!r} is no number of fractions")
    question = _Question(dvh, metric, prescription_gy or 0.0, fractions or 0)
    if (reason := question.unanswerable()) is not None:
        return MetricValue(metric=metric, value=None, unit=metric.unit, reason=reason)
    if metric.kind in (MetricKind.DMIN, MetricKind.DMAX):
        return question.extreme()
    if dvh.outside_cc > 0:
        return question.bounded()
    return question.answered()


class _Question:
    """One metric asked of one DVH under any reading of the contours."""

    def __init__(self, dvh: "DVH", metric: Metric, prescription_gy: float, fractions: int) -> None:
        self.dvh = dvh
        self.metric = metric
        self.number = metric.number if metric.number is not None else 0.0
        self.fractions = fractions
        self.level_gy = self.number
        if metric.kind is MetricKind.VOLUME_AT_PERCENT:
            # Of the prescription on the same scale: 100 % is where the prescribed dose lies.
            self.level_gy = self.number / 100 * self._scaled(prescription_gy)
        # Thresholds of a scaled metric are scaled doses; the curve holds physical dose.
        if metric.scale and metric.alpha_beta is not None:
            self.level_gy = _physical(self.level_gy, metric.scale, fractions, metric.alpha_beta)

    def unanswerable(self) -> str | None:
        """Return why nothing at all can be said, or None."""
        dvh = self.dvh
        if dvh.curves is None:
            return f"{dvh.roi_name} lies outside the dose grid"
        absolute = self.metric.kind in (MetricKind.DOSE_AT_VOLUME, MetricKind.COLDEST_VOLUME)
        if absolute and self.number > dvh.volume_cc:
            return f"{dvh.roi_name} has {dvh.volume_cc:.3g} cc, less than {self.number:g} cc"
        return None

    def answered(self) -> MetricValue:
        """Value and band of a structure that lies inside the grid."""
        value = self._of(Reading.BASE)
        low, high = band(value, self._of, self._dose_doubt(value))
        low, high = self._within_limits(low, high)
        return MetricValue(
            metric=self.metric,
            value=value,
            unit=self.metric.unit,
            band=(min(low, value), max(high, value)),
            location_mm=self._location(),
        )

    def bounded(self) -> MetricValue:
        """Bounds for a structure that is partly outside: there the dose is 0 to anything."""
        least = self._of(Reading.BASE, outside_gy=0.0)
        most = self._of(Reading.BASE, outside_gy=math.inf)
        low, high = self._bound(min, 0.0), self._bound(max, math.inf)
        low, high = self._within_limits(low, high)
        known = most - least <= _SAME and high < math.inf
        return MetricValue(
            metric=self.metric,
            value=least if known else None,
            unit=self.metric.unit,
            band=(low, high),
            reason="" if known else self._outside_reason(),
            location_mm=self._location(),
        )

    def _outside_reason(self) -> str:
        return (
            f"{self.dvh.outside_cc:.3g} cc of {self.dvh.volume_cc:.3g} cc of "
            f"{self.dvh.roi_name} lie outside the dose grid"
        )

    def _of(self, reading: Reading, *, outside_gy: float | None = None) -> float:
        """Answer under a reading, with the outside volume at 0 Gy or at infinity."""
        kind = self.metric.kind
        total = float(self.dvh.volumes_cc[reading])
        if kind is MetricKind.DMEAN:
            if outside_gy is None:
                return self._mean(reading)
            outside = float(self.dvh.outsides_cc[reading])
            if outside_gy == math.inf and outside > 0:
                return math.inf
            return (1 - outside / total) * self._mean(reading) if outside < total else 0.0
        if kind in (MetricKind.VOLUME_AT_DOSE, MetricKind.VOLUME_AT_PERCENT):
            volume = self._volume_above(reading, self.level_gy)
            if outside_gy == math.inf:
                volume += float(self.dvh.outsides_cc[reading])
            return volume if self.metric.unit == "cc" else 100 * volume / max(total, 1e-12)
        hottest = self._hottest_cc(total)
        if outside_gy == math.inf:
            hottest -= float(self.dvh.outsides_cc[reading])
            if hottest <= 0:
                return math.inf
        return self._scaled(self._dose_at(reading, hottest))

    def _hottest_cc(self, total_cc: float) -> float:
        if self.metric.kind is MetricKind.DOSE_AT_PERCENT:
            return self.number / 100 * total_cc
        if self.metric.kind is MetricKind.COLDEST_VOLUME:
            return total_cc - self.number
        return self.number

    def _dose_at(self, reading: Reading, hottest_cc: float) -> float:
        curves = self.dvh.curves
        if curves is None:
            raise AssertionError("asked only of a DVH with curves")
        volume = curves.volume_mm3[reading]
        if hottest_cc > volume[0] / 1000:
            # Under this reading the structure is smaller, or the rest lies outside at 0 Gy.
            return 0.0 if self.dvh.outside_cc > 0 else float(curves.edges_gy[0])
        found = _highest_with(volume, curves.edges_gy, 1000 * hottest_cc)
        if reading is not Reading.BASE or self.dvh.lowest is None or self.dvh.highest is None:
            return found
        # The edges may reach as far as other readings do; this one ends at its extremes.
        return min(max(found, self.dvh.lowest.dose_gy), self.dvh.highest.dose_gy)

    def _volume_above(self, reading: Reading, level_gy: float) -> float:
        curves = self.dvh.curves
        if curves is None:
            raise AssertionError("asked only of a DVH with curves")
        edges, volume = curves.edges_gy, curves.volume_mm3[reading] / 1000
        # Dose is held in single precision: 5 Gy everywhere is still "at least 5 Gy".
        level_gy *= 1 - _SINGLE
        if level_gy <= edges[0]:
            return float(volume[0])
        return float(np.interp(level_gy, edges, volume, right=0.0))

    def extreme(self) -> MetricValue:
        """Value and band of the highest or lowest dose."""
        hot = self.metric.kind is MetricKind.DMAX
        extreme = self.dvh.highest if hot else self.dvh.lowest
        if extreme is None:
            raise AssertionError("asked only of a DVH with extremes")
        low, high = self.dvh.highest_gy if hot else self.dvh.lowest_gy
        down, up = self.dvh.curvature.at(extreme.dose_gy)
        interval = self._scaled(max(low - down, 0.0)), self._scaled(high + up)
        value = self._scaled(extreme.dose_gy)
        interval = min(interval[0], value), max(interval[1], value)
        reason = ""
        if self.dvh.outside_cc > 0:
            interval = (interval[0], math.inf) if hot else (0.0, interval[1])
            reason = self._outside_reason()
        return MetricValue(
            metric=self.metric,
            value=None if reason else value,
            unit=self.metric.unit,
            band=interval,
            reason=reason,
            location_mm=extreme.position_mm,
        )

    def _mean(self, reading: Reading) -> float:
        curves = self.dvh.curves
        if curves is None:
            raise AssertionError("asked only of a DVH with curves")
        if not self.metric.scale:
            return float(curves.mean_gy[reading])
        volume = curves.volume_mm3[reading]
        if not volume[0] > 0:
            return math.nan
        middle = (curves.edges_gy[1:] + curves.edges_gy[:-1]) / 2
        # What receives the highest dose stays in the last place.
        dose = np.append(middle, curves.edges_gy[-1])
        share = np.append(-np.diff(volume), volume[-1])
        return float(np.dot(share, self._scaled(dose)) / volume[0])

    @overload
    def _scaled(self, dose_gy: float) -> float: ...
    @overload
    def _scaled(self, dose_gy: Floats) -> Floats: ...
    def _scaled(self, dose_gy: float | Floats) -> float | Floats:
        if not self.metric.scale or self.metric.alpha_beta is None:
            return dose_gy
        convert = radiobiology.eqd2 if self.metric.scale == "EQD2" else radiobiology.bed
        return convert(dose_gy, fractions=self.fractions, alpha_beta_gy=self.metric.alpha_beta)

    def _bound(self, choose: Callable[..., float], outside_gy: float) -> float:
        """Least or most over all readings, with the outside volume at one dose."""
        value = self._of(Reading.BASE, outside_gy=outside_gy)
        others = [self._of(reading, outside_gy=outside_gy) for reading in Reading]
        if math.inf in (value, *others):
            return choose(value, *others)
        return choose(value, *band(value, others.__getitem__, self._dose_doubt(value)))

    def _dose_doubt(self, value: float) -> tuple[float, float]:
        kind, curvature = self.metric.kind, self.dvh.curvature
        if kind not in (MetricKind.VOLUME_AT_DOSE, MetricKind.VOLUME_AT_PERCENT):
            physical = value
            if self.metric.scale and self.metric.alpha_beta is not None:
                physical = _physical(
                    value, self.metric.scale, self.fractions, self.metric.alpha_beta
                )
            mean = kind is MetricKind.DMEAN
            down, up = curvature.mean if mean else curvature.at(physical)
            return (
                value - self._scaled(max(physical - down, 0.0)),
                self._scaled(physical + up) - value,
            )
        # A dose that is off by so much moves the threshold by as much.
        down, up = curvature.at(self.level_gy)
        per_unit = 1.0 if self.metric.unit == "cc" else 100 / self.dvh.volume_cc
        at = self._volume_above(Reading.BASE, self.level_gy)
        lower = at - self._volume_above(Reading.BASE, self.level_gy + down)
        higher = self._volume_above(Reading.BASE, self.level_gy - up) - at
        return lower * per_unit, higher * per_unit

    def _within_limits(self, low: float, high: float) -> tuple[float, float]:
        low = max(low, 0.0)
        if self.metric.unit == "%":
            return low, min(high, 100.0)
        return low, high

    def _location(self) -> tuple[float, float, float] | None:
        kind = self.metric.kind
        hot = kind is MetricKind.DMAX or kind is MetricKind.DOSE_AT_VOLUME
        hot = hot or (kind is MetricKind.DOSE_AT_PERCENT and self.number <= 50)
        if hot and self.dvh.highest is not None:
            return self.dvh.highest.position_mm
        cold = kind in (MetricKind.DMIN, MetricKind.DOSE_AT_PERCENT)
        if cold and self.dvh.lowest is not None:
            return self.dvh.lowest.position_mm
        return None


def _highest_with(volume_mm3: Floats, edges_gy: Floats, hottest_mm3: float) -> float:
    """Highest dose that at least this much volume receives, on a falling curve."""
    # Sums of many cells may miss the whole volume by their last digits.
    asked = hottest_mm3 * (1 - 1e-9)
    falling, doses = volume_mm3[::-1], edges_gy[::-1]
    after = min(int(falling.searchsorted(asked)), len(falling) - 1)
    if after == 0:
        return float(doses[0])
    share = (falling[after] - asked) / (falling[after] - falling[after - 1])
    return float(doses[after] + max(share, 0.0) * (doses[after - 1] - doses[after]))


def _physical(dose_gy: float, scale: str, fractions: int, alpha_beta: float) -> float:
    # BED is EQD2 times (1 + 2 / (a/b)).
    eqd2 = dose_gy if scale == "EQD2" else dose_gy / (1 + 2 / alpha_beta)
    return radiobiology.physical_from_eqd2(eqd2, fractions=fractions, alpha_beta_gy=alpha_beta)
