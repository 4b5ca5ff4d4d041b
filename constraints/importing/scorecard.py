"""The JSON scorecards of ProKnow and of PlanScoreCard.

Both score a plan by steps. Carried over are the first step, as goal, and the step that is still
acceptable, as limit; the steps between and the points are listed as left out.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any, TypeGuard

from constraints.errors import LibraryError
from constraints.importing.carried import (
    Bound,
    Goal,
    Imported,
    LeftOut,
    Scope,
    clean,
    is_looser,
    limits_of,
    structures_of,
)
from constraints.importing.expressions import NotCarried, bound_of
from constraints.terms import Comparison
from constraints.vocabulary import Vocabulary

__all__ = ["import_scorecard"]

_LARGEST_TEXT = 2_000_000
_MOST_METRICS = 5_000
# Type of a ProKnow metric: the expression it stands for, {} being its first argument.
_PROKNOW = {
    "DOSE_VOLUME_PERCENT_ROI": "D{}%[Gy]",
    "DOSE_VOLUME_CC_ROI": "D{}cc[Gy]",
    "DOSE_VOLUME_MINUS_CC_ROI": "DC{}cc[Gy]",
    "VOLUME_CC_DOSE_ROI": "V{}Gy[cc]",
    "VOLUME_PERCENT_DOSE_ROI": "V{}Gy[%]",
    "MIN_DOSE_ROI": "Min[Gy]",
    "MAX_DOSE_ROI": "Max[Gy]",
    "MEAN_DOSE_ROI": "Mean[Gy]",
}
_POINTS = {"MinDose": "Min", "MaxDose": "Max", "MeanDose": "Mean"}
_UNITS = {"gy": "Gy", "cgy": "cGy", "cc": "cc", "%": "%"}
_Metric = Mapping[str, Any]
_Step = tuple[str, Decimal]


def import_scorecard(text: str, *, title: str, scope: Scope, vocabulary: Vocabulary) -> Imported:
    """Return what a JSON scorecard says.

    Parameters
    ----------
    text
        The file.
    title
        Its name, used where it states none.
    scope
        Technique and fractions. Where the card states its fractions they are taken, and others
        in the scope are refused.
    vocabulary
        Names the structures are looked up in.

    Raises
    ------
    LibraryError
        If the text is too large, no JSON, neither kind of scorecard, or for other fractions.

    Examples
    --------
    >>> from constraints.terms import Technique
    >>> from constraints.vocabulary import load_vocabulary
    >>> steps = '[{"label": "IDEAL", "max": 12.4}, {"label": "ACCEPTABLE", "max": 14}]'
    >>> metric = '{"type": "MAX_DOSE_ROI", "roi_name": "Cord", "objectives": ' + steps + '}'
    >>> card = '{"name": "Spine", "computed": [' + metric + ']}'
    >>> imported = import_scorecard(
    ...     card,
    ...     title="card",
    ...     scope=Scope(technique=Technique.STEREOTACTIC, fractions=(1,)),
    ...     vocabulary=load_vocabulary(),
    ... )
    >>> [(limit.kind.value, str(limit.metric), limit.value) for limit in imported.limits]
    [('optimal', 'Dmax', 12.4), ('mandatory', 'Dmax', 14.0)]
    """
    data = _read(text, title=title)
    left: list[LeftOut] = []
    if isinstance(data.get("computed"), list):
        name = clean(data.get("name") or title)
        read = _proknow
        metrics = data["computed"]
        left += [
            LeftOut(
                place=f"custom metric {number}",
                what=clean(custom.get("name", custom.get("id", "")) if _is(custom) else custom),
                reason="a figure typed by hand; no plan holds it",
            )
            for number, custom in enumerate(_list(data.get("custom")), start=1)
        ]
    elif isinstance(data.get("ScoreTemplates") or data.get("ScoreMetrics"), list):
        name = clean(data.get("TemplateName") or data.get("Name") or title)
        read = _planscorecard
        metrics = data.get("ScoreTemplates") or data["ScoreMetrics"]
        scope = _stated(data, scope, title=title)
    else:
        raise LibraryError(
            f"{clean(title)}: no scorecard; a ProKnow template has 'computed', a PlanScoreCard "
            "file 'ScoreTemplates'"
        )
    if len(metrics) > _MOST_METRICS:
        raise LibraryError(f"{clean(title)}: more than {_MOST_METRICS} metrics")
    goals: list[Goal] = []
    aliases: dict[tuple[str, str], None] = {}
    for number, metric in enumerate(metrics, start=1):
        place = f"metric {number}"
        try:
            goal, new = read(metric, place, vocabulary, left)
        except NotCarried as reason:
            left.append(LeftOut(place=place, what=_said(metric), reason=str(reason)))
            continue
        goals.append(goal)
        aliases |= {(goal.structures[0], text): None for text in new if len(goal.structures) == 1}
    return Imported(
        title=name,
        limits=limits_of(goals, scope),
        aliases=tuple(aliases),
        left_out=tuple(left),
    )


def _proknow(
    metric: object, place: str, vocabulary: Vocabulary, left: list[LeftOut]
) -> tuple[Goal, tuple[str, ...]]:
    if not _is(metric):
        raise NotCarried("is no metric")
    kind = clean(metric.get("type", ""))
    if kind not in _PROKNOW:
        raise NotCarried(f"{kind or 'no type'}: not a limit on a dose-volume histogram")
    names, new = _structures(metric.get("roi_name"), vocabulary)
    pattern = _PROKNOW[kind]
    expression = pattern.format(_plain(metric.get("arg_1"))) if "{}" in pattern else pattern
    steps, sign = _steps(metric.get("objectives"))
    return _goal(names, expression, sign, steps, place, left), new


def _steps(objectives: object) -> tuple[list[_Step], Comparison]:
    """Return (label, figure) of every step with a figure, and the relation they share."""
    upper: list[_Step] = []
    lower: list[_Step] = []
    for step in _list(objectives):
        if not _is(step):
            raise NotCarried("an objective that is none")
        ends = {key: step.get(key) for key in ("min", "max") if step.get(key) is not None}
        if len(ends) > 1:
            raise NotCarried("a step with a lower and an upper end")
        for key, figure in ends.items():
            (upper if key == "max" else lower).append(
                (clean(step.get("label", "")), _number(figure))
            )
    if bool(upper) == bool(lower):
        raise NotCarried("objectives without a figure" if not upper else "lower and upper ends")
    return (upper, Comparison.AT_MOST) if upper else (lower, Comparison.AT_LEAST)


def _planscorecard(
    metric: object, place: str, vocabulary: Vocabulary, left: list[LeftOut]
) -> tuple[Goal, tuple[str, ...]]:
    if not _is(metric):
        raise NotCarried("is no metric")
    structure = metric.get("Structure")
    if not _is(structure):
        raise NotCarried("names no structure")
    name = structure.get("TemplateStructureId") or structure.get("StructureId")
    names, new = _structures(name, vocabulary)
    points = sorted(_points(metric.get("ScorePoints")))
    figures = [score for _, score, _ in points]
    rising = all(a <= b for a, b in pairwise(figures))
    falling = all(a >= b for a, b in pairwise(figures))
    if rising == falling:
        raise NotCarried("points that neither rise nor fall with the figure")
    # The step with the best score comes first.
    ordered = points if falling else points[::-1]
    best = max(figures)
    aim = [step for step in ordered if step[1] == best][-1]
    steps = [("goal", aim[0])]
    accepted = next((step for step in ordered if step[2]), ordered[-1])
    if accepted[0] != aim[0]:
        steps.append(("ACCEPTABLE", accepted[0]))
    between = len(points) - len({aim[0], accepted[0]})
    if between:
        left.append(
            LeftOut(
                place=place,
                what=_said(metric),
                reason=f"{between} further score point(s); only goal and acceptable are carried",
            )
        )
    sign = Comparison.AT_MOST if falling else Comparison.AT_LEAST
    goal = _goal(names, _expression(metric), sign, steps, place, left)
    return goal, new


def _points(value: object) -> Iterator[tuple[Decimal, Decimal, bool]]:
    points = _list(value)
    if not points:
        raise NotCarried("no score points")
    for point in points:
        if not _is(point):
            raise NotCarried("a score point that is none")
        yield (
            _number(point.get("PointX")),
            _number(point.get("Score")),
            point.get("Variation") is True,
        )


def _expression(metric: _Metric) -> str:
    kind = clean(metric.get("MetricType", ""))
    answer = _UNITS.get(clean(metric.get("OutputUnit", "")).lower(), "")
    asked = _UNITS.get(clean(metric.get("InputUnit", "")).lower(), "")
    if kind in _POINTS:
        return f"{_POINTS[kind]}[{answer}]"
    if kind == "DoseAtVolume":
        return f"D{_plain(metric.get('InputValue'))}{asked}[{answer}]"
    if kind == "VolumeAtDose":
        return f"V{_plain(metric.get('InputValue'))}{asked}[{answer}]"
    raise NotCarried(f"{kind or 'no type'}: not a limit on a dose-volume histogram")


def _goal(
    names: tuple[str, ...],
    expression: str,
    sign: Comparison,
    steps: list[_Step],
    place: str,
    left: list[LeftOut],
) -> Goal:
    bounds = [(label, bound_of(expression, sign, figure)) for label, figure in steps]
    for (_, one), (_, other) in pairwise(bounds):
        if not is_looser(other, one):
            raise NotCarried("steps that do not loosen one after the other")
    aim = bounds[0][1]
    chosen = next(
        (i for i, (label, _) in enumerate(bounds) if label.upper().startswith("ACCEPTABLE")),
        len(bounds) - 1,
    )
    accepted: Bound | None = bounds[chosen][1] if chosen else None
    others = [label for i, (label, _) in enumerate(bounds) if i not in (0, chosen)]
    if others:
        left.append(
            LeftOut(
                place=place,
                what=f"{', '.join(names)} {expression}: {', '.join(others)}",
                reason="further steps; only goal and acceptable are carried",
            )
        )
    return Goal(structures=names, aim=aim, accepted=accepted, where=place)


def _structures(name: object, vocabulary: Vocabulary) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not isinstance(name, str) or not clean(name):
        raise NotCarried("names no structure")
    names, new, why = structures_of(clean(name), (), vocabulary)
    if not names:
        raise NotCarried(why)
    return names, new


def _stated(data: _Metric, scope: Scope, *, title: str) -> Scope:
    """Return the scope with the fractions the card states."""
    stated = data.get("NumberOfFractions")
    if not isinstance(stated, Decimal) or stated != stated.to_integral_value() or stated < 1:
        return scope
    fractions = (int(_bounded(stated)),)
    if scope.fractions and scope.fractions != fractions:
        raise LibraryError(
            f"{clean(title)}: is for {fractions[0]} fraction(s), asked for {scope.fractions!r}"
        )
    return Scope(
        technique=scope.technique,
        fractions=fractions,
        dose_per_fraction_gy=scope.dose_per_fraction_gy,
    )


def _read(text: str, *, title: str) -> dict[str, Any]:
    if len(text) > _LARGEST_TEXT:
        raise LibraryError(f"{clean(title)}: larger than {_LARGEST_TEXT} characters")
    try:
        # Decimals keep 12.4 as it is written, and no number is too long to be read.
        data = json.loads(
            text.lstrip("\ufeff"), parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise LibraryError(f"{clean(title)}: not readable as JSON: {clean(error)}") from error
    if not isinstance(data, dict):
        raise LibraryError(f"{clean(title)}: no scorecard; must be one object")
    return data


def _refuse(text: str) -> None:
    raise ValueError(f"{text} is no figure")


def _number(value: object) -> Decimal:
    if not isinstance(value, Decimal):
        raise NotCarried(f"{clean(value)!r} is no number")
    return _bounded(value)


def _bounded(value: Decimal) -> Decimal:
    # Written out, 1E+999999 would fill a megabyte.
    if not value.is_finite() or (value and not -12 <= value.adjusted() <= 12):
        raise NotCarried(f"{clean(value)!r} is no figure of a goal")
    return value


def _plain(value: object) -> str:
    return format(_number(value), "f")


def _is(value: object) -> TypeGuard[_Metric]:
    return isinstance(value, Mapping)


def _list(value: object) -> Iterable[Any]:
    return value if isinstance(value, list) else ()


def _said(metric: object) -> str:
    if not isinstance(metric, Mapping):
        return clean(metric)
    structure = metric.get("Structure")
    name = metric.get("roi_name") or (
        structure.get("StructureId", "") if isinstance(structure, Mapping) else ""
    )
    kind = metric.get("type") or metric.get("MetricType", "")
    return clean(f"{name} {kind} {metric.get('arg_1') or metric.get('InputValue') or ''}")
