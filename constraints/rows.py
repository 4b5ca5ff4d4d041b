"""The shape of a rule file: table rows as a physicist writes them, unfolded to one per figure.

A guideline file follows its table: one ``[[limit]]`` per row. A row with one figure per number
of fractions writes ``value = { 1 = 14, 3 = 21.9, 5 = 30 }`` and becomes the limits ``row/1``,
``row/3`` and ``row/5``; ``evidence`` may be such a table as well. One ``[[scheme]]`` may list
several ``pairs = [[30, 10], [20, 5]]`` and becomes ``row/30-10`` and ``row/20-5``. What all rows
share stands once under ``[defaults.limit]``, ``[defaults.scheme]`` and so on. A protocol file
groups its criteria in tables, ``[criteria.coverage]``.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from constraints.errors import LibraryError

__all__ = ["Row", "flatten", "leaves", "number", "table", "tables"]

Row = dict[str, Any]

# Kind of row: the key that may hold a table of figures per number of fractions.
_PER_FRACTION = {
    "limit": "value",
    "part": "value",
    "conditional": "value",
    "own": "value",
    "practice": "span",
}


def flatten(rows: Iterable[Row], shared: Row, *, kind: str, file: str) -> Iterator[tuple[str, Row]]:
    """Yield (where it stands, one row per figure) with the shared keys filled in.

    Raises
    ------
    LibraryError
        If a figure is no number, or figures and fractions do not belong together.

    Examples
    --------
    >>> rows = flatten([{"id": "cord", "value": {"1": 14}}], {}, kind="limit", file="a.toml")
    >>> [row["id"] for _, row in rows]
    ['cord/1']
    """
    for index, own in enumerate(rows):
        row = {**shared, **own}
        at = f"{kind}[{index}]" + (f" ({own['id']!r})" if isinstance(own.get("id"), str) else "")
        if kind in _PER_FRACTION:
            yield from _per_fraction(row, of=_PER_FRACTION[kind], file=file, at=at)
        elif kind == "scheme" and "pairs" in row:
            yield from _per_pair(row, file=file, at=at)
        else:
            yield at, row


def _per_fraction(row: Row, *, of: str, file: str, at: str) -> Iterator[tuple[str, Row]]:
    figure, evidence = row.get(of), row.get("evidence")
    if not isinstance(figure, dict):
        if isinstance(evidence, dict):
            raise LibraryError(
                f"{file}: {at}.evidence: got a table {evidence!r} beside a single value; give "
                "one letter, or one value per number of fractions"
            )
        yield at, {**row, of: _figure(figure, of=of, file=file, at=f"{at}.{of}")}
        return
    if "fractions" in row:
        raise LibraryError(
            f"{file}: {at}.fractions: the {of} is given per number of fractions already; "
            "drop one of the two"
        )
    if not figure:
        raise LibraryError(f"{file}: {at}.{of}: an empty table; give one figure at least")
    if isinstance(evidence, dict) and set(evidence) != set(figure):
        raise LibraryError(
            f"{file}: {at}.evidence: is given for {sorted(evidence)!r} and the {of} for "
            f"{sorted(figure)!r}; they must be the same numbers of fractions"
        )
    for key, one in figure.items():
        if not key.isdecimal() or int(key) == 0:
            raise LibraryError(
                f"{file}: {at}.{of}: got {key!r}; the keys are numbers of fractions, such as 5"
            )
        flat = {
            **row,
            "id": f"{row.get('id', '')}/{int(key)}",
            of: _figure(one, of=of, file=file, at=f"{at}.{of}.{key}"),
            "fractions": [int(key)],
        }
        if isinstance(evidence, dict):
            flat["evidence"] = evidence[key]
        yield f"{at}.{key}", flat


def _figure(figure: object, *, of: str, file: str, at: str) -> object:
    # A span has two ends; the model sees to them.
    return number(figure, file=file, at=at) if of == "value" else figure


def _per_pair(row: Row, *, file: str, at: str) -> Iterator[tuple[str, Row]]:
    pairs = row["pairs"]
    if "dose_gy" in row or "fractions" in row:
        raise LibraryError(f"{file}: {at}: give either pairs or dose_gy and fractions, not both")
    if not isinstance(pairs, list) or not pairs:
        raise LibraryError(f"{file}: {at}.pairs: got {pairs!r}; must be like [[30, 10], [20, 5]]")
    for i, pair in enumerate(pairs):
        if not isinstance(pair, list) or len(pair) != 2:
            raise LibraryError(
                f"{file}: {at}.pairs[{i}]: got {pair!r}; must be [dose in Gy, fractions]"
            )
        where = f"{at}.pairs[{i}]"
        dose, fractions = (number(part, file=file, at=where) for part in pair)
        rest = {key: value for key, value in row.items() if key != "pairs"}
        label = f"{row.get('id', '')}/{dose:g}-{fractions:g}"
        yield where, {**rest, "id": label, "dose_gy": dose, "fractions": fractions}


def leaves(
    criteria: Mapping[str, Any], *, file: str, at: str, prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Yield criteria by dotted name from nested tables.

    Raises
    ------
    LibraryError
        If a criterion is no table with a number.

    Examples
    --------
    >>> dict(leaves({"grid": {"step_mm": {"value": 2}}}, file="a.toml", at="criteria"))
    {'grid.step_mm': {'value': 2}}
    """
    for key, value in criteria.items():
        if not isinstance(value, dict):
            raise LibraryError(
                f"{file}: {at}.{key}: got {value!r}; must be a table with value, unit, mark and "
                "source"
            )
        if "value" in value:
            number(value["value"], file=file, at=f"{at}.{key}.value")
            yield f"{prefix}{key}", value
        else:
            yield from leaves(value, file=file, at=f"{at}.{key}", prefix=f"{prefix}{key}.")


def number(value: object, *, file: str, at: str) -> float:
    """Return `value` if it is a number.

    Raises
    ------
    LibraryError
        If it is anything else.

    Examples
    --------
    >>> number(14, file="a.toml", at="value")
    14
    """
    # Pydantic would read true as 1 and "14" as 14; in a dose limit both are mistakes.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LibraryError(f"{file}: {at}: got {value!r}; must be a number")
    return value


def tables(value: object, *, file: str, at: str) -> list[Row]:
    """Return `value` if it is a list of tables.

    Raises
    ------
    LibraryError
        If it is anything else.

    Examples
    --------
    >>> tables([{"id": "cord"}], file="a.toml", at="limit")
    [{'id': 'cord'}]
    """
    if not isinstance(value, list):
        raise LibraryError(f"{file}: {at}: got {value!r}; must be a list of tables, [[{at}]]")
    return [table(row, file=file, at=f"{at}[{i}]") for i, row in enumerate(value)]


def table(value: object, *, file: str, at: str) -> Row:
    """Return `value` if it is a table.

    Raises
    ------
    LibraryError
        If it is anything else.

    Examples
    --------
    >>> table({"id": "cord"}, file="a.toml", at="source")
    {'id': 'cord'}
    """
    if not isinstance(value, dict):
        raise LibraryError(f"{file}: {at}: got {value!r}; must be a table of keys and values")
    return value
