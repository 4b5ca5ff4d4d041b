"""ST013 and ST018: side and vertebral level against names, label and geometry."""

import re
from collections.abc import Iterator

import numpy as np

from planchecker.checks.anatomy_shape import axial_shapes
from planchecker.checks.body import bodies
from planchecker.checks.context import Context, Outcome
from planchecker.checks.planar import Planar
from planchecker.checks.saying import moot, say, tokens, words_in
from planchecker.naming import Match
from planchecker.results import Finding, Status

__all__ = ["levels_in", "right_level", "right_side", "side_of"]

_REGIONS = (("cervical", "C", 7), ("thoracic", "T", 12), ("lumbar", "L", 5), ("sacral", "S", 5))
_ORDER = tuple(f"{letter}{n}" for _, letter, count in _REGIONS for n in range(1, count + 1))
_SIDES = {"left": 1.0, "right": -1.0}


def right_side(context: Context) -> Iterator[Outcome]:
    """Ask whether left and right agree with names and label.

    What
    ----
    The middle of every structure whose name states a side against its counterpart of the other
    side, else against the middle of the body; the middle of the targets against a side in the
    plan label.

    Why
    ---
    The wrong side is the classic error; a mirrored or wrongly named structure shows it.

    Passes
    ------
    Every side that can be told agrees. Nearer than ``contours.side_offset_mm`` to the middle a
    structure has no side.

    Fires
    -----
    `fail` for a structure on the other side than its name says; `manual` for a target on the
    other side than the plan label says.

    Not evaluated
    -------------
    Never; where no name states a side that can be told, it is listed as not applicable.

    References
    ----------
    DICOM patient coordinates: x grows to the patient's left, whatever the position. AAPM
    TG-263 for the names.
    """
    shapes = list(axial_shapes(context))
    middles = {m.roi_number: (s.low_mm[0] + s.high_mm[0]) / 2 for m, s in shapes}
    around = bodies(context)
    middle = float(np.mean([(b.low_mm[0] + b.high_mm[0]) / 2 for b in around])) if around else None
    asked, findings = 0, []
    for match, shape in shapes:
        if match.category not in ("organ", "prv", "target"):
            continue
        offset = _offset(context, match, middles, middle)
        if offset is None:
            continue
        asked += 1
        stated = side_of(context, match.roi_name)
        if offset * _SIDES[stated] < 0:
            findings.append(
                say(
                    "ST013",
                    match.roi_name,
                    Status.FAIL,
                    f"{match.roi_name} is named {stated} and lies on the patient's "
                    f"{'right' if stated == 'left' else 'left'}.",
                    roi_number=match.roi_number,
                    remedy="Check name, side and orientation of the scan.",
                    location_mm=shape.middle_mm,
                )
            )
    told = _label_side(context, shapes, middle)
    if told is not None:
        asked += 1
        if told.status is not Status.PASS:
            findings.append(told)
    yield from findings
    if not asked:
        yield moot("ST013", "sides", "cannot tell: no name states a side that geometry can show")
    elif not findings:
        yield say("ST013", "sides", Status.PASS, f"Sides in names agree with geometry: {asked}.")


def side_of(context: Context, text: str) -> str:
    """Return ``"left"``, ``"right"`` or ``""`` for what a name says."""
    said = [side for side in _SIDES if words_in(context, side, text)]
    return said[0] if len(said) == 1 else ""


def _offset(
    context: Context, match: Match, middles: dict[int, float], middle: float | None
) -> float | None:
    """Return how far left of its counterpart or of the body's middle a structure lies, in mm."""
    stated = side_of(context, match.roi_name)
    if not stated:
        return None
    here = middles[match.roi_number]
    other = {"_L": "_R", "_R": "_L"}.get(match.name[-2:])
    twins = [m for m in context.matches if other and m.name == match.name[:-2] + other]
    for twin in twins:
        if twin.roi_number in middles and twin.roi_name != match.roi_name:
            return here - middles[twin.roi_number]
    far = context.criterion("contours.side_offset_mm")
    if middle is None or abs(here - middle) < far:
        return None
    return here - middle


def _label_side(
    context: Context, shapes: list[tuple[Match, Planar]], middle: float | None
) -> Finding | None:
    plan = context.case.plan
    targets = [shape for match, shape in shapes if match.category == "target"]
    stated = side_of(context, f"{plan.label} {plan.name}") if plan else ""
    if not stated or not targets or middle is None or plan is None:
        return None
    offsets = [float((s.low_mm[0] + s.high_mm[0]) / 2) - middle for s in targets]
    far = context.criterion("contours.side_offset_mm")
    if any(abs(offset) < far for offset in offsets):
        return None
    wrong = all(offset * _SIDES[stated] < 0 for offset in offsets)
    return say(
        "ST013",
        "plan label",
        Status.MANUAL if wrong else Status.PASS,
        f"The plan is labelled {plan.label!r}, and every target lies on the other side.",
        remedy="Check the side against the prescription.",
    )


def right_level(context: Context) -> Iterator[Outcome]:
    """Ask whether the treated vertebra is the one in the label.

    What
    ----
    Vertebral levels in the plan label and name and in the names of targets, against each other
    and against contours that are named after a level.

    Why
    ---
    A vertebra is easily miscounted; the level above or below is treated, with a clean plan.

    Passes
    ------
    All names state the same levels, and every target overlaps the contour of a level it is
    named for.

    Fires
    -----
    `manual` where names contradict each other, or the middle of a target lies on a contoured
    level and another is stated that is not contoured; `fail` where a target lies on the contour
    of another level and not on the one that is stated.

    Not evaluated
    -------------
    Cannot be told where no name states a level or none is contoured: listed as not applicable.

    References
    ----------
    Words of the protocol for the levels; D1 to D12 are thoracic vertebrae in French.
    """
    plan = context.case.plan
    label = levels_in(context, f"{plan.label} {plan.name}") if plan else ()
    shapes = list(axial_shapes(context, unnamed=True))
    targets = [(m, s) for m, s in shapes if m.category == "target"]
    drawn = {
        levels[0]: s
        for m, s in shapes
        if m.category != "target" and len(levels := levels_in(context, m.roi_name)) == 1
    }
    named = {m.roi_name: levels_in(context, m.roi_name) for m, _ in targets}
    findings = list(_label_against_name(context))
    for name, levels in named.items():
        if label and levels and not set(label) & set(levels):
            findings.append(
                say(
                    "ST018",
                    name,
                    Status.MANUAL,
                    f"The plan is labelled {'-'.join(label)}, the target {'-'.join(levels)}.",
                    remedy="Check the level against the prescription.",
                )
            )
    told = 0
    for match, shape in targets:
        stated = named[match.roi_name] or label
        contours = [level for level in stated if level in drawn]
        if not contours:
            findings.extend(_on_another(match, shape, stated, drawn))
            continue
        told += 1
        on = [level for level, contour in drawn.items() if _overlap_mm(shape, contour) > 0]
        if on and not set(on) & set(contours):
            findings.append(
                say(
                    "ST018",
                    match.roi_name,
                    Status.FAIL,
                    f"{match.roi_name} lies on {', '.join(on)}; the names say "
                    f"{', '.join(contours)}.",
                    roi_number=match.roi_number,
                    remedy="Count the vertebrae again.",
                    location_mm=shape.middle_mm,
                )
            )
        elif (best := _most(shape, drawn)) not in (None, *contours):
            findings.append(
                say(
                    "ST018",
                    match.roi_name,
                    Status.MANUAL,
                    f"{match.roi_name} lies mostly on {best}; the names say {', '.join(contours)}.",
                    roi_number=match.roi_number,
                    remedy="Count the vertebrae again.",
                    location_mm=shape.middle_mm,
                )
            )
    yield from findings
    if not findings and told:
        said = f"Targets that lie on the level in the names: {told}."
        yield say("ST018", "level", Status.PASS, said)
    elif not findings:
        lacking = "no name states a level" if not label and not any(named.values()) else ""
        reason = lacking or "the stated level is not contoured by name"
        yield moot("ST018", "level", f"cannot tell: {reason}")


def _label_against_name(context: Context) -> Iterator[Finding]:
    plan = context.case.plan
    label, name = (
        levels_in(context, text) for text in ((plan.label, plan.name) if plan else ("", ""))
    )
    if label and name and not set(label) & set(name):
        message = f"The plan is labelled {'-'.join(label)}, its name is {'-'.join(name)}."
        remedy = "Check the level against the prescription."
        yield say("ST018", "plan label", Status.MANUAL, message, remedy=remedy)


def _on_another(
    match: Match, shape: Planar, stated: tuple[str, ...], drawn: dict[str, Planar]
) -> Iterator[Finding]:
    """Tell where the middle of a target lies on a contoured level though another is stated."""
    middle = float(shape.heights_mm[0] + shape.heights_mm[-1]) / 2
    on = [
        level
        for level, contour in drawn.items()
        if float(contour.heights_mm[0]) <= middle <= float(contour.heights_mm[-1])
    ]
    if stated and on:
        yield say(
            "ST018",
            match.roi_name,
            Status.MANUAL,
            f"{match.roi_name} lies on {', '.join(on)}; the names say {', '.join(stated)}, which "
            "is not contoured.",
            roi_number=match.roi_number,
            remedy="Count the vertebrae again.",
            location_mm=shape.middle_mm,
        )


def levels_in(context: Context, text: str) -> tuple[str, ...]:
    """Return the vertebral levels a name states, in order; ``T9-T11`` stands for three."""
    alike = {
        word: letter
        for kind, letter, _ in _REGIONS
        for word in context.protocol.words.get(kind, ())
    }
    found: list[str] = []
    previous = ""
    for token in tokens(text):
        match = re.fullmatch(r"([a-z]+)0?(\d{1,2})", token)
        level = f"{alike.get(match[1], '?')}{match[2]}" if match else ""
        if level in _ORDER:
            if previous and _is_range(text, previous, token):
                first, last = sorted((_ORDER.index(found[-1]), _ORDER.index(level)))
                found += [_ORDER[i] for i in range(first + 1, last)]
            found.append(level)
            previous = token
        else:
            previous = ""
    return tuple(sorted(set(found), key=_ORDER.index))


def _is_range(text: str, first: str, second: str) -> bool:
    joined = rf"{re.escape(first)}\s*(?:-|–|to|à)\s*{re.escape(second)}"
    return re.search(joined, text.casefold()) is not None


def _overlap_mm(first: Planar, second: Planar) -> float:
    low = max(float(first.heights_mm[0]), float(second.heights_mm[0]))
    high = min(float(first.heights_mm[-1]), float(second.heights_mm[-1]))
    return high - low


def _most(shape: Planar, drawn: dict[str, Planar]) -> str | None:
    """Return the level whose contour shares most of its height with the shape's middle."""
    middle = float(shape.heights_mm[0] + shape.heights_mm[-1]) / 2
    away = {
        level: abs(float(c.heights_mm[0] + c.heights_mm[-1]) / 2 - middle)
        for level, c in drawn.items()
    }
    return min(away, key=lambda level: away[level], default=None)
