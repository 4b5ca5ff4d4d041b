"""``planchecker fetch``: pull one plan from a DICOM node and check it."""

import contextlib
import shutil
import signal
import socket
import sys
import tempfile
import time
import webbrowser
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from planchecker.cli.hooking import (
    IndicationOption,
    JournalOption,
    NoImagesOption,
    ProtocolOption,
    ReportsOption,
    SiteOption,
    journal_at,
    sound_site,
)
from planchecker.cli.output import emit
from planchecker.errors import PlanCheckerError

if TYPE_CHECKING:
    from planchecker.hooks.fetching import Fetched, Wanted
    from planchecker.hooks.peers import AllowList, Node

__all__ = ["fetch"]

_PREFIX: Final = "planchecker-fetch-"
_LEFT_BEHIND_S: Final = 86_400.0


def fetch(  # noqa: PLR0913 - every option is a word of the command line
    *,
    node: Annotated[str, typer.Option(metavar="AET@HOST:PORT", help="Where the plan is.")],
    reports: ReportsOption,
    patient: Annotated[str, typer.Option(metavar="ID", help="Patient ID.")] = "",
    plan_label: Annotated[str, typer.Option(metavar="LABEL", help="RT Plan Label.")] = "",
    plan_uid: Annotated[str, typer.Option(metavar="UID", help="SOP Instance UID.")] = "",
    title: Annotated[
        str, typer.Option("--aet", help="Our AE title, as the node knows it.")
    ] = "PLANCHECKER",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where the node sends to.")] = 11112,
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on; by default the one that faces the node."),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AET[@ADDRESS[/BITS]]",
            help="Who may send beside the node itself; repeat it.",
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="Longest wait for an answer.")
    ] = 300.0,
    without_images: NoImagesOption = False,
    protocol: ProtocolOption = None,
    indication: IndicationOption = None,
    site: SiteOption = None,
    journal: JournalOption = None,
    hook: Annotated[str, typer.Option(hidden=True)] = "fetch",
    show: Annotated[bool, typer.Option("--open", help="Open the report.")] = False,
) -> None:
    """Pull one plan with structures, dose and images from a DICOM node, and check it.

    The exit code is that of `check`.
    """
    from planchecker.audit import Journal  # noqa: PLC0415 - heavy
    from planchecker.audit.journal import local_account  # noqa: PLC0415
    from planchecker.hooks.fetching import Wanted  # noqa: PLC0415
    from planchecker.hooks.judging import PAGE, TEXT, Options  # noqa: PLC0415
    from planchecker.hooks.once import combined_exit_code, judge_now  # noqa: PLC0415
    from planchecker.hooks.peers import AllowList, Node, ae_title  # noqa: PLC0415
    from planchecker.hooks.shelf import Shelf  # noqa: PLC0415

    source, own_title = Node.parse(node), ae_title(title)
    extra = AllowList.parse(allow or [])
    shelf = Shelf(reports, Journal(journal_at(journal, reports)))
    wanted = Wanted(patient_id=patient, plan_uid=plan_uid, plan_label=plan_label)
    _remove_left_behind()
    with _cleaned_when_ended(), tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
        fetched = _pull(
            Path(folder),
            source,
            wanted,
            title=own_title,
            address=(host or _facing(source), port),
            extra=extra,
            timeout_s=timeout,
        )
        placed = judge_now(
            fetched.paths,
            shelf,
            name=fetched.plan_uid,
            hook=hook,
            who=f"{local_account()} as {own_title} from {source}",
            options=Options(
                protocol=protocol,
                indication=indication,
                images_expected=not without_images,
                site=sound_site(site, protocol),
            ),
        )
    for outcome, kept in placed:
        emit((kept / TEXT).read_text("utf-8"), None)
        page = (shelf.root / outcome.subject / PAGE).resolve()
        emit(f"\nThe report is {page}\n", None)
        if show:
            webbrowser.open(page.as_uri())
    raise typer.Exit(combined_exit_code(outcome.exit_code for outcome, _ in placed))


def _pull(
    folder: Path,
    source: "Node",
    wanted: "Wanted",
    *,
    title: str,
    address: tuple[str, int],
    extra: "AllowList",
    timeout_s: float,
) -> "Fetched":
    from planchecker.hooks.archive import Archive  # noqa: PLC0415 - heavy
    from planchecker.hooks.fetching import fetch_plan  # noqa: PLC0415
    from planchecker.hooks.limits import DEFAULT_LIMITS  # noqa: PLC0415
    from planchecker.hooks.metrics import Metrics  # noqa: PLC0415
    from planchecker.hooks.receiver import Receiver  # noqa: PLC0415
    from planchecker.hooks.spool import Spool  # noqa: PLC0415

    limits = replace(DEFAULT_LIMITS, free_bytes=0)
    inbox = Spool(folder, limits=limits)
    metrics = Metrics.silent()
    receiver = Receiver(
        inbox,
        title=title,
        host=address[0],
        port=address[1],
        allowed=_senders(source, extra),
        limits=limits,
        metrics=metrics,
    )
    receiver.start()
    try:
        archive = Archive(source, title=title, timeout_s=timeout_s)
        fetched = fetch_plan(archive, inbox, wanted, say=lambda step: _say(f"fetching: {step}"))
    except PlanCheckerError as error:
        refused = metrics.counts().get("object-refused", 0)
        if refused:
            raise PlanCheckerError(f"{error}; {refused} objects were refused here") from error
        raise
    finally:
        receiver.stop()
        inbox.close()
    for note in fetched.notes:
        _say(note)
    return fetched


@contextlib.contextmanager
def _cleaned_when_ended() -> Iterator[None]:
    """See to it that an end from outside leaves no files of a patient behind."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _remove_left_behind() -> None:
    """Remove folders of a day ago or more, of a program that was killed."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _LEFT_BEHIND_S:
                shutil.rmtree(path, ignore_errors=True)


def _say(line: str) -> None:
    sys.stderr.write(f"planchecker: {line}\n")


def _addresses(host: str) -> set[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise PlanCheckerError(f"the host {host!r} is not known: {error}") from error
    return {str(row[4][0]) for row in found}


def _senders(source: "Node", extra: "AllowList") -> "AllowList":
    """Return who may send: the node, under its title and from its own address."""
    from planchecker.hooks.peers import AllowList  # noqa: PLC0415 - heavy

    own = AllowList.parse(f"{source.title}@{address}" for address in _addresses(source.host))
    return AllowList(peers=(*own.peers, *extra.peers))


def _facing(source: "Node") -> str:
    """Return the address of this machine that the node sees."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket sends nothing; it only picks the route.
            probe.connect((source.host, source.port))
            return str(probe.getsockname()[0])
        except OSError as error:
            raise PlanCheckerError(
                f"no way from here to {source.host!r}: {error}; give --host"
            ) from error
