"""Reading guidelines and protocols from TOML, with errors that say where and what.

How a file is written is told by `constraints.rows`. A protocol file that begins with
``extends = "bone_metastases"`` is that packaged protocol with the guidelines it lists added at
the end; nothing else may differ, a centre's own decisions belong in a site file.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from constraints.errors import LibraryError
from constraints.model import (
    ConditionalLimit,
    Criterion,
    DelineationRule,
    Governing,
    GridRule,
    Guideline,
    IndexLimit,
    Indication,
    Keyword,
    Limit,
    MarginRule,
    Model,
    PartLimit,
    PracticeRange,
    Protocol,
    ReirradiationRule,
    ReportItem,
    RescaledLimit,
    RiskCurve,
    RiskFlag,
    RiskScore,
    Scheme,
    SchemeRange,
    SectorRule,
    Source,
    Statement,
    VolumeTable,
)
from constraints.parsing import build, check_keys, only_written, own_id, read_text, unique
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
    "GUIDELINE_ROWS",
    "available",
    "library_digest",
    "library_version",
    "load",
    "load_file",
    "load_protocol",
    "protocols",
]

GUIDELINE_ROWS: dict[str, tuple[str, type[Model]]] = {
    "limit": ("limits", Limit),
    "part": ("part_limits", PartLimit),
    "conditional": ("conditional_limits", ConditionalLimit),
    "rescaled": ("rescaled_limits", RescaledLimit),
    "scheme": ("schemes", Scheme),
    "range": ("ranges", SchemeRange),
    "practice": ("practices", PracticeRange),
    "curve": ("risk_curves", RiskCurve),
    "flag": ("risk_flags", RiskFlag),
    "volume_table": ("volume_tables", VolumeTable),
    "index": ("indices", IndexLimit),
    "report": ("report_items", ReportItem),
    "grid": ("grids", GridRule),
    "reirradiation": ("reirradiation", ReirradiationRule),
    "score": ("scores", RiskScore),
    "sectors": ("sectors", SectorRule),
    "margin": ("margins", MarginRule),
    "delineation": ("delineation", DelineationRule),
    "statement": ("statements", Statement),
}
"""Key in a guideline file: field of the guideline, and what a row of it is."""
_NESTED: dict[str, type[Model]] = {
    "criteria": Criterion,
    "governing": Governing,
    "indications": Indication,
    "keywords": Keyword,
    "source": Source,
}
_LISTS = ("beside", "guidelines", "scheme_tables")
"""Keys of a protocol that another protocol may add to; it changes nothing else."""
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
    ('bone_metastases', 'bone_metastases_full')
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
        near = get_close_matches(guideline_id, available(), n=5, cutoff=0.4)
        hint = (
            f"did you mean {' or '.join(near)}" if near else f"there are {', '.join(available())}"
        )
        raise LibraryError(f"no guideline {guideline_id!r}; {hint}")
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
    return _guideline(read_text(path), file=path.name)


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
    return _protocol(read_text(path), file=path.name)


@lru_cache(maxsize=16)
def _packaged_protocol(id_: str) -> Protocol:
    if id_ not in protocols():
        raise LibraryError(
            f"no protocol {id_!r}; there are {', '.join(protocols())}, or give a .toml file"
        )
    name = f"{id_}.toml"
    return _protocol(packaged("protocols", name).read_text(encoding="utf-8"), file=name)


def _guideline(text: str, *, file: str) -> Guideline:
    data = parse_toml(text, file=file)
    own_id(data, file=file)
    check_keys(data, allowed={"id", "summary", "source", "defaults", *GUIDELINE_ROWS}, file=file)
    defaults = table(data.pop("defaults", {}), file=file, at="defaults")
    check_keys(defaults, allowed=GUIDELINE_ROWS, file=file, at="defaults.")
    for key, (field, model) in GUIDELINE_ROWS.items():
        # Pydantic takes a row that is built already into the guideline; else it builds it twice.
        model.model_rebuild()
        rows = tables(data.pop(key, []), file=file, at=key)
        for i, written in enumerate(rows):
            only_written(written, file=file, at=f"{key}[{i}]")
        shared = table(defaults.get(key, {}), file=file, at=f"defaults.{key}")
        data[field] = tuple(
            build(model, row, file=file, at=at)
            for at, row in flatten(rows, shared, kind=key, file=file)
        )
        unique(data[field], file=file, key=key)
    guideline = build(Guideline, data, file=file, at="", nested=_NESTED)
    vocabulary = load_vocabulary()
    for row in guideline.rows:
        for name in (*getattr(row, "structures", ()), *getattr(row, "figures_from", ())):
            if name not in vocabulary:
                raise LibraryError(
                    f"{file}: row {row.id!r}: structure {name!r} is not in the vocabulary; "
                    "use a TG-263 name of structures.csv"
                )
    return guideline


def _protocol(text: str, *, file: str) -> Protocol:
    data = parse_toml(text, file=file)
    own_id(data, file=file)
    renamed = {_IN_FILE.get(key, key) for key in Protocol.model_fields}
    if "extends" in data:
        check_keys(data, allowed={"extends", "id", "title", *_LISTS}, file=file)
        data = _extended(data, file=file)
    check_keys(data, allowed=renamed, file=file)
    data["indications"] = tables(data.pop("indication", []), file=file, at="indication")
    data["governing"] = tables(data.pop("governing", []), file=file, at="governing")
    criteria = table(data.pop("criteria", {}), file=file, at="criteria")
    data["criteria"] = dict(leaves(criteria, file=file, at="criteria"))
    protocol = build(Protocol, data, file=file, at="", nested=_NESTED, written=_IN_FILE)
    _references(protocol, file=file)
    return protocol


def _extended(data: Mapping[str, Any], *, file: str) -> dict[str, Any]:
    """Return the raw data of the packaged protocol that is extended, with what is added to it."""
    base = data["extends"]
    if base not in protocols():
        raise LibraryError(
            f"{file}: extends: no packaged protocol {base!r}; there are {', '.join(protocols())}"
        )
    name = f"{base}.toml"
    whole = parse_toml(packaged("protocols", name).read_text(encoding="utf-8"), file=name)
    if "extends" in whole:
        raise LibraryError(f"{file}: extends: {base!r} extends another protocol itself")
    for key in _LISTS:
        added = data.get(key, [])
        if not isinstance(added, list):
            raise LibraryError(f"{file}: {key}: got {added!r}; must be a list of guideline ids")
        twice = [id_ for id_ in added if id_ in whole.get(key, [])]
        if twice:
            raise LibraryError(f"{file}: {key}: {twice[0]!r} is in {base!r} already; drop it")
        whole[key] = [*whole.get(key, []), *added]
    return {**whole, "id": data["id"], "title": data.get("title", whole["title"])}


def _references(protocol: Protocol, *, file: str) -> None:
    """Refuse guidelines and structures that do not exist."""
    named = {"guidelines": protocol.guidelines, "scheme_tables": protocol.scheme_tables}
    named["beside"] = protocol.beside
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
    spoken["treated_bones"] = protocol.treated_bones
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
