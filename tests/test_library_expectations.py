"""Every figure of the library against a committed table: no typo in a rule file goes unseen.

The table repeats what the rule files say, row by row, in another form. A change of a figure is
made in both, on purpose; `python tests/test_library_expectations.py` writes the table anew, and
its difference is then read line by line against the publication.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from constraints.loader import available, load, load_protocol, protocols
from constraints.metric import Metric

TABLE = Path(__file__).parent / "golden" / "library.csv"
HEAD = ["file", "kind", "row", "says"]
# What only tells a reader more: no figure is compared with it.
PROSE = {"id", "note", "where", "endpoint"}


def _plain(value: Any) -> Any:
    if isinstance(value, Metric):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.value if hasattr(value, "value") else value


def _says(row: Any) -> str:
    """Return all that a row says, without what stands at its default."""
    model = type(row)
    fields = {
        key: _dumped(value) if hasattr(value, "model_dump") else _plain(value)
        for key, of in model.model_fields.items()
        if key not in PROSE and (value := getattr(row, key)) != of.default
    }
    return json.dumps(
        fields, ensure_ascii=False, sort_keys=True, default=_dumped, separators=(",", ":")
    )


def _dumped(value: Any) -> Any:
    return _plain(value.model_dump(exclude_defaults=True))


def _rows() -> Iterator[list[str]]:
    for id_ in available():
        guideline = load(id_)
        yield [id_, "source", guideline.summary, _says(guideline.source)]
        for row in guideline.rows:
            yield [id_, type(row).__name__, row.id, _says(row)]
    base = load_protocol("bone_metastases")
    for id_ in protocols():
        protocol = load_protocol(id_)
        for field in type(protocol).model_fields:
            value = getattr(protocol, field)
            if protocol is not base and value == getattr(base, field):
                continue
            if isinstance(value, dict):
                for key, one in value.items():
                    says = _says(one) if hasattr(one, "model_dump") else json.dumps(_plain(one))
                    yield [id_, field, key, says]
            elif field not in PROSE:
                yield [id_, field, "", json.dumps(_plain(value), default=_dumped)]


def _expected() -> list[list[str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


@pytest.mark.parametrize("id_", [*available(), *protocols()])
def test_a_file_says_what_the_table_expects(id_: str) -> None:
    expected = [row for row in _expected() if row[0] == id_]
    assert [row for row in _rows() if row[0] == id_] == expected


def test_the_table_expects_no_other_file() -> None:
    assert {row[0] for row in _expected()} == {*available(), *protocols()}


def _write() -> None:
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEAD)
        writer.writerows(_rows())


if __name__ == "__main__":
    _write()
