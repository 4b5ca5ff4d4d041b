"""Clinic names to TG-263; every match says how (interface; matching follows)."""

from dataclasses import dataclass

__all__ = ["Match"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """How one ROI was matched to the vocabulary.

    Parameters
    ----------
    roi_number, roi_name
        The ROI as the export names it.
    name
        TG-263 name; empty when nothing matched. A PRV keeps its organ's name with the margin,
        ``SpinalCord_PRV02``; a target is ``PTV``, ``CTV`` or ``GTV`` plus whatever TG-263
        suffix it carries.
    how
        ``"exact TG-263 name"``, ``"alias"``, ``"ROI code"``, ``"site alias"``, ``"ROI type"``,
        ``"ambiguous"`` or ``"unmatched"``, with detail.
    category
        ``"target"``, ``"organ"``, ``"prv"``, ``"external"``, ``"support"`` or ``"other"``.
    base
        Name of the organ of a PRV, else equal to `name`.
    prv_mm
        Margin of a PRV in mm where the name states one.
    suggestions
        Near names by fuzzy comparison: shown, never used.
    """

    roi_number: int
    roi_name: str
    name: str
    how: str
    category: str = "other"
    base: str = ""
    prv_mm: float | None = None
    suggestions: tuple[str, ...] = ()
