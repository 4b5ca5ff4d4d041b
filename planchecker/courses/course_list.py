"""A list of earlier courses in a TOML file."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from planchecker.courses.summary import KEYS, build_course
from planchecker.courses.values import Course
from planchecker.errors import PlanCheckerError

__all__ = ["Listed", "read_course_list"]

_MOST_BYTES = 1_000_000
_MOST_COURSES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One entry of a list.

    Parameters
    ----------
    course
        What the entry states.
    path
        Folder or file of its DICOM export, relative to the list; None where it names none.
    """

    course: Course
    path: Path | None


def read_course_list(path: Path) -> tuple[Listed, ...]:
    r"""Read a course list.

    Parameters
    ----------
    path
        TOML file of ``[[course]]`` tables with the keys of a typed summary, ``dmax_gy`` as a
        table of dose by structure, and ``path`` for a DICOM export. What an entry states beside
        a path stands over what the export says.

    Raises
    ------
    PlanCheckerError
        If the file cannot be read; the message names file, entry and key.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "courses.toml"
    ...     _ = file.write_text(
    ...         "[[course]]\ndose_gy = 30\nfractions = 10\nend = 2024-03-01\n"
    ...         "dmax_gy = { SpinalCord = 31.2 }\n"
    ...     )
    ...     read_course_list(file)[0].course.scheme
    '30 Gy in 10 fractions'
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise PlanCheckerError(f"{str(path)!r} has more than {_MOST_BYTES} bytes")
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PlanCheckerError(f"{str(path)!r} cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise PlanCheckerError(f"{str(path)!r} is no TOML: {error}") from None
    entries = data.pop("course", None)
    if data or not isinstance(entries, list) or not 1 <= len(entries) <= _MOST_COURSES:
        raise PlanCheckerError(
            f"{str(path)!r} must hold 1 to {_MOST_COURSES} [[course]] tables and nothing else"
        )
    return tuple(_entry(entry, path, number) for number, entry in enumerate(entries, start=1))


def _entry(entry: Any, path: Path, number: int) -> Listed:
    at = f"{path.name}, course {number}"
    if not isinstance(entry, dict):
        raise PlanCheckerError(f"{at}: it must be a table")
    values = dict(entry)
    doses = values.pop("dmax_gy", {})
    export = values.pop("path", None)
    unknown = sorted(set(values) - set(KEYS))
    if unknown:
        allowed = ", ".join((*KEYS, "dmax_gy", "path"))
        raise PlanCheckerError(f"{at}: {unknown[0]!r} is none of {allowed}")
    if not isinstance(doses, dict):
        raise PlanCheckerError(f"{at}: dmax_gy must be a table such as {{ SpinalCord = 31.2 }}")
    if export is not None and (not isinstance(export, str) or not export):
        raise PlanCheckerError(f"{at}: path={export!r} must be text")
    _plain(values, at)
    return Listed(
        course=build_course(values, list(doses.items()), source=path.name, at=at),
        path=None if export is None else path.parent / export,
    )


def _plain(values: dict[str, Any], at: str) -> None:
    """Refuse what TOML can hold and a course cannot, such as a time of day or a list."""
    for key, value in values.items():
        if type(value) not in (str, int, float, bool, date):
            raise PlanCheckerError(f"{at}: {key}={value!r} is no text, number, yes or day")
