"""The JSON Schemas: every key the packaged files use, and none that the loader refuses."""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from constraints.errors import LibraryError
from constraints.loader import GUIDELINE_ROWS
from constraints.resources import packaged, packaged_ids
from constraints.schema import SUBJECTS, schema
from constraints.site import SITE_ROWS

FOLDERS = {"guideline": "library", "protocol": "protocols"}


def _files(subject: str) -> Iterator[tuple[str, dict[str, Any]]]:
    folder = FOLDERS[subject]
    for id_ in packaged_ids(folder):
        text = packaged(folder, f"{id_}.toml").read_text(encoding="utf-8")
        yield id_, tomllib.loads(text)


def _unknown(value: Any, node: dict[str, Any], path: str) -> Iterator[str]:
    """Yield every key of a file that the schema does not hold."""
    choices = node.get("anyOf", [node])
    if isinstance(value, list):
        for item in value:
            yield from _unknown(item, node.get("items", {}), f"{path}[]")
    elif isinstance(value, dict):
        objects = [one for one in choices if one.get("type") == "object"]
        if not objects:
            yield path
            return
        (node,) = objects
        known = node.get("properties", {})
        further = node.get("additionalProperties", True)
        for key, inner in value.items():
            if key in known:
                yield from _unknown(inner, known[key], f"{path}.{key}")
            elif isinstance(further, dict):
                yield from _unknown(inner, further, f"{path}.{key}")
            elif further is False and not node.get("patternProperties"):
                yield f"{path}.{key}"


@pytest.mark.parametrize("subject", FOLDERS)
def test_the_schema_holds_every_key_of_the_packaged_files(subject: str) -> None:
    document = schema(subject)
    wrong = [
        f"{id_}: {path}" for id_, data in _files(subject) for path in _unknown(data, document, "")
    ]
    assert wrong == []


def test_a_key_that_the_loader_refuses_is_not_in_the_schema() -> None:
    document = schema("guideline")
    data = {"id": "x", "limit": [{"id": "a", "kimd": "reported"}], "limits": []}
    assert list(_unknown(data, document, "")) == [".limit[].kimd", ".limits"]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_schema_is_json_with_no_reference_but_the_metric(subject: str) -> None:
    text = json.dumps(schema(subject))
    references = set(re.findall(r'"\$ref": "([^"]*)"', text))
    assert references <= {"#/$defs/Metric"}
    document = json.loads(text)
    assert document["$schema"].startswith("https://json-schema.org/")
    assert document["$defs"]["Metric"]["type"] == "string"


def test_every_kind_of_row_is_an_array_of_the_schema() -> None:
    assert set(GUIDELINE_ROWS) <= set(schema("guideline")["properties"])
    assert set(SITE_ROWS) <= set(schema("site")["properties"])


def test_a_figure_may_be_a_table_by_number_of_fractions() -> None:
    value = schema("guideline")["properties"]["limit"]["items"]["properties"]["value"]
    assert [choice["type"] for choice in value["anyOf"]] == ["number", "object"]


def test_what_the_program_fills_in_is_not_offered_to_an_editor() -> None:
    limit = schema("guideline")["properties"]["limit"]["items"]["properties"]
    assert {"published", "derived_from"} & set(limit) == set()


def test_an_editor_is_told_what_a_key_means() -> None:
    limit = schema("guideline")["properties"]["limit"]["items"]["properties"]
    assert limit["structures"]["description"].startswith("TG-263 names")
    assert "evidence" in limit


@pytest.mark.parametrize("key", ["reason", "approver"])
def test_a_site_cannot_change_a_limit_without_reason_and_name(key: str) -> None:
    assert key in schema("site")["properties"]["limit"]["items"]["required"]


def test_an_unknown_subject_names_those_there_are() -> None:
    with pytest.raises(LibraryError, match="guideline, protocol, site, signature"):
        schema("report")
