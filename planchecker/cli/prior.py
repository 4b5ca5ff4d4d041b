"""What ``--prior`` takes: a folder, a list, or a course in one line."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from planchecker.errors import ReadError

if TYPE_CHECKING:
    from planchecker.courses import Course, Exported

__all__ = ["read_priors"]


def read_priors(given: Iterable[str]) -> list["Course | Exported"]:
    """Read earlier courses.

    Parameters
    ----------
    given
        Folders or files of DICOM, ``.toml`` course lists, or ``key=value`` summaries.

    Raises
    ------
    PlanCheckerError
        If one of them cannot be read or holds no course.

    Examples
    --------
    >>> read_priors(["dose_gy=30,fractions=10"])[0].scheme
    '30 Gy in 10 fractions'
    """
    # The courses stand above the reader's heavy imports.
    from planchecker.courses import parse_summary, read_course_list  # noqa: PLC0415

    found: list[Course | Exported] = []
    for text in given:
        path = Path(text)
        if "=" in text and not _exists(path):
            found.append(parse_summary(text))
        elif path.suffix.lower() == ".toml" and not path.is_dir():
            for entry in read_course_list(path):
                if entry.path is None:
                    found.append(entry.course)
                else:
                    found += _exports(entry.path, stated=entry.course)
        else:
            found += _exports(path, stated=None)
    return found


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        # A long summary is longer than a name of a file may be.
        return False


def _exports(path: Path, *, stated: "Course | None") -> list["Exported"]:
    from planchecker.courses import Exported  # noqa: PLC0415
    from planchecker.reading import read_cases  # noqa: PLC0415

    cases = read_cases(path)
    if stated is not None and len(cases) > 1:
        raise ReadError(
            f"{str(path)!r} holds {len(cases)} plans, so what is stated beside it fits none alone; "
            "give one entry for each plan"
        )
    return [Exported(case=case, stated=stated) for case in cases]
