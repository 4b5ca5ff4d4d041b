"""RX005: dose and fractions as the plan label states them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from planchecker.case import Plan
from planchecker.checks.context import Context, Outcome
from planchecker.checks.saying import moot, say
from planchecker.results import Finding, Status
from planchecker.schemes.inference import INFERRED
from planchecker.schemes.tables import named

__all__ = ["StatedScheme", "label_agrees", "schemes_in"]

_NUMBER = r"(\d{1,3}(?:[.,]\d{1,2})?)"
_COUNT = r"(\d{1,2})"
# 24Gy/2, 30 Gy in 10, 30 Gy 10 fx; fractions follow a separator or are followed by their word.
_TOTAL = re.compile(
    rf"(?<![\d.,]){_NUMBER}\s*gy\s*(?:(?:/|in|en|i)\s*{_COUNT}(?![\d.,/])"
    rf"|[-,]?\s*{_COUNT}\s*(?:fx|fr|f)\b)"
)
# 5 x 4 Gy: fractions first.
_TIMES = re.compile(rf"(?<![\d.,/]){_COUNT}\s*[x×*]\s*{_NUMBER}\s*gy")
# 4 Gy x 5: fractions last.
_EACH = re.compile(rf"(?<![\d.,]){_NUMBER}\s*gy\s*[x×*]\s*{_COUNT}(?![\d.,])")
_BARE = re.compile(rf"(?<![\d.,/-]){_COUNT}/{_COUNT}(?![\d.,/-])")
_DOSE = re.compile(rf"(?<![\d.,]){_NUMBER}\s*gy")


@dataclass(frozen=True, kw_only=True, slots=True)
class StatedScheme:
    """What a text says is prescribed; `fractions` is None where it states a dose alone."""

    dose_gy: float
    fractions: int | None = None

    @property
    def words(self) -> str:
        """Dose and fractions in words."""
        return f"{self.dose_gy:g} Gy" + (f" in {self.fractions}" if self.fractions else "")


def label_agrees(context: Context) -> Iterator[Outcome]:
    """Ask whether the plan label states the scheme that is prescribed.

    What
    ----
    Dose and fractions written in RT Plan Label, Name or Description, such as ``30Gy/10``,
    ``5 x 4 Gy`` or a named pair such as ``8/1``, against those of the plan; and those written in
    the Prescription Description by themselves.

    Why
    ---
    20 Gy in 4 instead of 5 may be a scheme of its own, and then no table finds the slip; the
    label was written by somebody who knew what was meant.

    Passes
    ------
    One of the schemes in the label, name or description is that of the plan, and one of those in
    the Prescription Description, the dose within ``prescription.total_tolerance_percent``; a
    dose alone may be that of the course or of a fraction.

    Fires
    -----
    `manual` where none is.

    Not evaluated
    -------------
    Where a text states a scheme and the plan states no dose or no fractions. Texts that state
    none are listed as not applicable.

    References
    ----------
    AAPM MPPG 11.a: labels agree with the prescription, and the total dose with fraction dose
    times fractions; DICOM RT Plan Label (300A,0002), Prescription Description (300A,000E).
    """
    plan = context.case.plan
    if plan is None:
        return
    labelled = schemes_in(context, plan.label, plan.name, plan.description)
    described = schemes_in(context, plan.prescription_text)
    if not labelled and not described:
        yield moot("RX005", "label", "label, name and description state no dose")
    if labelled:
        yield _compared(context, plan, "label", "The label", labelled)
    if described:
        text = "The prescription description"
        yield _compared(context, plan, "prescription description", text, described)


def _compared(
    context: Context, plan: Plan, subject: str, text: str, found: tuple[StatedScheme, ...]
) -> Finding:
    said = ", ".join(dict.fromkeys(scheme.words for scheme in found))
    stated = plan.prescription
    if not stated.dose_gy or not stated.fractions or stated.source == INFERRED:
        return say(
            "RX005",
            subject,
            Status.NOT_EVALUATED,
            f"{text} says {said}; the plan states no dose or fractions to compare with.",
            remedy="State total dose and number of fractions in the plan, and export it again.",
        )
    agrees = any(_fits(context, one, stated.dose_gy, stated.fractions) for one in found)
    planned = f"{stated.dose_gy:g} Gy in {stated.fractions}"
    return say(
        "RX005",
        subject,
        Status.PASS if agrees else Status.MANUAL,
        f"{text} says {said}, as the plan does."
        if agrees
        else f"{text} says {said}; the plan has {planned}.",
        remedy="Check dose and fractions against the prescription, and correct the label.",
    )


def schemes_in(context: Context, *texts: str) -> tuple[StatedScheme, ...]:
    """Return the schemes that texts state; a dose alone only where nothing states a pair.

    A pair without the unit, such as ``8/1``, counts where a table of the protocol names it, for
    it may be a date.
    """
    pairs: list[StatedScheme] = []
    doses: list[StatedScheme] = []
    for text in texts:
        plain = text.casefold()
        pairs += [
            StatedScheme(dose_gy=_value(total), fractions=int(first or second))
            for total, first, second in _TOTAL.findall(plain)
        ]
        pairs += [_course(number, each) for number, each in _TIMES.findall(plain)]
        pairs += [_course(number, each) for each, number in _EACH.findall(plain)]
        bare = [
            StatedScheme(dose_gy=_value(total), fractions=int(number))
            for total, number in _BARE.findall(plain)
        ]
        pairs += [one for one in bare if _is_named(context, one)]
        doses += [StatedScheme(dose_gy=_value(total)) for total in _DOSE.findall(plain)]
    known = [one for one in pairs if one.fractions] or doses
    return tuple(dict.fromkeys(known))


def _course(number: str, each: str) -> StatedScheme:
    return StatedScheme(dose_gy=round(int(number) * _value(each), 6), fractions=int(number))


def _value(text: str) -> float:
    return float(text.replace(",", "."))


def _is_named(context: Context, scheme: StatedScheme) -> bool:
    return bool(
        scheme.fractions
        and named(
            scheme.dose_gy,
            scheme.fractions,
            protocol=context.protocol,
            guidelines=context.guidelines,
            reirradiation=True,
        )
    )


def _fits(context: Context, scheme: StatedScheme, dose_gy: float, fractions: int) -> bool:
    if scheme.fractions is not None and scheme.fractions != fractions:
        return False
    meant = [dose_gy] if scheme.fractions else [dose_gy, dose_gy / fractions]
    most = context.criterion("prescription.total_tolerance_percent")
    # Decimals of a text and of the plan differ in the last place.
    return any(100 * abs(scheme.dose_gy - dose) <= most * dose + 1e-6 for dose in meant)
