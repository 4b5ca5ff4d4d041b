"""The front door of the reader."""

import threading
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from planchecker.case import Case, ForeignFile
from planchecker.errors import ReadError
from planchecker.reading.files import FoundFile, find_files, read_bytes
from planchecker.reading.limits import DEFAULT_LIMITS, ReadLimits

__all__ = ["read_case", "read_cases", "read_found"]

# What Python does with warnings is a setting of the whole process: two threads that change it
# at the same time could undo each other, and a malformed number would come through as good.
_ONE_AT_A_TIME = threading.Lock()


def read_cases(
    paths: Sequence[Path | str] | Path | str,
    *,
    limits: ReadLimits = DEFAULT_LIMITS,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Case, ...]:
    """Read every file under the paths and sort the objects into cases.

    Parameters
    ----------
    paths
        Files and folders; folders are searched to any depth.
    limits
        Sizes beyond which files and dose grids are not read.
    progress
        Called with the number of files done and the number of all files.

    Returns
    -------
    tuple of Case
        One for each plan. Without any plan one for each structure set, else one for each frame
        of reference of the doses, else one with the images alone. Every case lists all files
        under the paths, and all objects that belong to another case or to none.

    Raises
    ------
    ReadError
        If a path does not exist or no file under the paths is a DICOM object that is used.

    Notes
    -----
    Unreadable and foreign files are listed in `Case.foreign`, never fatal. Objects are known
    by SOP Class UID alone.

    Examples
    --------
    >>> from planchecker.reading import read_cases
    >>> read_cases(["no-such-folder"])
    Traceback (most recent call last):
    ...
    planchecker.errors.ReadError: 'no-such-folder' does not exist; give a file or a folder
    """
    given = [paths] if isinstance(paths, Path | str) else list(paths)
    found, unusable = find_files(given, limits=limits)
    cases, foreign = _sorted(found, unusable, limits=limits, progress=progress)
    if not cases:
        raise ReadError(_nothing(given, foreign))
    return cases


def read_found(
    files: Sequence[FoundFile], *, limits: ReadLimits = DEFAULT_LIMITS
) -> tuple[Case, ...]:
    """Read these files and no others, as `read_cases` does; none of them need be usable.

    Parameters
    ----------
    files
        What to read, and what to call each in the report: the two may differ.

    Examples
    --------
    >>> read_found([])
    ()
    """
    cases, _ = _sorted(files, (), limits=limits)
    return cases


def _sorted(
    found: Sequence[FoundFile],
    unusable: Iterable[ForeignFile],
    *,
    limits: ReadLimits,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[tuple[Case, ...], list[ForeignFile]]:
    # pydicom takes a fifth of a second to import.
    from planchecker.reading.collection import collect  # noqa: PLC0415
    from planchecker.reading.grouping import group  # noqa: PLC0415
    from planchecker.reading.objects import read_object  # noqa: PLC0415

    objects, foreign = [], list(unusable)
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for done, file in enumerate(found, start=1):
            try:
                data = read_bytes(file, limits=limits)
                objects.append(read_object(data, label=file.label, limits=limits))
            except ReadError as error:
                foreign.append(ForeignFile(path=file.label, reason=str(error)))
            if progress is not None:
                progress(done, len(found))
    return group(collect(objects, foreign)), foreign


def read_case(path: Path | str, *, limits: ReadLimits = DEFAULT_LIMITS) -> Case:
    """Read the one plan under a path, with all that belongs to it.

    Raises
    ------
    ReadError
        If there is no plan, or more than one.

    Examples
    --------
    >>> from planchecker.reading import read_case
    >>> read_case("no-such-folder")
    Traceback (most recent call last):
    ...
    planchecker.errors.ReadError: 'no-such-folder' does not exist; give a file or a folder
    """
    cases = read_cases([path], limits=limits)
    labels = [case.plan.label for case in cases if case.plan is not None]
    if len(labels) != 1:
        found = f"{len(labels)} plans ({', '.join(map(repr, labels))})" if labels else "no plan"
        raise ReadError(f"{found} under {str(path)!r}; give a folder with one, or use read_cases")
    return cases[0]


def _nothing(paths: list[Path | str], foreign: list[ForeignFile]) -> str:
    where = ", ".join(repr(str(path)) for path in paths)
    message = f"no DICOM plan, structure set, dose or image under {where}"
    if not foreign:
        return f"{message}: no files"
    shown = "; ".join(f"{file.path}: {file.reason}" for file in foreign[:5])
    return f"{message}; {shown}" + ("; ..." if len(foreign) > 5 else "")
