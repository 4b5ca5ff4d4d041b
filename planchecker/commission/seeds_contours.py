"""Seeded errors of the structures."""

from copy import deepcopy

import numpy as np
from numpy.typing import NDArray

from planchecker.checks.level import levels_in, side_of
from planchecker.checks.limits.nesting import is_neural
from planchecker.commission.export import Export
from planchecker.commission.model import Impossible, Mutation
from planchecker.commission.seeding import asked_of, seed
from planchecker.results import Status

__all__ = ["MUTATIONS"]

_TARGETS = ("PTV", "CTV", "GTV")
Points = NDArray[np.float64]


def _without(export: Export, numbers: list[int]) -> None:
    for number in numbers:
        export.contours(number).ContourSequence = []


def _neural(export: Export) -> list[int]:
    if export.clean.scheme.spine is False:
        raise Impossible("the target is not spine")
    found = [
        match.roi_number
        for match in export.clean.matches
        if is_neural(export.clean.protocol, match.name)
    ]
    drawn = [number for number in found if number in export.numbers("organ", "prv")]
    if not drawn:
        raise Impossible("no cord is contoured")
    return drawn


def _no_cord(export: Export) -> None:
    _without(export, _neural(export))


def _no_cord_tested(export: Export) -> None:
    if any(found.status is not Status.PASS for found in asked_of(export, "DL900")):
        raise Impossible("no governing limit of the cord is tested in the plan as it is")
    _no_cord(export)


def _no_target(export: Export) -> None:
    _without(export, export.numbers("target"))


def _no_body(export: Export) -> None:
    export.first("external")
    _without(export, export.numbers("external"))


def _empty_ptv(export: Export) -> None:
    _without(export, [export.first(names=("PTV",))])


def _same_name(export: Export) -> None:
    organs = export.numbers("organ")
    if len(organs) < 2:
        raise Impossible("fewer than two organs are contoured")
    export.roi(organs[1]).ROIName = export.roi(organs[0]).ROIName


def _second_body(export: Export) -> None:
    """Add a copy of the body under another name, as an older outline would stay."""
    number = export.first("external")
    drawn, listed = deepcopy(export.contours(number)), deepcopy(export.roi(number))
    seen = deepcopy(export.observation(number))
    other = 1 + max(int(item.ROINumber) for item in export.structures.StructureSetROISequence)
    drawn.ReferencedROINumber = listed.ROINumber = seen.ReferencedROINumber = other
    seen.ObservationNumber = other
    listed.ROIName, seen.RTROIInterpretedType = "Outline_old", "EXTERNAL"
    export.structures.StructureSetROISequence.append(listed)
    export.structures.ROIContourSequence.append(drawn)
    export.structures.RTROIObservationsSequence.append(seen)


def _other_side(export: Export) -> None:
    context = export.clean
    plan = context.case.plan
    stated = side_of(context, f"{plan.label} {plan.name}") if plan else ""
    if not stated:
        raise Impossible("the plan label states no side")
    export.plan.RTPlanLabel = "FEMUR RIGHT" if stated == "left" else "FEMUR LEFT"
    export.plan.RTPlanName = ""


def _target_as_organ(export: Export) -> None:
    export.observation(export.first(names=_TARGETS)).RTROIInterpretedType = "ORGAN"


def _collapsed(export: Export) -> None:
    """Leave two points of one contour of the target, as a stray double click does."""
    contours = export.contours(export.first(names=_TARGETS)).ContourSequence
    middle = contours[len(contours) // 2]
    export.draw(middle, export.points(middle)[:2])


def _middle_height(export: Export, number: int) -> float:
    heights = export.heights(number)
    if len(heights) < 5:
        raise Impossible("it is contoured on fewer than five slices")
    return heights[len(heights) // 2]


def _cord_cropped(export: Export) -> None:
    height = _middle_height(export, export.first(names=_TARGETS))
    for number in _neural(export):
        export.keep(number, lambda z: z < height)


def _cord_short(export: Export) -> None:
    heights = export.heights(export.first(names=("PTV", "CTV")))
    for number in _neural(export):
        export.keep(number, lambda z: heights[0] - 1 < z < heights[-1] + 1)


def _cord_gap(export: Export) -> None:
    number = _neural(export)[0]
    height = _middle_height(export, number)
    export.keep(number, lambda z: abs(z - height) > 0.01)


def _target_gap(export: Export) -> None:
    number = export.first(names=_TARGETS)
    height = _middle_height(export, number)
    export.keep(number, lambda z: abs(z - height) > 0.01)


def _stray(export: Export) -> None:
    item = export.contours(export.first(names=_TARGETS))
    contours = item.ContourSequence
    points = np.concatenate([export.points(c) for c in contours])
    extra = deepcopy(contours[len(contours) // 2])
    x, y = points[:, 0].min() - 12, points[:, 1].mean()
    z = float(extra.ContourData[2])
    square = [[x - 3, y - 3, z], [x + 3, y - 3, z], [x + 3, y + 3, z], [x - 3, y + 3, z]]
    export.draw(extra, np.array(square))
    contours.append(extra)


def _stated_volume(export: Export) -> None:
    for number in export.numbers("target", "organ"):
        dvh = export.clean.dvhs.get(number)
        least = export.clean.criterion("stored_dvh.min_volume_cc")
        if dvh is not None and dvh.volume_cc > least:
            export.roi(number).ROIVolume = f"{dvh.volume_cc * 1.2:.3f}"
            return
    raise Impossible("no structure is large enough")


def _sided(export: Export) -> dict[str, int]:
    """Return pairs of left and right by TG-263 name."""
    by_name = {m.name: m.roi_number for m in export.clean.matches if m.category == "organ"}
    pairs = [n[:-2] for n in by_name if n.endswith("_L") and f"{n[:-2]}_R" in by_name]
    if not pairs:
        raise Impossible("no organ is contoured on both sides")
    return {side: by_name[f"{pairs[0]}_{side}"] for side in "LR"}


def _names_swapped(export: Export) -> None:
    pair = _sided(export)
    left, right = export.roi(pair["L"]), export.roi(pair["R"])
    left.ROIName, right.ROIName = str(right.ROIName), str(left.ROIName)


def _mirrored(export: Export) -> None:
    _sided(export)
    outline = export.contours(export.first("external")).ContourSequence
    points = np.concatenate([export.points(c) for c in outline])
    twice = points[:, 0].min() + points[:, 0].max()
    for number in export.numbers("organ", "target", "prv"):
        export.move(number, lambda p: np.column_stack([twice - p[:, 0], p[:, 1:]]))


def _grown(points: Points, factor: float, middle: Points) -> Points:
    moved = points.copy()
    moved[:, :2] = middle[:2] + factor * (points[:, :2] - middle[:2])
    return moved


def _middle(export: Export, number: int) -> Points:
    contours = export.contours(number).ContourSequence
    points = np.concatenate([export.points(c) for c in contours])
    return np.asarray(points.mean(axis=0))


def _ctv_grown(export: Export) -> None:
    number = export.first(names=("CTV", "GTV"))
    export.first(names=("PTV",))
    middle = _middle(export, number)
    export.move(number, lambda p: _grown(p, 1.6, middle))


def _ptv_moved(export: Export) -> None:
    export.first(names=("CTV", "GTV"))
    export.move(export.first(names=("PTV",)), lambda p: p + np.array([15.0, 0.0, 0.0]))


def _prv(export: Export) -> tuple[int, int]:
    for match in export.clean.matches:
        organs = [m for m in export.clean.matches if m.name == match.base and m is not match]
        if match.category == "prv" and organs:
            return match.roi_number, organs[0].roi_number
    raise Impossible("no PRV is contoured together with its organ")


def _prv_small(export: Export) -> None:
    prv, organ = _prv(export)
    drawn = [deepcopy(c) for c in export.contours(organ).ContourSequence]
    export.contours(prv).ContourSequence = drawn


def _prv_moved(export: Export) -> None:
    export.move(_prv(export)[0], lambda p: p + np.array([4.0, 0.0, 0.0]))


def _in_air(export: Export) -> None:
    outline = export.contours(export.first("external")).ContourSequence
    front = min(float(export.points(c)[:, 1].min()) for c in outline)
    number = export.first(names=_TARGETS)
    shift = front - _middle(export, number)[1]
    export.move(number, lambda p: p + np.array([0.0, shift, 0.0]))


def _next_level(export: Export) -> None:
    """Write the label of a neighbouring vertebra that is contoured by name."""
    context = export.clean
    drawn = [
        levels[0]
        for match in context.matches
        if match.category != "target" and len(levels := levels_in(context, match.roi_name)) == 1
    ]
    stated = levels_in(context, f"{context.case.plan.label}") if context.case.plan else ()
    others = [level for level in drawn if level not in stated]
    if not stated or not others or len(others) == len(drawn):
        raise Impossible("no level is stated and contoured beside another one")
    export.plan.RTPlanLabel = others[-1]
    export.plan.RTPlanName = others[-1]


MUTATIONS: tuple[Mutation, ...] = (
    seed(
        "no-cord",
        "ST001",
        "not-evaluated",
        "cord not contoured",
        r"no contour of the cord",
        _no_cord,
    ),
    seed(
        "no-cord-tested",
        "DL900",
        "not-evaluated",
        "no limit of the cord tested",
        r"cord",
        _no_cord_tested,
    ),
    seed(
        "no-target",
        "ST001",
        "not-evaluated",
        "no target contoured",
        r"no contour of the target",
        _no_target,
    ),
    seed("no-body", "ST001", "warn", "body not contoured", r"no contour of the body", _no_body),
    seed("same-name", "ST002", "manual", "two organs of one name", r"carry the", _same_name),
    seed("second-body", "ST002", "manual", "two outlines of the body", r"carry the", _second_body),
    seed(
        "target-as-organ",
        "ST003",
        "manual",
        "target typed as an organ",
        r"organ by roi type",
        _target_as_organ,
    ),
    seed("empty-ptv", "ST004", "warn", "PTV without contours", r"without contours", _empty_ptv),
    seed("collapsed-contour", "ST005", "manual", "contour of two points", r"contour", _collapsed),
    seed(
        "cord-cropped",
        "ST006",
        "manual",
        "cord ends in the target",
        r"no contour of the cord",
        _cord_cropped,
    ),
    seed(
        "cord-gap",
        "ST010",
        "manual",
        "one slice of the cord missing",
        r"not contoured between",
        _cord_gap,
    ),
    seed(
        "target-gap",
        "ST010",
        "manual",
        "one slice of the target missing",
        r"not contoured between",
        _target_gap,
    ),
    seed("stray-piece", "ST011", "manual", "stray piece beside the target", r"stray", _stray),
    seed(
        "stated-volume",
        "ST012",
        "manual",
        "volume changed after export",
        r"the export states",
        _stated_volume,
    ),
    seed(
        "names-swapped",
        "ST013",
        "fail",
        "left and right named the wrong way",
        r"is named (left|right)",
        _names_swapped,
    ),
    seed("mirrored", "ST013", "fail", "structures mirrored", r"is named (left|right)", _mirrored),
    seed(
        "other-side",
        "ST013",
        "manual",
        "label of the other side",
        r"every target lies on the other side",
        _other_side,
    ),
    seed(
        "ctv-grown", "ST014", "manual", "CTV changed after the PTV was grown", r"out of", _ctv_grown
    ),
    seed("ptv-moved", "ST014", "manual", "PTV moved by 15 mm", r"out of", _ptv_moved),
    seed(
        "prv-small",
        "ST015",
        "manual",
        "PRV without its margin",
        r"its name says|out of",
        _prv_small,
    ),
    seed(
        "prv-moved", "ST015", "manual", "PRV of an older cord", r"out of|its name says", _prv_moved
    ),
    seed(
        "target-in-air", "ST016", "manual", "target reaches into air", r"outside the body", _in_air
    ),
    seed(
        "cord-short",
        "ST017",
        "manual",
        "cord contoured along the target only",
        r"is not contoured at",
        _cord_short,
    ),
    seed(
        "wrong-level",
        "ST018",
        "fail manual",
        "label of the next vertebra",
        r"labelled|names say",
        _next_level,
    ),
)
