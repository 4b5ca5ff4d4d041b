"""JSON Schemas of the rule files as they are written, so that an editor completes them.

A file differs from the value it becomes: rows stand under a singular key, a figure may be a table
by number of fractions, a metric is text, and what all rows share stands under ``[defaults]``.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel

from constraints.errors import LibraryError
from constraints.loader import GUIDELINE_ROWS
from constraints.model import Criterion, Governing, Indication, Keyword, Protocol
from constraints.parsing import COMPUTED
from constraints.signing import Signature
from constraints.site import SITE_ROWS
from constraints.site_model import CriterionChange, Site
from constraints.terms import Source

__all__ = ["SUBJECTS", "schema"]

SUBJECTS = ("guideline", "protocol", "site", "signature")
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_METRIC = {
    "type": "string",
    "description": "Such as D0.03cc; see constraints.metric for the grammar.",
    "examples": ["D0.03cc", "V20Gy[%]", "CV700cc", "Dmean", "EQD2(2):Dmax"],
}
_FRACTIONS = "^[1-9][0-9]*$"
# Rows whose figure may be one per number of fractions: the key of the figure.
_PER_FRACTION = {
    "limit": "value",
    "part": "value",
    "conditional": "value",
    "own": "value",
    "practice": "span",
}
_Json = dict[str, Any]


def schema(subject: str) -> _Json:
    """Return the JSON Schema of one kind of file.

    Parameters
    ----------
    subject
        One of `SUBJECTS`.

    Raises
    ------
    LibraryError
        If there is no such kind.

    Examples
    --------
    >>> sorted(schema("guideline")["required"])
    ['id', 'source']
    >>> schema("guideline")["properties"]["limit"]["items"]["properties"]["metric"]["$ref"]
    '#/$defs/Metric'
    """
    builders: dict[str, Callable[[], _Json]] = {
        "guideline": _guideline,
        "protocol": _protocol,
        "site": _site,
        "signature": _signature,
    }
    if subject not in builders:
        raise LibraryError(f"no schema of {subject!r}; there are {', '.join(builders)}")
    return {
        "$schema": _DIALECT,
        "$defs": {"Metric": _METRIC},
        "title": f"{subject} file",
        **builders[subject](),
    }


def _signature() -> _Json:
    return _object(_properties(Signature), required=_required(Signature))


def _guideline() -> _Json:
    rows = {key: _row(model, key) for key, (_, model) in GUIDELINE_ROWS.items()}
    return _object(
        {
            "id": {"type": "string", "description": "As the file name; permanent."},
            "summary": {"type": "string", "description": "One sentence."},
            "source": _object(_properties(Source), required=_required(Source)),
            "defaults": _object(
                {key: {**row, "required": []} for key, row in rows.items()},
                description="What all rows of a kind share; a row may say otherwise.",
            ),
            **{key: {"type": "array", "items": row} for key, row in rows.items()},
        },
        required=["id", "source"],
    )


def _protocol() -> _Json:
    properties = _properties(Protocol)
    del properties["indications"]
    nested: dict[str, type[BaseModel]] = {
        "indication": Indication,
        "governing": Governing,
        "keywords": Keyword,
    }
    for key, model in nested.items():
        properties[key] = {"type": "array", "items": _whole(model)}
    properties["criteria"] = _grouped(_whole(Criterion))
    properties["extends"] = {
        "type": "string",
        "description": "Id of a packaged protocol; the file then only adds guidelines to it.",
    }
    return _object(properties, required=["id"])


def _site() -> _Json:
    properties = _properties(Site)
    for key, (field, model) in SITE_ROWS.items():
        properties.pop(field, None)
        row = _row(model, key) if key in _PER_FRACTION and key != "limit" else _whole(model)
        properties[key] = {"type": "array", "items": row}
    properties["criteria"] = _grouped(_whole(CriterionChange))
    del properties["sha256"]
    return _object(properties, required=["id", "title"])


def _row(model: type[BaseModel], key: str) -> _Json:
    properties = _properties(model)
    for name in COMPUTED:
        properties.pop(name, None)
    figure = _PER_FRACTION.get(key)
    if figure:
        for name in (figure, "evidence"):
            properties[name] = _or_table(properties[name])
    if key == "scheme":
        pair = {"type": "array", "prefixItems": [{"type": "number"}, {"type": "integer"}]}
        properties["pairs"] = {
            "type": "array",
            "items": {**pair, "minItems": 2, "maxItems": 2},
            "description": "(dose in Gy, fractions) pairs, instead of dose_gy and fractions.",
        }
    # Every other key may come from the defaults.
    return _object(properties, required=["id"], description=_summary(model))


def _whole(model: type[BaseModel]) -> _Json:
    return _object(_properties(model), required=_required(model), description=_summary(model))


def _or_table(single: _Json) -> _Json:
    description = single.get("description", "")
    plain = {key: value for key, value in single.items() if key != "description"}
    return {
        "description": f"{description} One for all, or one per number of fractions.".strip(),
        "anyOf": [
            plain,
            {"type": "object", "patternProperties": {_FRACTIONS: plain}, "minProperties": 1,
             "additionalProperties": False},
        ],
    }  # fmt: skip


def _grouped(leaf: _Json) -> _Json:
    """Return the schema of criteria in groups: ``[criteria.coverage]``."""
    group = {"type": "object", "additionalProperties": leaf}
    return {"type": "object", "additionalProperties": group}


def _object(properties: _Json, *, required: list[str] | None = None, **more: Any) -> _Json:
    return {
        "type": "object",
        "properties": properties,
        "required": required or [],
        "additionalProperties": False,
        **more,
    }


def _required(model: type[BaseModel]) -> list[str]:
    return [name for name, field in model.model_fields.items() if field.is_required()]


def _properties(model: type[BaseModel]) -> _Json:
    """Return the properties of a model with definitions resolved and docstrings beside them."""
    document = model.model_json_schema()
    definitions = document.get("$defs", {})
    told = _descriptions(model)
    properties = {}
    for name, property_ in document["properties"].items():
        resolved = _resolved(property_, definitions)
        resolved.pop("title", None)
        if name in told:
            resolved["description"] = told[name]
        properties[name] = resolved
    return properties


def _resolved(node: Any, definitions: _Json) -> Any:
    """Return a schema without references but the one to a metric, which is text in a file."""
    if isinstance(node, list):
        return [_resolved(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if reference:
        name = reference.rpartition("/")[2]
        if name == "Metric":
            return dict(node)
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return {**_resolved(definitions[name], definitions), **rest}
    return {
        key: _resolved(value, definitions)
        for key, value in node.items()
        # A default of the program is no value an editor should write; titles repeat the key.
        if key not in ("default", "title") or isinstance(value, dict)
    }


@lru_cache(maxsize=64)
def _descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Return the docstring below each attribute of a model and of the models it extends."""
    told: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if not (isinstance(base, type) and issubclass(base, BaseModel)) or base is BaseModel:
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        statements = body.body if isinstance(body, ast.ClassDef) else []
        for line, below in pairwise(statements):
            if (
                isinstance(line, ast.AnnAssign)
                and isinstance(line.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
            ):
                told[line.target.id] = " ".join(str(below.value.value).split())
    return told


def _summary(model: type[BaseModel]) -> str:
    return (inspect.getdoc(model) or "").partition("\n\n")[0].replace("\n", " ")
