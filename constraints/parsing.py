"""Reading one rule file: size, keys and values, with errors that name file, key and text."""

import reprlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from constraints.errors import LibraryError, MetricSyntaxError
from constraints.terms import Model

__all__ = ["COMPUTED", "build", "check_keys", "only_written", "own_id", "read_text", "unique"]

COMPUTED = ("published", "derived_from", "decided")
"""Keys of a limit that the program fills in; no file may hold them."""

_LARGEST_FILE_BYTES = 2_000_000
_T = TypeVar("_T", bound=Model)
_NOTHING: Mapping[str, type[Model]] = {}
_NAMES: Mapping[str, str] = {}


def read_text(path: Path) -> str:
    """Return the text of a rule file.

    Raises
    ------
    LibraryError
        If it is too large or no UTF-8 text.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise LibraryError(f"{path}: larger than {_LARGEST_FILE_BYTES} bytes; not a rule file")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LibraryError(f"{path}: cannot be read as UTF-8 text: {error}") from error


def own_id(data: Mapping[str, Any], *, file: str) -> None:
    """Refuse a file whose id is not its name.

    Raises
    ------
    LibraryError
        If they differ.
    """
    expected = file.removesuffix(".toml")
    if data.get("id") != expected:
        raise LibraryError(
            f"{file}: id: got {data.get('id')!r}; must be {expected!r}, the name of the file"
        )


def check_keys(data: Iterable[str], *, allowed: Iterable[str], file: str, at: str = "") -> None:
    """Refuse keys that mean nothing.

    Raises
    ------
    LibraryError
        If there is one; names it and those there are.
    """
    for key in data:
        if key not in allowed:
            raise LibraryError(
                f"{file}: {at}{key}: unknown key; it may be one of {', '.join(sorted(allowed))}"
            )


def only_written(row: Mapping[str, Any], *, file: str, at: str) -> None:
    """Refuse a row that holds what the program fills in.

    Raises
    ------
    LibraryError
        If it does.
    """
    for key in COMPUTED:
        if key in row:
            raise LibraryError(f"{file}: {at}.{key}: is filled in by the program; drop it")


def unique(rows: Iterable[Any], *, file: str, key: str) -> None:
    """Refuse two rows of one id.

    Raises
    ------
    LibraryError
        If there are.
    """
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            raise LibraryError(f"{file}: {key}: id {row.id!r} stands twice; ids are permanent keys")
        seen.add(row.id)


def build(
    model: type[_T],
    data: Mapping[str, Any],
    *,
    file: str,
    at: str,
    nested: Mapping[str, type[Model]] = _NOTHING,
    written: Mapping[str, str] = _NAMES,
) -> _T:
    """Return the value that raw data make.

    Parameters
    ----------
    model, data
        What to build, from what.
    file, at
        Where the data stand, for the error.
    nested
        Models of the keys that hold tables of their own, to list their keys in an error.
    written
        Keys of the model that a file writes otherwise.

    Raises
    ------
    LibraryError
        If the data are refused; every fault has its line.
    """
    try:
        return model.model_validate(data)
    except MetricSyntaxError as error:
        raise LibraryError(f"{file}: {at}.metric: {error}") from error
    except ValidationError as error:
        lines = []
        for entry in error.errors():
            inner = nested.get(str(entry["loc"][0]), model) if len(entry["loc"]) > 1 else model
            path = _path(entry["loc"], at=at, written=written)
            lines.append(_line(entry, inner=inner, file=file, path=path))
        raise LibraryError("\n".join(lines)) from error


def _path(loc: tuple[int | str, ...], *, at: str, written: Mapping[str, str]) -> str:
    path = at
    for part in loc:
        key = part if isinstance(part, int) else written.get(part, part)
        path += f"[{key}]" if isinstance(key, int) else f".{key}" if path else key
    return path


def _line(entry: Any, *, inner: type[Model], file: str, path: str) -> str:
    """Translate one pydantic error: file, key path, offending text, what would be right."""
    got = reprlib.repr(entry["input"])
    if entry["type"] == "extra_forbidden":
        allowed = ", ".join(sorted(inner.model_fields))
        return f"{file}: {path}: unknown key, with {got}; it may be one of {allowed}"
    if entry["type"] == "missing":
        return f"{file}: {path}: is missing and must be given"
    return f"{file}: {path}: got {got}; {entry['msg']}"
