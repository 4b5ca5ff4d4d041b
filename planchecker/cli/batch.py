"""``planchecker batch``: every plan of a tree."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from planchecker.batch.fail_on import FailOn
from planchecker.cli.check import Language
from planchecker.cli.hooking import IndicationOption, ProtocolOption, SiteOption
from planchecker.cli.output import emit, screen_style
from planchecker.garbage import collect_for_many_plans

if TYPE_CHECKING:
    from planchecker.batch.engines import Engine
    from planchecker.batch.job import Limits, Options
    from planchecker.batch.run import Ended, Watcher

__all__ = ["batch"]


class ReportFormat(StrEnum):
    """How the report of a case is written beside JSON."""

    HTML = "html"
    CSV = "csv"
    JUNIT = "junit"
    TERMINAL = "terminal"
    NONE = "none"


_WORKERS: Final = os.cpu_count() or 1


def batch(  # noqa: PLR0913 - one a command-line option
    root: Annotated[
        Path, typer.Argument(metavar="ROOT", exists=True, help="The tree of exported plans.")
    ],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Where store, reports and dashboard go."
        ),
    ],
    workers: Annotated[
        int, typer.Option(min=1, max=256, help="Processes that check side by side.")
    ] = _WORKERS,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Check on the Dask cluster of this scheduler."),
    ] = None,
    dask_local: Annotated[
        bool, typer.Option("--dask-local", help="Check on a Dask cluster started here.")
    ] = False,
    ship_files: Annotated[
        bool,
        typer.Option("--ship-files", help="Send the files to Dask workers that do not see them."),
    ] = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Redo only what is missing, failed or changed."),
    ] = False,
    rehash: Annotated[
        bool,
        typer.Option("--rehash", help="With --resume: read files again that look unchanged."),
    ] = False,
    protocol: ProtocolOption = None,
    site: SiteOption = None,
    indication: IndicationOption = None,
    summed: Annotated[
        bool, typer.Option("--sum", help="Add up the other plans of the patient.")
    ] = False,
    second_opinion: Annotated[
        bool,
        typer.Option("--second-opinion", help="Compare with dicompyler-core as well (slow)."),
    ] = False,
    lang: Annotated[
        Language, typer.Option("--lang", help="Language of what people read.")
    ] = Language.EN,
    anonymise: Annotated[
        bool,
        typer.Option("--anonymise", help="Leave the patient out; the store keeps file paths."),
    ] = False,
    report_format: Annotated[
        list[ReportFormat] | None,
        typer.Option(help="Formats of each report beside JSON; html by default."),
    ] = None,
    time_limit: Annotated[
        float, typer.Option(min=1.0, metavar="SECONDS", help="Longest check of one case.")
    ] = 900.0,
    memory_limit: Annotated[
        int, typer.Option(min=200, metavar="MB", help="Most memory of one case.")
    ] = 4000,
    fail_on: Annotated[
        FailOn, typer.Option(help="From what severity on the exit code is not 0.")
    ] = FailOn.UNDECIDED,
) -> None:
    """Check every plan of a tree, each in a process of its own.

    What crashes, hangs or takes too much memory becomes a recorded error, and the batch goes on.
    The exit code is that of the worst, in the order 1, 2, 3, 0; a case without a verdict is
    never 0.
    """
    collect_for_many_plans()
    from planchecker.batch.job import Limits  # noqa: PLC0415 - heavy

    _refuse(scheduler=scheduler, dask_local=dask_local, ship_files=ship_files)
    formats = tuple(
        one.value for one in report_format or [ReportFormat.HTML] if one is not ReportFormat.NONE
    )
    options, name = _options(
        protocol,
        site,
        indication,
        second_opinion=second_opinion,
        summed=summed,
        lang=lang.value,
        anonymise=anonymise,
        formats=tuple(dict.fromkeys(formats)),
    )
    limits = Limits(time_s=time_limit, memory_mb=memory_limit)
    if scheduler is not None or dask_local:
        engine = _dask(options, limits, scheduler, workers, ship_files=ship_files)
    else:
        engine = _pool(options, limits, workers)
    ended = _run(root, output, options, engine, name, resume=resume, rehash=rehash)
    raise typer.Exit(_tell(ended, fail_on))


def _refuse(*, scheduler: str | None, dask_local: bool, ship_files: bool) -> None:
    if scheduler is not None and dask_local:
        raise typer.BadParameter("give --scheduler or --dask-local, not both")
    if ship_files and scheduler is None and not dask_local:
        raise typer.BadParameter("--ship-files is for --scheduler or --dask-local")


def _options(
    protocol: str | None,
    site: Path | None,
    indication: str | None,
    *,
    second_opinion: bool,
    summed: bool,
    lang: str,
    anonymise: bool,
    formats: tuple[str, ...],
) -> tuple["Options", str]:
    """Read protocol and site file once: one that is refused must be known before all else."""
    from planchecker import __version__  # noqa: PLC0415 - heavy
    from planchecker.batch.job import Options  # noqa: PLC0415
    from planchecker.checker.centre import centre_of, protocol_digest  # noqa: PLC0415
    from planchecker.errors import PlanCheckerError  # noqa: PLC0415

    centre = centre_of(protocol, site)
    known = tuple(row.id for row in centre.protocol.indications)
    if indication is not None and indication not in known:
        raise PlanCheckerError(f"no indication {indication!r}; there are {', '.join(known)}")
    options = Options(
        protocol=centre.base,
        site=centre.site,
        indication=indication,
        second_opinion=second_opinion,
        summed=summed,
        lang=lang,
        anonymise=anonymise,
        formats=formats,
        program_version=__version__,
        protocol_sha256=protocol_digest(centre.protocol),
    )
    return options, centre.protocol.id


def _pool(options: "Options", limits: "Limits", workers: int) -> "Engine":
    from planchecker.batch.engines import Pool  # noqa: PLC0415 - heavy

    return Pool(options, limits, workers=workers)


def _dask(
    options: "Options",
    limits: "Limits",
    scheduler: str | None,
    workers: int,
    *,
    ship_files: bool,
) -> "Engine":
    from planchecker.batch.engines.dask import Dask  # noqa: PLC0415 - heavy

    return Dask(options, limits, address=scheduler, workers=workers, ship_files=ship_files)


def _run(
    root: Path,
    output: Path,
    options: "Options",
    engine: "Engine",
    protocol: str,
    *,
    resume: bool,
    rehash: bool,
) -> "Ended":
    from planchecker.batch.run import run_batch  # noqa: PLC0415 - heavy

    with _terminated_as_interrupted(), _progress() as watcher:
        try:
            return run_batch(
                root,
                output,
                options=options,
                engine=engine,
                protocol=protocol,
                resume=resume,
                rehash=rehash,
                watcher=watcher,
            )
        except KeyboardInterrupt:
            sys.stderr.write("planchecker: what was checked is kept; go on with --resume\n")
            raise


def _tell(ended: "Ended", fail_on: FailOn) -> int:
    """Show the summary and return the exit code."""
    from planchecker.batch.accounting import exit_code  # noqa: PLC0415 - heavy
    from planchecker.batch.store import read_store  # noqa: PLC0415
    from planchecker.batch.summary import summary  # noqa: PLC0415

    style = screen_style(to_file=False)
    with contextlib.closing(read_store(ended.store)) as store:
        text = summary(store, ended.batch_id, ended.account, width=style.width)
    places = f"\nstore: {ended.store}\ndashboard: {ended.dashboard}\n"
    emit(text + places, None)
    return int(exit_code(ended.account, fail_on))


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let a polite request to end leave the store as Ctrl-C does."""

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _progress() -> Iterator["Watcher | None"]:
    """Show how far the batch is on a stderr that is a terminal, with rate and time left."""
    if not sys.stderr.isatty():
        yield None
        return
    from planchecker.cli.batch_progress import Bar, shown  # noqa: PLC0415 - rich

    with shown() as progress:
        yield Bar(progress)
