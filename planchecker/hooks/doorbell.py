"""A port on this machine that says "look now"; what it is told is not read."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from planchecker.errors import PlanCheckerError

__all__ = ["Doorbell"]


class _Handler(BaseHTTPRequestHandler):
    timeout = 5
    server: "_Server"

    def do_POST(self) -> None:
        """Ring, and answer without reading on."""
        self.server.rung.set()
        self.send_response(204)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Write nothing: the request line is the caller's."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    rung: threading.Event

    def handle_error(self, *_: Any) -> None:
        """Forget callers that break off."""


class Doorbell:
    """Listen on 127.0.0.1 for a POST of any kind, such as Orthanc's Lua script sends.

    Raises
    ------
    PlanCheckerError
        If the port cannot be had.
    """

    def __init__(self, port: int) -> None:
        self.rung = threading.Event()
        try:
            self._server = _Server(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise PlanCheckerError(f"cannot listen on 127.0.0.1:{port}: {error}") from error
        self._server.rung = self.rung
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, name="doorbell", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
