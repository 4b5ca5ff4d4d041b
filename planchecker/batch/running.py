"""One job to its outcome, in whatever process a worker is."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from constraints.errors import LibraryError
from planchecker.batch.job import Failure, Job, Options, Outcome
from planchecker.batch.thing import Source
from planchecker.errors import PlanCheckerError, ReadError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from planchecker.case import Case, ImageSlice
    from planchecker.results import Report

__all__ = ["run_job"]

PixelReader = Callable[["ImageSlice"], "NDArray[np.float32]"]


def run_job(job: Job, options: Options) -> Outcome:
    """Check one case; whatever goes wrong is told, never raised.

    Examples
    --------
    >>> lost = Job(key="k", kind="plan", uid="1.2", label="P", sources=(), conflict="two files")
    >>> run_job(lost, Options()).failure
    Failure(kind='refused', message='two files')
    """
    began = time.perf_counter()
    try:
        if job.conflict:
            outcome = failed(job.key, "refused", job.conflict)
        else:
            outcome = _checked(job, options)
    except (PlanCheckerError, LibraryError) as error:
        outcome = failed(job.key, "refused", str(error))
    except MemoryError:
        outcome = failed(job.key, "memory", "the case needs more memory than it may have")
    except Exception as error:  # noqa: BLE001 - one case must not end the batch
        outcome = failed(job.key, "defect", _where(error))
    return replace(outcome, duration_s=time.perf_counter() - began)


def failed(key: str, kind: str, message: str) -> Outcome:
    """Return the outcome of a case without a verdict."""
    return Outcome(key=key, failure=Failure(kind=kind, message=message))


def _checked(job: Job, options: Options) -> Outcome:
    from planchecker import __version__  # noqa: PLC0415 - heavy
    from planchecker.batch.elsewhere import told_elsewhere  # noqa: PLC0415
    from planchecker.batch.metrics import Remembering, measured  # noqa: PLC0415
    from planchecker.batch.rows import rows_of  # noqa: PLC0415
    from planchecker.checker import check  # noqa: PLC0415
    from planchecker.reports.anonymise import anonymised  # noqa: PLC0415

    if options.program_version and options.program_version != __version__:
        raise PlanCheckerError(
            f"the worker runs planchecker {__version__}, the batch {options.program_version}; "
            "install the same version everywhere"
        )
    with _at_hand(job.sources) as places:
        case, pixels = _read(job, places)
        remember = Remembering()
        report = check(
            case,
            protocol=options.protocol,
            site=options.site,
            indication=options.indication,
            second_opinion=options.second_opinion,
            summed=options.summed,
            program_version=__version__,
            pictures="html" in options.formats,
            pixels=pixels,
            histograms=remember,
        )
        # What was read must still be what lies there, or the report would name another file.
        changed = _changed(job.sources, places, case)
    if changed:
        return failed(job.key, "changed", changed)
    report = told_elsewhere(report, job.elsewhere, anonymise=options.anonymise)
    shown = anonymised(report) if options.anonymise else report
    rows = rows_of(shown, case, list(measured(shown, remember.dvhs)), anonymise=options.anonymise)
    return replace(rows, key=job.key, documents=_documents(shown, options))


@contextmanager
def _at_hand(sources: Iterable[Source]) -> Iterator[Mapping[str, Path]]:
    """Give the path of every file by its label; files that travelled are laid down first."""
    shipped = [source for source in sources if source.content is not None]
    if not shipped:
        yield {source.label: Path(source.path) for source in sources}
        return
    with tempfile.TemporaryDirectory(prefix="planchecker-") as folder:
        places = {}
        for number, source in enumerate(sources):
            place = Path(folder) / f"{number:06d}.dcm"
            if source.content is not None:
                place.write_bytes(source.content)
            places[source.label] = place
        yield places


def _read(job: Job, places: Mapping[str, Path]) -> tuple["Case", PixelReader]:
    from planchecker.reading.api import read_found  # noqa: PLC0415 - heavy
    from planchecker.reading.files import FoundFile  # noqa: PLC0415
    from planchecker.reading.pixels import read_hounsfield  # noqa: PLC0415

    def pixels(image: "ImageSlice") -> "NDArray[np.float32]":
        try:
            return read_hounsfield(replace(image, path=str(places[image.path])))
        except ReadError as error:
            told = str(error).replace(repr(str(places[image.path])), repr(image.path))
            raise ReadError(told) from error

    cases = read_found([FoundFile(path=path, label=label) for label, path in places.items()])
    for case in cases:
        if _is_meant(case, job):
            return (replace(case, hounsfield=pixels) if case.hounsfield else case), pixels
    foreign = {file.path: file.reason for case in cases for file in case.foreign}
    changed = _changed(job.sources, places, None)
    if changed:
        raise ReadError(changed)
    own = [s for s in job.sources if s.sop_instance_uid == job.uid]
    why = "; ".join(f"{s.label}: {foreign[s.label]}" for s in own if s.label in foreign)
    raise ReadError(f"{job.label} cannot be read: {why or 'nothing in its files can be used'}")


def _is_meant(case: "Case", job: Job) -> bool:
    if job.kind == "plan":
        return case.plan is not None and case.plan.sop_instance_uid == job.uid
    if case.plan is not None:
        return False
    if job.kind == "structures":
        return case.structure_set is not None and case.structure_set.sop_instance_uid == job.uid
    return any(dose.frame_of_reference_uid == job.uid for dose in case.doses)


def _changed(sources: Iterable[Source], places: Mapping[str, Path], case: "Case | None") -> str:
    """Say which file is not what the inventory saw; empty where all are."""
    from planchecker.batch.inventory import look_at  # noqa: PLC0415 - heavy

    read = {file.path: file.sha256 for file in case.files} if case else {}
    for source in sources:
        if not source.sha256:
            continue
        place = places[source.label]
        found = read.get(source.label) or look_at(place, source.label).sha256
        try:
            size = place.stat().st_size
        except OSError:
            return f"{source.label} is gone since it was first read"
        if found != source.sha256 or size != source.size:
            return f"{source.label} was changed since it was first read"
    return ""


def _documents(report: "Report", options: Options) -> dict[str, bytes]:
    from planchecker.batch.pages import page  # noqa: PLC0415 - heavy
    from planchecker.batch.reports_on_disk import file_name  # noqa: PLC0415
    from planchecker.reports import render  # noqa: PLC0415
    from planchecker.reports.style import Style  # noqa: PLC0415

    style = Style(lang=options.lang, assets=options.assets)
    found = {file_name("json"): render(report, "json").encode("utf-8")}
    for name in options.formats:
        if name == "html":
            content = page(report, style)
        else:
            content = render(report, name, style=style).encode("utf-8", errors="replace")
        found[file_name(name)] = content
    return found


def _where(error: Exception) -> str:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    line = (
        f" (line {place.tb_lineno} of {Path(place.tb_frame.f_code.co_filename).name})"
        if place
        else ""
    )
    said: Any = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {said}{line}"
