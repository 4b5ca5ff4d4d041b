"""A server that cannot be held up: by silence, by drops of data, by floods or by lies on length.

pynetdicom reads whatever length a unit announces and waits for it without end, counts only
associations that were requested, and does the TLS handshake in the thread that accepts calls.
Here every connection has a deadline, a timeout on each read, a bound on what is read at once,
and its own thread from the first byte on.
"""

import contextlib
import functools
import socket
import ssl
import threading
import time
from collections.abc import Callable
from io import BytesIO
from socketserver import BaseServer
from typing import Any

from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from planchecker.hooks.buffers import BoundedBuffer, Budget
from planchecker.hooks.limits import HookLimits

__all__ = ["GuardedHandler", "GuardedServer"]

_COMMAND_BYTES = 65_536
_SPARE_CONNECTIONS = 10
_PATROL_S = 0.1
_WAKE_S = 0.5
_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class _Messages(DIMSEServiceProvider):
    """Assemble messages in memory that is bounded."""

    limits: HookLimits
    budget: Budget

    def receive_primitive(self, primitive: Any) -> None:
        if self.message is None:
            self.message = DIMSEMessage()
            self.message.data_set = BoundedBuffer(self.limits.object_bytes, self.budget)
            self.message.encoded_command_set = _CommandBuffer()
        super().receive_primitive(primitive)


class _CommandBuffer(BytesIO):
    """A command set; one without end breaks the association off."""

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > _COMMAND_BYTES:
            raise ValueError("the command set is too long")
        return super().write(data)


class GuardedHandler(RequestHandler):
    """Turn one connection into an association that is bounded."""

    server: "GuardedServer"

    def handle(self) -> None:
        """Start the association."""
        server = self.server
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        association = self._create_association()
        messages = _Messages(association)
        messages.limits, messages.budget = server.limits, server.budget
        association.dimse = messages
        stream = association.dul.socket
        if stream is None:
            return
        bounded = functools.partial(_receive, stream.recv, self.request, server.limits.pdu_bytes)
        setattr(stream, "recv", bounded)  # noqa: B010 - mypy forbids the plain assignment
        server.adopt(self.request, association)
        association.start()


def _receive(
    receive: Callable[[int], bytearray], connection: socket.socket, largest: int, count: int
) -> bytearray:
    if count > largest:
        # An OSError is what pynetdicom takes for a connection that is gone.
        raise OSError(f"a unit of {count} bytes was announced; {largest} are read at most")
    if _QUICK_ACK is not None:
        # Many senders hold back the rest of an object until the start is acknowledged, which
        # systems put off for 40 ms and more. The option lasts for one read.
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
    return receive(count)


class GuardedServer(ThreadedAssociationServer):
    """Accept connections within the limits and end those that outlive them.

    Parameters
    ----------
    limits
        Bounds on everything a caller can make us hold.
    permits_address
        Asked with the address of the caller before anything is read.
    refused
        Told the address and the reason where a connection is closed at once.
    """

    daemon_threads = True
    # The default of 5 fills while this machine is busy: callers then wait for half a minute.
    request_queue_size = 128

    def __init__(
        self,
        *args: Any,
        limits: HookLimits,
        permits_address: Callable[[str], bool],
        refused: Callable[[str, str], None],
        **options: Any,
    ) -> None:
        self.limits = limits
        self.budget = Budget(limits.memory_bytes)
        self._permits_address = permits_address
        self._refused = refused
        self._connections: dict[socket.socket, tuple[float, Association | None]] = {}
        self._mutex = threading.Lock()
        self._patrolling = threading.Event()
        super().__init__(*args, **options)
        threading.Thread(target=self._patrol, name="patrol", daemon=True).start()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; nothing is read from it here."""
        if self.socket is None:
            raise OSError("the server is closed")
        connection, address = self.socket.accept()
        connection.settimeout(self.limits.idle_s)
        # Answers are small; held back for company they cost 40 ms an object.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.ssl_context:
            connection = self.ssl_context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether this connection is served at all."""
        address = str(client_address[0])
        if not self._permits_address(address):
            self._refused(address, "the address is not on the list")
            return False
        with self._mutex:
            if len(self._connections) >= self.limits.associations + _SPARE_CONNECTIONS:
                full = True
            else:
                full = False
                self._connections[request] = (time.monotonic(), None)
        if full:
            self._refused(address, "too many connections")
        return not full

    def adopt(self, request: Any, association: Association) -> None:
        """Note which association a connection belongs to."""
        with self._mutex:
            since, _ = self._connections.get(request, (time.monotonic(), None))
            self._connections[request] = (since, association)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Drop a connection that failed before it became an association."""
        self._refused(str(client_address[0]), "the connection failed")
        with self._mutex:
            self._connections.pop(request, None)
        request.close()

    @property
    def open_connections(self) -> int:
        """How many connections are open."""
        with self._mutex:
            return len(self._connections)

    def end_connections(self) -> None:
        """Close every connection now."""
        with self._mutex:
            left = list(self._connections)
        for connection in left:
            _hang_up(connection)

    def stop(self) -> None:
        """Stop accepting connections; those that are open go on."""
        # pynetdicom's own shutdown looks for the server in a list that only it fills.
        BaseServer.shutdown(self)
        self.server_close()

    def stop_patrol(self) -> None:
        """End the thread that watches over the connections."""
        self._patrolling.set()

    def _patrol(self) -> None:
        while not self._patrolling.wait(_PATROL_S):
            now = time.monotonic()
            with self._mutex:
                rows = list(self._connections.items())
            for connection, (since, association) in rows:
                if association is not None and association.ident and not association.is_alive():
                    # pynetdicom leaves a socket open whose other side was quicker.
                    connection.close()
                    with self._mutex:
                        self._connections.pop(connection, None)
                elif now - since > self.limits.association_s:
                    _hang_up(connection)
                elif association is not None and now - since > _WAKE_S:
                    _wake(association)


def _wake(association: Association) -> None:
    """End an association whose caller went before it asked for anything.

    pynetdicom would wait for the request until its time is up, and count the association.
    """
    gone = association.dul.state_machine.current_state == "Sta1"
    if gone and association.requestor.primitive is None:
        queue: Any = association.dul.to_user_queue
        queue.put(None)


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # Shutting down, unlike closing, wakes a thread that is waiting to read.
        connection.shutdown(socket.SHUT_RDWR)
