"""What differs between two guidelines, two protocols, or a centre and what was published."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from constraints.model import Guideline, Protocol
from constraints.terms import Comparison

__all__ = ["Difference", "compare_guidelines", "compare_protocols"]

_UPPER = (Comparison.AT_MOST.value, Comparison.BELOW.value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One place where two rule files say something else.

    Parameters
    ----------
    where
        Row and key, such as ``"heart-d15cc/5 value"``, or criterion.
    before, after
        What the first and the second file say; ``"-"`` where one is silent.
    direction
        ``"tightened"`` or ``"loosened"`` for the value of a limit, else ``"changed"``,
        ``"added"`` or ``"dropped"``.
    """

    where: str
    before: str
    after: str
    direction: str


def compare_guidelines(before: Guideline, after: Guideline) -> tuple[Difference, ...]:
    """Return every row that differs, key by key.

    Examples
    --------
    >>> from constraints.loader import load
    >>> old, new = load("tg101-2010-first-printing"), load("tg101-2010")
    >>> found = compare_guidelines(old, new)
    >>> [d for d in found if d.where == "lungs-cv1500cc/3 value"]
    [Difference(where='lungs-cv1500cc/3 value', before='11.6', after='10.5', direction='tightened')]
    """
    found: list[Difference] = []
    for field in Guideline.model_fields:
        one, other = getattr(before, field), getattr(after, field)
        if field == "id" or one == other:
            continue
        if isinstance(one, tuple):
            found += _rows({row.id: row for row in one}, {row.id: row for row in other})
        else:
            found += _keys(_flat(one), _flat(other), at=field)
    return tuple(found)


def compare_protocols(before: Protocol, after: Protocol) -> tuple[Difference, ...]:
    """Return every key, criterion and list of a protocol that differs.

    Examples
    --------
    >>> from constraints.loader import load_protocol
    >>> small, full = load_protocol("bone_metastases"), load_protocol("bone_metastases_full")
    >>> {d.direction for d in compare_protocols(small, full) if d.where == "guidelines"}
    {'added'}
    """
    found: list[Difference] = []
    for field in Protocol.model_fields:
        one, other = getattr(before, field), getattr(after, field)
        if field == "id" or one == other:
            continue
        if isinstance(one, dict):
            found += _keys(_items(one), _items(other), at=field)
        elif isinstance(one, tuple):
            found += _listed(one, other, at=field)
        else:
            found.append(_changed(field, one, other))
    return tuple(found)


def _rows(before: Mapping[str, BaseModel], after: Mapping[str, BaseModel]) -> Iterator[Difference]:
    for id_ in dict.fromkeys((*before, *after)):
        one, other = before.get(id_), after.get(id_)
        if one is None:
            yield Difference(where=id_, before="-", after=_said(other), direction="added")
        elif other is None:
            yield Difference(where=id_, before=_said(one), after="-", direction="dropped")
        elif one != other:
            yield from _keys(_flat(one), _flat(other), at=id_)


def _keys(
    before: Mapping[str, object], after: Mapping[str, object], *, at: str
) -> Iterator[Difference]:
    for key in dict.fromkeys((*before, *after)):
        where = f"{at} {key}".strip()
        if key not in before:
            yield Difference(where=where, before="-", after=_text(after[key]), direction="added")
        elif key not in after:
            yield Difference(where=where, before=_text(before[key]), after="-", direction="dropped")
        elif before[key] != after[key]:
            direction = _direction(before, after) if key == "value" else "changed"
            yield Difference(
                where=where,
                before=_text(before[key]),
                after=_text(after[key]),
                direction=direction,
            )


def _direction(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    one, other = before["value"], after["value"]
    sign = before.get("comparison")
    if sign is None or sign != after.get("comparison") or before.get("unit") != after.get("unit"):
        return "changed"
    if not isinstance(one, int | float) or not isinstance(other, int | float):
        return "changed"
    return "tightened" if (other < one) is (sign in _UPPER) else "loosened"


def _listed(
    before: tuple[object, ...], after: tuple[object, ...], *, at: str
) -> Iterator[Difference]:
    gone = [item for item in before if item not in after]
    new = [item for item in after if item not in before]
    for item in gone:
        yield Difference(where=at, before=_text(item), after="-", direction="dropped")
    for item in new:
        yield Difference(where=at, before="-", after=_text(item), direction="added")
    if not gone and not new:
        # The same entries in another order: precedence differs.
        yield _changed(f"{at} order", before, after)


def _changed(where: str, before: object, after: object) -> Difference:
    return Difference(where=where, before=_text(before), after=_text(after), direction="changed")


def _items(values: Mapping[str, object]) -> dict[str, object]:
    """Return the entries of a dict, a criterion by its number."""
    flat: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, BaseModel):
            flat |= {f"{name} {key}": one for key, one in _flat(value).items()}
        else:
            flat[name] = value
    return flat


def _flat(value: object) -> dict[str, object]:
    if not isinstance(value, BaseModel):
        return {"": value}
    # What a site decided is told by the value that changed.
    left_out = ("id", "decided")
    return {key: getattr(value, key) for key in type(value).model_fields if key not in left_out}


def _said(row: object) -> str:
    """Return a row in a few words."""
    for key in ("value", "summary"):
        if hasattr(row, key):
            unit = getattr(row, "unit", "")
            return f"{_text(getattr(row, key))} {unit}".strip()
    return type(row).__name__


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return ", ".join(map(_text, value)) or "none"
    if isinstance(value, BaseModel):
        return ", ".join(f"{key} {_text(one)}" for key, one in _flat(value).items() if one)
    return str(value) if value != "" else "none"
