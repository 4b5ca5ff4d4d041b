"""The metric language: what a limit asks of a dose-volume histogram.

Only the grammar lives here, so that the library can refuse a misspelt ``D0,03cc`` when it
loads. The number itself is computed by `planchecker.dosimetry`.

Grammar
-------
::

    metric    = [ scale ":" ] base
    scale     = ("EQD2" | "BED") "(" alpha_beta ")"
    base      = "Dmin" | "Dmax" | "Dmean"
              | "D" number "%"                   dose to the hottest x % of the volume
              | "D" number "cc"                  dose to the hottest x cc
              | "CV" number "cc"                 dose to the coldest x cc (critical volume)
              | "V" number "Gy" "[cc]" | "[%]"   volume that receives at least x Gy
              | "V" number "%"  "[cc]" | "[%]"   the same, x in % of the prescription

A scale converts every dose before the question is asked, the prescription included:
``EQD2(10):V95%[%]`` is the volume whose EQD2 is at least 95 % of the EQD2 of the prescription.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from constraints.errors import MetricSyntaxError

__all__ = ["Metric", "MetricKind"]

_NUMBER = r"(?P<number>\d+(?:\.\d+)?)"
_PATTERN = re.compile(
    r"(?:(?P<scale>EQD2|BED)\((?P<alpha_beta>\d+(?:\.\d+)?)\):)?"
    r"(?:(?P<point>Dmin|Dmax|Dmean)"
    rf"|(?P<family>D|CV|V){_NUMBER}(?P<unit>%|cc|Gy)(?:\[(?P<answer>cc|%)\])?)"
)


class MetricKind(StrEnum):
    """What is asked; the value is the expression without its number."""

    DMIN = "Dmin"
    """Lowest dose in the structure, in Gy."""
    DMAX = "Dmax"
    """Highest dose in the structure, in Gy."""
    DMEAN = "Dmean"
    """Mean dose of the structure, in Gy."""
    DOSE_AT_PERCENT = "D%"
    """Dose that the hottest x % of the volume receive at least, in Gy."""
    DOSE_AT_VOLUME = "Dcc"
    """Dose that the hottest x cc receive at least, in Gy."""
    COLDEST_VOLUME = "CVcc"
    """Dose that the coldest x cc stay below, in Gy."""
    VOLUME_AT_DOSE = "VGy"
    """Volume that receives at least x Gy, in cc or %."""
    VOLUME_AT_PERCENT = "V%"
    """Volume that receives at least x % of the prescription, in cc or %."""


_KINDS: dict[tuple[str, str], MetricKind] = {
    ("D", "%"): MetricKind.DOSE_AT_PERCENT,
    ("D", "cc"): MetricKind.DOSE_AT_VOLUME,
    ("CV", "cc"): MetricKind.COLDEST_VOLUME,
    ("V", "Gy"): MetricKind.VOLUME_AT_DOSE,
    ("V", "%"): MetricKind.VOLUME_AT_PERCENT,
}
_VOLUME_KINDS = (MetricKind.VOLUME_AT_DOSE, MetricKind.VOLUME_AT_PERCENT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One parsed metric expression.

    Parameters
    ----------
    kind
        What is asked.
    number
        The x of ``D<x>cc``, ``V<x>Gy`` and so on: %, cc or Gy as `kind` says; None for
        Dmin, Dmax and Dmean.
    unit
        Unit of the answer: ``"Gy"``, ``"cc"`` or ``"%"`` (of the structure volume).
    scale
        ``"EQD2"``, ``"BED"`` or ``""`` for physical dose.
    alpha_beta
        In Gy; given exactly when `scale` is.
    """

    kind: MetricKind
    number: float | None = None
    unit: str = "Gy"
    scale: str = ""
    alpha_beta: float | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a metric expression.

        Raises
        ------
        MetricSyntaxError
            If `text` does not follow the grammar; the message shows it and gives examples.

        Examples
        --------
        >>> Metric.parse("D0.03cc").number
        0.03
        >>> Metric.parse("V20Gy[%]").unit
        '%'
        >>> str(Metric.parse("EQD2(2):Dmax"))
        'EQD2(2):Dmax'
        """
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise MetricSyntaxError(_unreadable(text))
        scale = match["scale"] or ""
        alpha_beta = float(match["alpha_beta"]) if match["alpha_beta"] else None
        if alpha_beta == 0:
            raise MetricSyntaxError(f"{text!r}: alpha/beta must be above 0 Gy")
        if match["point"]:
            return cls(kind=MetricKind(match["point"]), scale=scale, alpha_beta=alpha_beta)
        kind = _KINDS.get((match["family"], match["unit"]))
        if kind is None or (kind in _VOLUME_KINDS) != bool(match["answer"]):
            raise MetricSyntaxError(_unreadable(text))
        number = float(match["number"])
        if kind is MetricKind.DOSE_AT_PERCENT and not 0 < number <= 100:
            raise MetricSyntaxError(f"{text!r}: the volume must lie above 0 and up to 100 %")
        if kind in (MetricKind.DOSE_AT_VOLUME, MetricKind.COLDEST_VOLUME) and number == 0:
            raise MetricSyntaxError(
                f"{text!r}: the volume must be above 0 cc; Dmax asks for a point"
            )
        return cls(
            kind=kind,
            number=number,
            unit=match["answer"] or "Gy",
            scale=scale,
            alpha_beta=alpha_beta,
        )

    def __str__(self) -> str:
        prefix = f"{self.scale}({self.alpha_beta:g}):" if self.scale else ""
        if self.number is None:
            return f"{prefix}{self.kind.value}"
        family = {"D%": "D", "Dcc": "D", "CVcc": "CV", "VGy": "V", "V%": "V"}[self.kind.value]
        unit = self.kind.value.removeprefix(family)
        answer = f"[{self.unit}]" if self.kind in _VOLUME_KINDS else ""
        return f"{prefix}{family}{self.number:.10g}{unit}{answer}"


def _unreadable(text: str) -> str:
    return (
        f"{text!r} is not a metric; examples are Dmax, Dmean, D95%, D0.03cc, CV700cc, V20Gy[%], "
        "V100%[%], EQD2(2):D0.03cc"
    )
