"""DICOM Storage SCP: what callers send, checked and put into the spool."""

import ssl
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from planchecker.errors import PlanCheckerError, ReadError
from planchecker.hooks.buffers import BoundedBuffer
from planchecker.hooks.extra import pynetdicom
from planchecker.hooks.limits import DEFAULT_LIMITS, HookLimits
from planchecker.hooks.metrics import Metrics
from planchecker.hooks.peers import AllowList
from planchecker.hooks.spool import Spool, SpoolFullError
from planchecker.reading.header import is_uid, read_header
from planchecker.reading.sop_classes import SOP_CLASSES

if TYPE_CHECKING:
    from planchecker.hooks.transport import GuardedServer

__all__ = ["Receiver", "Refusal", "TlsFiles"]

# PS3.4 B.2.3: what a storage service answers.
SUCCESS: Final = 0x0000
OUT_OF_RESOURCES: Final = 0xA700
DOES_NOT_MATCH: Final = 0xA900
CANNOT_UNDERSTAND: Final = 0xC000
# PS3.7 C.5.12 and C.5.14.
INVALID_INSTANCE: Final = 0x0117
PROCESSING_FAILURE: Final = 0x0110

# Taken although nothing is made of them, so that an export which holds one goes through; the
# report lists them.
_TAKEN_TOO: Final = (
    "1.2.840.10008.5.1.4.1.1.481.1",
    "1.2.840.10008.5.1.4.1.1.66.3",
    "1.2.840.10008.5.1.4.1.1.2.1",
    "1.2.840.10008.5.1.4.1.1.4.1",
)
_VERIFICATION: Final = "1.2.840.10008.1.1"
_TRANSFER_SYNTAXES: Final = [
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.2",
]


class Refusal(Exception):  # noqa: N818 - the name says it
    """An object that is not taken, with the status the sender is told."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, kw_only=True, slots=True)
class TlsFiles:
    """PEM files of a server that asks every caller for a certificate."""

    certificate: Path
    key: Path
    authorities: Path

    def context(self) -> ssl.SSLContext:
        """Return the settings: TLS 1.2 or later, a caller's certificate required.

        Raises
        ------
        PlanCheckerError
            If a file cannot be read or does not fit.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_cert_chain(self.certificate, self.key)
            context.load_verify_locations(self.authorities)
        except (OSError, ssl.SSLError) as error:
            raise PlanCheckerError(f"the TLS files cannot be used: {error}") from error
        return context


class Receiver:
    """A storage service on one port.

    Parameters
    ----------
    spool
        Where accepted objects go.
    title, host, port
        Our AE title and where we listen; port 0 takes a free one.
    allowed
        Who may call.
    limits
        Bounds of every association.
    metrics
        Told of every association and object.
    tls
        Where given, connections without a certificate of one of the authorities end.
    """

    def __init__(
        self,
        spool: Spool,
        *,
        title: str,
        metrics: Metrics,
        host: str = "127.0.0.1",
        port: int = 0,
        allowed: AllowList | None = None,
        limits: HookLimits = DEFAULT_LIMITS,
        tls: TlsFiles | None = None,
    ) -> None:
        self._spool = spool
        self._title = title
        self._address = (host, port)
        self._allowed = AllowList() if allowed is None else allowed
        self._limits = limits
        self._metrics = metrics
        self._tls = tls
        self._server: GuardedServer | None = None
        self._counts: dict[Any, int] = {}
        self.arrived = threading.Event()
        """Set after every object that was accepted."""

    @property
    def port(self) -> int:
        """The port we listen on; 0 before `start`."""
        return int(self._server.server_address[1]) if self._server else 0

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return self._server.open_connections if self._server else 0

    def start(self) -> None:
        """Listen, and return.

        Raises
        ------
        PlanCheckerError
            If the port cannot be had.
        MissingExtra
            If pynetdicom is not installed.
        """
        package = pynetdicom()
        from planchecker.hooks.transport import GuardedHandler, GuardedServer  # noqa: PLC0415

        entity = package.AE(ae_title=self._title)
        entity.require_called_aet = True
        # Counted here instead: pynetdicom also counts callers that never asked for anything.
        entity.maximum_associations = 1_000_000
        entity.maximum_pdu_size = min(131_072, self._limits.pdu_bytes)
        entity.acse_timeout = entity.dimse_timeout = self._limits.idle_s
        entity.network_timeout = self._limits.idle_s
        for uid in (*SOP_CLASSES, *_TAKEN_TOO):
            entity.add_supported_context(uid, _TRANSFER_SYNTAXES)
        entity.add_supported_context(_VERIFICATION)
        events = package.evt
        try:
            self._server = entity.make_server(
                self._address,
                server_class=GuardedServer,
                request_handler=GuardedHandler,
                ssl_context=self._tls.context() if self._tls else None,
                evt_handlers=[
                    (events.EVT_REQUESTED, self._requested),
                    (events.EVT_REJECTED, self._ended, ["association-rejected"]),
                    (events.EVT_ACCEPTED, self._accepted),
                    (events.EVT_RELEASED, self._ended, ["association-released"]),
                    (events.EVT_ABORTED, self._ended, ["association-aborted"]),
                    (events.EVT_CONN_CLOSE, self._ended, ["connection-closed"]),
                    (events.EVT_C_ECHO, self._echo),
                    (events.EVT_C_STORE, self._store),
                ],
                limits=self._limits,
                permits_address=self._allowed.permits_address,
                refused=lambda address, why: self._metrics.event(
                    "connection-refused", address=address, reason=why
                ),
            )
        except (OSError, OverflowError) as error:
            raise PlanCheckerError(
                f"cannot listen on {self._address[0]}:{self._address[1]}: {error}"
            ) from error
        threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="listener", daemon=True
        ).start()

    def stop(self, *, grace_s: float = 0.0) -> None:
        """Accept no more calls, give the open ones some time, then end them."""
        if self._server is None:
            return
        self._server.stop()
        deadline = time.monotonic() + grace_s
        while self._server.open_connections and time.monotonic() < deadline:
            time.sleep(0.05)
        self._server.end_connections()
        deadline = time.monotonic() + 5.0
        while self._server.open_connections and time.monotonic() < deadline:
            time.sleep(0.05)
        self._server.stop_patrol()

    def _requested(self, event: Any) -> None:
        requestor = event.assoc.requestor
        title, address = str(requestor.primitive.calling_ae_title), str(requestor.address)
        # PS3.8 table 9-21: result, source, reason.
        if not self._allowed.permits(title, address):
            why, answer = "the caller is not on the list", (0x01, 0x01, 0x03)
        elif self._served() >= self._limits.associations:
            why, answer = "too many associations", (0x02, 0x03, 0x02)
        else:
            return
        self._metrics.event("association-rejected", caller=title, address=address, reason=why)
        event.assoc.acse.send_reject(*answer)
        event.assoc.kill()

    def _served(self) -> int:
        """Return how many associations are open; forget those that ended without a word."""
        for association in [one for one in tuple(self._counts) if not one.is_alive()]:
            self._counts.pop(association, None)
        return len(self._counts)

    def _accepted(self, event: Any) -> None:
        self._counts[event.assoc] = 0
        self._metrics.event("association-accepted", **_caller(event))

    def _ended(self, event: Any, name: str) -> None:
        objects = self._counts.pop(event.assoc, None)
        # A connection that closes after its association has ended is not told twice.
        if objects is not None or name == "association-rejected":
            self._metrics.event(name, **_caller(event), objects=objects or 0)

    def _echo(self, event: Any) -> int:
        self._metrics.event("echo", **_caller(event))
        return SUCCESS

    def _store(self, event: Any) -> int:
        request = event.request
        started = time.perf_counter()
        fields = {**_caller(event), "bytes": 0}
        try:
            fields["bytes"], duplicate = self._keep(event)
        except Refusal as refusal:
            self._metrics.event(
                "object-refused", **fields, status=f"0x{refusal.status:04X}", reason=str(refusal)
            )
            return refusal.status
        except Exception as error:  # noqa: BLE001 - whatever is sent, the service stays up
            self._metrics.event("object-failed", **fields, reason=type(error).__name__)
            return PROCESSING_FAILURE
        finally:
            if isinstance(request.DataSet, BoundedBuffer):
                request.DataSet.release()
        self.arrived.set()
        self._metrics.event(
            "object-accepted",
            **fields,
            sop_class=str(request.AffectedSOPClassUID),
            duplicate=duplicate,
            ms=round(1000 * (time.perf_counter() - started), 1),
        )
        return SUCCESS

    def _keep(self, event: Any) -> tuple[int, bool]:
        """Put one object into the spool; return its size and whether it was there already."""
        request, buffer = event.request, event.request.DataSet
        count = self._counts.get(event.assoc, 0) + 1
        self._counts[event.assoc] = count
        if count > self._limits.association_objects:
            raise Refusal(OUT_OF_RESOURCES, "too many objects in one association")
        if not isinstance(buffer, BoundedBuffer) or buffer.overflowed:
            raise Refusal(OUT_OF_RESOURCES, "the object is too large")
        instance, sop_class = str(request.AffectedSOPInstanceUID), str(request.AffectedSOPClassUID)
        if not is_uid(instance):
            raise Refusal(INVALID_INSTANCE, "the SOP Instance UID is no UID")
        head = _file_head(sop_class, instance, str(event.context.transfer_syntax))
        # Large objects are not held twice while they are read and written.
        data = b"".join((head, buffer.take()))
        size = len(data) - len(head)
        try:
            header = read_header(data)
        except ReadError as error:
            raise Refusal(CANNOT_UNDERSTAND, "the data set cannot be read") from error
        if header.sop_class_uid != sop_class or header.sop_instance_uid != instance:
            raise Refusal(DOES_NOT_MATCH, "the data set has another SOP class or instance")
        try:
            stored = self._spool.store(data, header)
        except SpoolFullError as error:
            raise Refusal(OUT_OF_RESOURCES, str(error)) from error
        return size, stored.duplicate


def _caller(event: Any) -> dict[str, str]:
    requestor = event.assoc.requestor
    return {"caller": str(requestor.ae_title).strip(), "address": str(requestor.address)}


def _file_head(sop_class: str, instance: str, transfer_syntax: str) -> bytes:
    """Return preamble and file meta; the same for the same object, whoever sends it."""
    from pydicom.dataset import FileMetaDataset  # noqa: PLC0415 - heavy
    from pydicom.filebase import DicomBytesIO  # noqa: PLC0415
    from pydicom.filewriter import write_file_meta_info  # noqa: PLC0415
    from pydicom.uid import UID  # noqa: PLC0415

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.MediaStorageSOPInstanceUID = UID(instance)
    meta.TransferSyntaxUID = UID(transfer_syntax)
    stream = DicomBytesIO()
    stream.write(b"\0" * 128 + b"DICM")
    write_file_meta_info(stream, meta, enforce_standard=True)
    return stream.getvalue()
