"""``planchecker watch``: check what is exported to a folder or sent to an Orthanc."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planchecker.cli.hooking import (
    IndicationOption,
    JournalOption,
    NoImagesOption,
    ProtocolOption,
    QuietOption,
    ReportsOption,
    SiteOption,
    journal_at,
    sound_site,
)
from planchecker.cli.output import emit
from planchecker.errors import PlanCheckerError
from planchecker.garbage import collect_for_many_plans

if TYPE_CHECKING:
    from planchecker.hooks.judging import Options
    from planchecker.hooks.metrics import Metrics
    from planchecker.hooks.orthanc_rest import Orthanc
    from planchecker.hooks.outbox import Outbox
    from planchecker.hooks.shelf import Shelf

__all__ = ["watch"]

_PASSWORD = "PLANCHECKER_ORTHANC_PASSWORD"


def watch(  # noqa: PLR0913 - every option is one line of a service file
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", help="The folder a planning system exports to."),
    ] = None,
    *,
    reports: ReportsOption,
    orthanc: Annotated[
        str | None, typer.Option(metavar="URL", help="An Orthanc, instead of a folder.")
    ] = None,
    user: Annotated[
        str, typer.Option(help=f"User of the Orthanc; its password is in {_PASSWORD}.")
    ] = "",
    spool: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where objects of the Orthanc wait; on a local disk."),
    ] = None,
    push: Annotated[
        bool, typer.Option("--push", help="Store each result in the Orthanc, as a document.")
    ] = False,
    notify_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Look at once when this local port is called."),
    ] = None,
    poll: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="How often to look.")
    ] = 5.0,
    quiet: QuietOption = 30.0,
    once: Annotated[
        bool,
        typer.Option("--once", help="Check what lies in the folder now; leave with the verdict."),
    ] = False,
    without_images: NoImagesOption = False,
    protocol: ProtocolOption = None,
    indication: IndicationOption = None,
    site: SiteOption = None,
    journal: JournalOption = None,
    keep_hours: Annotated[
        float, typer.Option(min=1.0, help="How long objects of the Orthanc stay in the spool.")
    ] = 24.0,
    health_s: Annotated[float, typer.Option(min=1, help="How often the state is written.")] = 60.0,
    hook: Annotated[str, typer.Option(hidden=True)] = "watch",
) -> None:
    """Check every plan that appears in a folder or in an Orthanc.

    A set in a folder is judged when none of its files has changed for --quiet seconds. Events
    are written to stdout, one JSON object a line; SIGTERM ends the service.
    """
    collect_for_many_plans()
    from planchecker.audit import Journal  # noqa: PLC0415 - heavy
    from planchecker.hooks.judging import Options  # noqa: PLC0415
    from planchecker.hooks.shelf import Shelf  # noqa: PLC0415

    if (folder is None) == (orthanc is None):
        raise PlanCheckerError("give either a folder or --orthanc")
    options = Options(
        protocol=protocol,
        indication=indication,
        images_expected=not without_images,
        site=sound_site(site, protocol),
    )
    if folder is not None:
        _apart(folder, reports, journal_at(journal, reports))
    shelf = Shelf(reports, Journal(journal_at(journal, reports)))
    if folder is not None and once:
        raise typer.Exit(_once(folder, shelf, options, hook=hook))
    if folder is not None:
        _watch_folder(
            folder, shelf, options, hook=hook, quiet_s=quiet, poll_s=poll, health_s=health_s
        )
        return
    if once or spool is None:
        raise PlanCheckerError("--orthanc needs --spool, and knows no --once")
    from planchecker.hooks.orthanc_rest import Orthanc  # noqa: PLC0415

    server = Orthanc(orthanc or "", user=user, password=os.environ.get(_PASSWORD, ""))
    _watch_orthanc(
        server,
        shelf,
        options,
        spool=spool,
        push=push,
        notify_port=notify_port,
        times=(poll, keep_hours, health_s),
    )


def _apart(folder: Path, *ours: Path) -> None:
    """See to it that what we write is not taken for an export."""
    watched = folder.resolve()
    for path in ours:
        if path.resolve().is_relative_to(watched):
            raise PlanCheckerError(
                f"{str(path)!r} lies in the folder that is watched, {str(folder)!r}; put reports "
                "and journal elsewhere, or every report would be checked again"
            )


def _once(folder: Path, shelf: "Shelf", options: "Options", *, hook: str) -> int:
    from planchecker.audit.journal import local_account  # noqa: PLC0415 - heavy
    from planchecker.hooks.judging import PAGE, TEXT  # noqa: PLC0415
    from planchecker.hooks.once import combined_exit_code, judge_now  # noqa: PLC0415
    from planchecker.reading.header import safe_name  # noqa: PLC0415

    placed = judge_now(
        [folder],
        shelf,
        name=safe_name("folder", str(folder.absolute())),
        hook=hook,
        who=local_account(),
        options=options,
    )
    for outcome, kept in placed:
        emit((kept / TEXT).read_text("utf-8"), None)
        emit(f"\nThe report is {(shelf.root / outcome.subject / PAGE).resolve()}\n", None)
    return combined_exit_code(outcome.exit_code for outcome, _ in placed)


def _watch_folder(
    folder: Path,
    shelf: "Shelf",
    options: "Options",
    *,
    hook: str,
    quiet_s: float,
    poll_s: float,
    health_s: float,
) -> None:
    from planchecker.audit.journal import local_account  # noqa: PLC0415 - heavy
    from planchecker.hooks.folder import FolderSource  # noqa: PLC0415
    from planchecker.hooks.keeper import Keeper, Patience  # noqa: PLC0415
    from planchecker.hooks.metrics import Metrics  # noqa: PLC0415
    from planchecker.hooks.service import run_until, stop_on_signals  # noqa: PLC0415

    metrics = Metrics()
    source = FolderSource(folder, shelf.root / ".watched")
    source.refresh()
    keeper = Keeper(
        source,
        shelf,
        metrics,
        hook=hook,
        who=local_account(),
        options=options,
        # Files carry no sign of an export that goes on: only silence says that it is over.
        patience=Patience(settle_s=quiet_s, quiet_s=quiet_s),
    )
    stop = stop_on_signals()
    metrics.event("started", watching="folder")
    run_until(
        stop,
        keeper,
        metrics,
        before=_every(poll_s, source.refresh, metrics, event="folder-unreachable"),
        health_s=health_s,
    )
    metrics.event("stopped", waiting=keeper.waiting, counts=metrics.counts())


def _watch_orthanc(
    server: "Orthanc",
    shelf: "Shelf",
    options: "Options",
    *,
    spool: Path,
    push: bool,
    notify_port: int | None,
    times: tuple[float, float, float],
) -> None:
    from planchecker.audit.journal import local_account  # noqa: PLC0415 - heavy
    from planchecker.hooks.doorbell import Doorbell  # noqa: PLC0415
    from planchecker.hooks.keeper import Keeper, Patience  # noqa: PLC0415
    from planchecker.hooks.metrics import Metrics  # noqa: PLC0415
    from planchecker.hooks.orthanc import OrthancFeed  # noqa: PLC0415
    from planchecker.hooks.service import run_until, stop_on_signals  # noqa: PLC0415
    from planchecker.hooks.spool import Spool  # noqa: PLC0415

    poll_s, keep_hours, health_s = times
    metrics = Metrics()
    objects = Spool(spool)
    feed = OrthancFeed(server, objects, spool / "orthanc.json", metrics)
    outbox = _outbox(server, spool / "outbox.json", metrics) if push else None
    keeper = Keeper(
        objects,
        shelf,
        metrics,
        hook="watch",
        who=f"{local_account()} from {server.url}",
        options=options,
        # The server has waited for the study to become stable; nothing is gained by more.
        patience=Patience(settle_s=0.0, quiet_s=0.0),
        delivered=outbox.put if outbox else lambda _outcome, _folder: None,
    )
    bell = Doorbell(notify_port) if notify_port is not None else None
    stop = stop_on_signals()
    metrics.event("started", watching="orthanc", notify_port=bell.port if bell else None)

    def purge() -> None:
        for owner in objects.purge(before_ns=time.time_ns() - int(keep_hours * 3.6e12)):
            metrics.event("set-purged", set=owner)

    look = _every(
        poll_s,
        feed.poll,
        metrics,
        event="orthanc-unreachable",
        rung=bell.rung if bell else None,
    )

    def before() -> None:
        look()
        if outbox is not None:
            outbox.again()

    try:
        run_until(
            stop,
            keeper,
            metrics,
            before=before,
            health=lambda: {
                "spool_bytes": objects.used_bytes,
                "results_waiting": outbox.waiting if outbox else 0,
            },
            health_s=health_s,
            now_and_then=purge,
        )
    finally:
        if bell is not None:
            bell.close()
        objects.close()
        metrics.event("stopped", waiting=keeper.waiting, counts=metrics.counts())


def _every(
    seconds: float,
    action: Callable[[], None],
    metrics: "Metrics",
    *,
    event: str,
    rung: threading.Event | None = None,
) -> Callable[[], None]:
    """Return what does something from time to time, or at once when it rings."""
    due = [0.0]

    def step() -> None:
        called = rung is not None and rung.is_set()
        if time.monotonic() < due[0] and not called:
            return
        if rung is not None:
            rung.clear()
        try:
            action()
        except PlanCheckerError as error:
            # A share or a server that is away comes back.
            metrics.event(event, reason=str(error))
        due[0] = time.monotonic() + seconds

    return step


def _outbox(server: "Orthanc", memory: Path, metrics: "Metrics") -> "Outbox":
    from planchecker.hooks.outbox import Outbox  # noqa: PLC0415 - heavy

    return Outbox(lambda path: {"instance": server.store(path.read_bytes())}, memory, metrics)
