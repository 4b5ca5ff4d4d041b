"""``planchecker listen``: a DICOM node that checks what is sent to it."""

import importlib.util
import time
from dataclasses import replace
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
from planchecker.errors import MissingExtra, PlanCheckerError
from planchecker.garbage import collect_for_many_plans

if TYPE_CHECKING:
    from planchecker.hooks.metrics import Metrics
    from planchecker.hooks.outbox import Outbox
    from planchecker.hooks.receiver import TlsFiles

__all__ = ["listen"]


def listen(  # noqa: PLR0913 - every option is one line of a service file
    *,
    spool: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where objects wait; on a local disk.")
    ],
    reports: ReportsOption,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 11112,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    title: Annotated[str, typer.Option("--aet", help="Our AE title.")] = "PLANCHECKER",
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AET[@ADDRESS[/BITS]]",
            help="Who may call; repeat it. Without it, this machine alone.",
        ),
    ] = None,
    tls_certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Our certificate (PEM).")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="FILE", help="Our key (PEM).")] = None,
    tls_authorities: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Who signs the certificates of callers (PEM)."),
    ] = None,
    settle: Annotated[
        float,
        typer.Option(min=0.0, metavar="SECONDS", help="Wait so long even for a complete set."),
    ] = 2.0,
    quiet: QuietOption = 60.0,
    without_images: NoImagesOption = False,
    send_to: Annotated[
        str | None,
        typer.Option(metavar="AET@HOST:PORT", help="Store each result on this node."),
    ] = None,
    send_as: Annotated[
        str, typer.Option(metavar="FORM", help="pdf (encapsulated) or sr (structured report).")
    ] = "pdf",
    protocol: ProtocolOption = None,
    indication: IndicationOption = None,
    site: SiteOption = None,
    journal: JournalOption = None,
    keep_hours: Annotated[
        float, typer.Option(min=0.0, help="How long objects stay in the spool once judged.")
    ] = 24.0,
    max_object_mb: Annotated[int, typer.Option(min=1, help="Largest object.")] = 512,
    max_objects: Annotated[int, typer.Option(min=1, help="Most objects in an association.")] = 5000,
    max_association_s: Annotated[float, typer.Option(min=1, help="Longest association.")] = 1800.0,
    idle_s: Annotated[float, typer.Option(min=1, help="Longest silence.")] = 60.0,
    max_associations: Annotated[int, typer.Option(min=1, help="Most at the same time.")] = 10,
    max_spool_gb: Annotated[float, typer.Option(min=0.001, help="Most in the spool.")] = 20.0,
    min_free_gb: Annotated[float, typer.Option(min=0.0, help="Left free on its disk.")] = 0.5,
    health_s: Annotated[float, typer.Option(min=1, help="How often the state is written.")] = 60.0,
) -> None:
    """Receive plans over DICOM and check each as soon as it is complete.

    Events are written to stdout, one JSON object a line. SIGTERM ends the service; what was
    accepted and not judged is judged after the next start.
    """
    collect_for_many_plans()
    from planchecker.audit import Journal  # noqa: PLC0415 - heavy
    from planchecker.audit.journal import local_account  # noqa: PLC0415
    from planchecker.hooks.judging import Options  # noqa: PLC0415
    from planchecker.hooks.keeper import Keeper, Patience  # noqa: PLC0415
    from planchecker.hooks.limits import DEFAULT_LIMITS  # noqa: PLC0415
    from planchecker.hooks.metrics import Metrics  # noqa: PLC0415
    from planchecker.hooks.peers import AllowList, ae_title  # noqa: PLC0415
    from planchecker.hooks.receiver import Receiver  # noqa: PLC0415
    from planchecker.hooks.service import run_until, stop_on_signals  # noqa: PLC0415
    from planchecker.hooks.shelf import Shelf  # noqa: PLC0415
    from planchecker.hooks.spool import Spool  # noqa: PLC0415

    limits = replace(
        DEFAULT_LIMITS,
        object_bytes=max_object_mb * 1_000_000,
        memory_bytes=max(DEFAULT_LIMITS.memory_bytes, max_object_mb * 1_000_000),
        association_objects=max_objects,
        association_s=max_association_s,
        idle_s=idle_s,
        associations=max_associations,
        spool_bytes=int(max_spool_gb * 1e9),
        free_bytes=int(min_free_gb * 1e9),
    )
    own_title, allowed = ae_title(title), AllowList.parse(allow or [])
    tls = _tls(tls_certificate, tls_key, tls_authorities)
    metrics = Metrics()
    objects = Spool(spool, limits=limits)
    shelf = Shelf(reports, Journal(journal_at(journal, reports)))
    outbox = _outbox(send_to, own_title, spool / "outbox.json", metrics)
    keeper = Keeper(
        objects,
        shelf,
        metrics,
        hook="listen",
        who=f"{local_account()} as {own_title}",
        options=Options(
            protocol=protocol,
            indication=indication,
            images_expected=not without_images,
            site=sound_site(site, protocol),
            result_form=_form(send_as),
        ),
        patience=Patience(settle_s=settle, quiet_s=quiet),
        delivered=outbox.put if outbox else lambda _outcome, _folder: None,
    )
    receiver = Receiver(
        objects,
        title=own_title,
        host=host,
        port=port,
        allowed=allowed,
        limits=limits,
        metrics=metrics,
        tls=tls,
    )
    stop = stop_on_signals()
    receiver.start()
    metrics.event("started", aet=own_title, host=host, port=receiver.port, tls=tls is not None)

    def purge() -> None:
        for owner in objects.purge(before_ns=time.time_ns() - int(keep_hours * 3.6e12)):
            metrics.event("set-purged", set=owner)

    try:
        run_until(
            stop,
            keeper,
            metrics,
            health=lambda: {
                "spool_bytes": objects.used_bytes,
                "connections": receiver.connections,
                "results_waiting": outbox.waiting if outbox else 0,
            },
            health_s=health_s,
            before=outbox.again if outbox else lambda: None,
            now_and_then=purge,
        )
    finally:
        receiver.stop(grace_s=5.0)
        objects.close()
        metrics.event("stopped", waiting=keeper.waiting, counts=metrics.counts())


def _form(text: str) -> str:
    from planchecker.hooks.results_as_dicom import FORMS  # noqa: PLC0415 - heavy

    if text not in FORMS:
        raise PlanCheckerError(f"{text!r} is no form of a result; known are {', '.join(FORMS)}")
    if text == "sr" and importlib.util.find_spec("highdicom") is None:
        # Found out now: later it would only be a result that nobody gets.
        raise MissingExtra(
            "structured reports need highdicom; install it with: "
            "pip install 'planchecker[dicom-sr]'"
        )
    return text


def _tls(certificate: Path | None, key: Path | None, authorities: Path | None) -> "TlsFiles | None":
    from planchecker.hooks.receiver import TlsFiles  # noqa: PLC0415

    if certificate is None and key is None and authorities is None:
        return None
    if certificate is None or key is None or authorities is None:
        raise PlanCheckerError(
            "TLS needs all of --tls-certificate, --tls-key and --tls-authorities: "
            "callers are known by their certificates"
        )
    return TlsFiles(certificate=certificate, key=key, authorities=authorities)


def _outbox(target: str | None, title: str, memory: Path, metrics: "Metrics") -> "Outbox | None":
    """Return what stores results on another node; None where there is none."""
    from planchecker.hooks.outbox import Outbox  # noqa: PLC0415
    from planchecker.hooks.peers import Node  # noqa: PLC0415
    from planchecker.hooks.sending import send  # noqa: PLC0415

    if target is None:
        return None
    node = Node.parse(target)

    def send_(path: Path) -> dict[str, str]:
        send(path, node, title=title)
        return {"to": str(node)}

    return Outbox(send_, memory, metrics)
