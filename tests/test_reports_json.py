import json
import math
from dataclasses import replace
from typing import Any

import pytest
from golden.hand_built import CLEAN, EMPTY, EVERYTHING, NASTY

from planchecker.reports import render
from planchecker.reports.document import report_schema
from planchecker.results import Report, Status

KEYS = {
    (): [
        "schema",
        "status",
        "exit_code",
        "program",
        "library",
        "protocol",
        "inputs",
        "plan",
        "structures",
        "findings",
        "not_applicable",
        "notes",
        "appendix",
        "protocol_sha256",
        "site_sha256",
        "reliefs",
        "attestations",
        "site",
        "site_changes",
        "missed_targets",
        "options",
        "population",
    ],
    ("program",): ["version"],
    ("library",): ["version", "sha256"],
    ("inputs", 0): ["path", "sop_class_uid", "sop_instance_uid", "modality", "sha256"],
    ("plan",): [
        "label",
        "sop_instance_uid",
        "prescribed_dose_gy",
        "fractions",
        "technique",
        "scheme",
    ],
    ("plan", "scheme"): ["id", "indication", "confidence", "why", "runners_up", "would_change"],
    ("structures", 0): [
        "roi_number",
        "roi_name",
        "matched",
        "how",
        "volume_cc",
        "outside_grid_cc",
    ],
    ("findings", 0): [
        "code",
        "subject",
        "roi_number",
        "status",
        "message",
        "metric",
        "value",
        "unit",
        "band",
        "comparison",
        "limit",
        "margin",
        "guideline",
        "source",
        "doi",
        "evidence",
        "remedy",
        "location_mm",
        "id",
        "governs",
        "decided",
    ],
    ("reliefs", 0): ["finding", "factor", "reduction_gy", "targets"],
    ("reliefs", 0, "targets", 0): ["roi_number", "roi_name", "dose_gy", "d95_gy", "v100_percent"],
    ("attestations", 0): [
        "finding",
        "status",
        "reason",
        "by",
        "at",
        "basis",
        "previous",
        "sha256",
        "void",
    ],
    ("not_applicable", 0): ["code", "subject", "reason"],
}


def document(*reports: Report) -> Any:
    return json.loads(render(reports, "json"), parse_constant=pytest.fail)


@pytest.mark.parametrize("place", KEYS)
def test_keys_and_their_order_are_those_of_the_interface(place: tuple[str | int, ...]) -> None:
    node = document(EVERYTHING)
    for step in place:
        node = node[step]
    assert list(node) == KEYS[place]


def test_one_report_is_an_object_and_several_are_an_array() -> None:
    assert isinstance(document(CLEAN), dict)
    assert [one["status"] for one in document(CLEAN, EVERYTHING)] == ["pass", "fail"]


def test_numbers_without_an_end_become_null() -> None:
    first = document(NASTY)
    assert first["structures"][0]["volume_cc"] is None
    assert first["findings"][1]["value"] is None


def test_an_open_band_keeps_its_closed_end() -> None:
    bands = [finding["band"] for finding in document(EVERYTHING)["findings"]]
    assert [3.0, None] in bands


def test_findings_stand_worst_first() -> None:
    statuses = [Status(finding["status"]) for finding in document(EVERYTHING)["findings"]]
    assert statuses == sorted(statuses, key=lambda status: status.severity)


def test_a_report_without_a_plan_has_a_null_plan_and_exit_code_3() -> None:
    found = document(EMPTY)
    assert found["plan"] is None
    assert (found["status"], found["exit_code"]) == ("not-evaluated", 3)


def test_output_is_ascii() -> None:
    assert render(replace(CLEAN, notes=("Müller ≤ \u202e",)), "json").isascii()


def test_minus_zero_is_zero() -> None:
    assert math.copysign(1, document(NASTY)["structures"][0]["outside_grid_cc"]) == 1


KINDS = {"string": str, "number": (int, float), "integer": int, "null": type(None)}


def conforms(value: Any, schema: dict[str, Any], defs: dict[str, Any]) -> bool:
    """Check the few schema words that the report schema uses."""
    if "$ref" in schema:
        schema = defs[schema["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in schema:
        return any(conforms(value, option, defs) for option in schema["anyOf"])
    if "const" in schema or "enum" in schema:
        return value in schema.get("enum", [schema.get("const")])
    if schema["type"] == "object":
        properties = schema["properties"]
        assert set(schema["required"]) == set(properties)
        fits = isinstance(value, dict) and set(value) == set(properties)
        return fits and all(conforms(value[key], properties[key], defs) for key in value)
    if schema["type"] == "boolean":
        return isinstance(value, bool)
    if schema["type"] == "array":
        return isinstance(value, list) and all(
            conforms(item, schema["items"], defs) for item in value
        )
    return isinstance(value, KINDS[schema["type"]]) and not isinstance(value, bool)


@pytest.mark.parametrize("report", [EVERYTHING, CLEAN, EMPTY, NASTY])
def test_documents_conform_to_the_schema(report: Report) -> None:
    schema = report_schema()
    assert conforms(document(report), schema, schema["$defs"])


def test_the_schema_refuses_keys_it_does_not_name() -> None:
    schema = report_schema()
    assert schema["additionalProperties"] is False
    assert all(part["additionalProperties"] is False for part in schema["$defs"].values())
