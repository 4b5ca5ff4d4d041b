"""Reading guidelines and protocols from TOML, with errors that say where and what.

How a file is written is told by `constraints.rows`.
"""

import reprlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from constraints.errors import LibraryError, MetricSyntaxError
from constraints.model import (
    Criterion,
    Governing,
    Guideline,
    Indication,
    Keyword,
    Limit,
    Model,
    Protocol,
    Scheme,
    SchemeRange,
    Source,
    Statement,
)
from constraints.resources import (
    library_digest,
    library_version,
    packaged,
    packaged_ids,
    parse_toml,
)
from constraints.rows import flatten, leaves, table, tables
from constraints.vocabulary import load_vocabulary

__all__ = [
    "available",
    "library_digest",
    "library_version",
    "load",
    "load_file",
    "load_protocol",
    "protocols",
]

_LARGEST_FILE_BYTES = 2_000_000
_T = TypeVar("_T", bound=Model)
_KINDS: dict[str, tuple[str, type[Model]]] = {
    "limit": ("limits", Limit),
    "scheme": ("schemes", Scheme),
    "range": ("ranges", SchemeRange),
    "statement": ("statements", Statement),
}
_NESTED: dict[str, type[Model]] = {
    "criteria": Criterion,
    "governing": Governing,
    "indications": Indication,
    "keywords": Keyword,
    "source": Source,
}
_IN_FILE = {"indications": "indication"}
"""Keys of the model that are written otherwise in the file."""


def available() -> tuple[str, ...]:
    """Return the ids of all packaged guidelines, sorted.

    Examples
    --------
    >>> "hytec-cord-2021" in available()
    True
    """
    return packaged_ids("library")


def protocols() -> tuple[str, ...]:
    """Return the ids of all packaged protocols, sorted.

    Examples
    --------
    >>> protocols()
    ('bone_metastases',)
    """
    return packaged_ids("protocols")


@lru_cache(maxsize=256)
def load(guideline_id: str) -> Guideline:
    """Return a packaged guideline.

    Raises
    ------
    LibraryError
        If there is none of that id, or its file is refused.

    Examples
    --------
    >>> [limit.value for limit in load("hytec-cord-2021").limits]
    [12.4, 14.0, 17.0, 20.3, 23.0, 25.3]
    """
    if guideline_id not in available():
        raise LibraryError(f"no guideline {guideline_id!r}; there are {', '.join(available())}")
    name = f"{guideline_id}.toml"
    return _guideline(packaged("library", name).read_text(encoding="utf-8"), file=name)


def load_file(path: str | Path) -> Guideline:
    """Return the guideline of one TOML file.

    Raises
    ------
    LibraryError
        If the file cannot be read or says something the library refuses; the message names
        the file, the key and the offending text.
    """
    path = Path(path)
    return _guideline(_read(path), file=path.name)


def load_protocol(id_or_path: str | Path) -> Protocol:
    """Return a packaged protocol by its id, or the protocol of a TOML file.

    Raises
    ------
    LibraryError
        If there is none, its file is refused, or it names a guideline or structure that the
        library does not know.

    Examples
    --------
    >>> load_protocol("bone_metastases").criteria["cord.eqd2_pass_gy"].value
    45.0
    """
    if isinstance(id_or_path, str) and not id_or_path.endswith(".toml"):
        return _packaged_protocol(id_or_path)
    path = Path(id_or_path)
    return _protocol(_read(path), file=path.name)


@lru_cache(maxsize=16)
def _packaged_protocol(id_: str) -> Protocol:
    if id_ not in protocols():
        raise LibraryError(
            f"no protocol {id_!r}; there are {', '.join(protocols())}, or give a .toml file"
        )
    name = f"{id_}.toml"
    return _protocol(packaged("protocols", name).read_text(encoding="utf-8"), file=name)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise LibraryError(f"{path}: larger than {_LARGEST_FILE_BYTES} bytes; not a rule file")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LibraryError(f"{path}: cannot be read as UTF-8 text: {error}") from error


def _guideline(text: str, *, file: str) -> Guideline:
    data = parse_toml(text, file=file)
    _own_id(data, file=file)
    _check_keys(data, allowed={"id", "summary", "source", "defaults", *_KINDS}, file=file)
    defaults = table(data.pop("defaults", {}), file=file, at="defaults")
    _check_keys(defaults, allowed=_KINDS, file=file, at="defaults.")
    for key, (field, model) in _KINDS.items():
        rows = tables(data.pop(key, []), file=file, at=key)
        shared = table(defaults.get(key, {}), file=file, at=f"defaults.{key}")
        data[field] = tuple(
            _build(model, row, file=file, at=at)
            for at, row in flatten(rows, shared, kind=key, file=file)
        )
        _unique(data[field], file=file, key=key)
    guideline = _build(Guideline, data, file=file, at="")
    vocabulary = load_vocabulary()
    for limit in guideline.limits:
        for name in (*limit.structures, *limit.figures_from):
            if name not in vocabulary:
                raise LibraryError(
                    f"{file}: limit {limit.id!r}: structure {name!r} is not in the vocabulary; "
                    "use a TG-263 name of structures.csv"
                )
    return guideline


def _protocol(text: str, *, file: str) -> Protocol:
    data = parse_toml(text, file=file)
    _own_id(data, file=file)
    renamed = {_IN_FILE.get(key, key) for key in Protocol.model_fields}
    _check_keys(data, allowed=renamed, file=file)
    data["indications"] = tables(data.pop("indication", []), file=file, at="indication")
    data["governing"] = tables(data.pop("governing", []), file=file, at="governing")
    criteria = table(data.pop("criteria", {}), file=file, at="criteria")
    data["criteria"] = dict(leaves(criteria, file=file, at="criteria"))
    protocol = _build(Protocol, data, file=file, at="")
    _references(protocol, file=file)
    return protocol


def _references(protocol: Protocol, *, file: str) -> None:
    """Refuse guidelines and structures that do not exist."""
    named = {"guidelines": protocol.guidelines, "scheme_tables": protocol.scheme_tables}
    named |= {f"governing[{i}]": rule.guidelines for i, rule in enumerate(protocol.governing)}
    for key, ids in named.items():
        for id_ in ids:
            if id_ not in available():
                raise LibraryError(
                    f"{file}: {key}: no guideline {id_!r}; there are {', '.join(available())}"
                )
    spoken = {f"governing[{i}]": rule.structures for i, rule in enumerate(protocol.governing)}
    spoken |= {f"nested[{i}]": chain for i, chain in enumerate(protocol.nested)}
    spoken["alpha_beta_gy"] = tuple(name for name in protocol.alpha_beta_gy if name != "default")
    spoken["spine_structures"] = protocol.spine_structures
    for key, names in spoken.items():
        for name in names:
            if name not in load_vocabulary():
                raise LibraryError(
                    f"{file}: {key}: structure {name!r} is not in the vocabulary; use a TG-263 "
                    "name of structures.csv"
                )
    indications = [indication.id for indication in protocol.indications]
    for i, keyword in enumerate(protocol.keywords):
        for id_ in keyword.indications:
            if id_ not in indications:
                raise LibraryError(
                    f"{file}: keywords[{i}]: no indication {id_!r}; there are "
                    f"{', '.join(indications)}"
                )


def _own_id(data: Mapping[str, Any], *, file: str) -> None:
    expected = file.removesuffix(".toml")
    if data.get("id") != expected:
        raise LibraryError(
            f"{file}: id: got {data.get('id')!r}; must be {expected!r}, the name of the file"
        )


def _check_keys(data: Iterable[str], *, allowed: Iterable[str], file: str, at: str = "") -> None:
    for key in data:
        if key not in allowed:
            raise LibraryError(
                f"{file}: {at}{key}: unknown key; it may be one of {', '.join(sorted(allowed))}"
            )


def _unique(rows: Iterable[Any], *, file: str, key: str) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            raise LibraryError(f"{file}: {key}: id {row.id!r} stands twice; ids are permanent keys")
        seen.add(row.id)


def _build(model: type[_T], data: Mapping[str, Any], *, file: str, at: str) -> _T:
    try:
        return model.model_validate(data)
    except MetricSyntaxError as error:
        raise LibraryError(f"{file}: {at}.metric: {error}") from error
    except ValidationError as error:
        lines = [_line(entry, model=model, file=file, at=at) for entry in error.errors()]
        raise LibraryError("\n".join(lines)) from error


def _line(entry: Any, *, model: type[Model], file: str, at: str) -> str:
    """Translate one pydantic error: file, key path, offending text, what would be right."""
    path, got = at, reprlib.repr(entry["input"])
    for part in entry["loc"]:
        key = part if isinstance(part, int) else _IN_FILE.get(part, part)
        path += f"[{key}]" if isinstance(key, int) else f".{key}" if path else key
    if entry["type"] == "extra_forbidden":
        inner = _NESTED.get(str(entry["loc"][0]), model) if len(entry["loc"]) > 1 else model
        allowed = ", ".join(sorted(inner.model_fields))
        return f"{file}: {path}: unknown key, with {got}; it may be one of {allowed}"
    if entry["type"] == "missing":
        return f"{file}: {path}: is missing and must be given"
    return f"{file}: {path}: got {got}; {entry['msg']}"
