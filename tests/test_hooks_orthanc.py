import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from dicom_factory import encode
from hooks_support.sets import small_set

from planchecker.errors import PlanCheckerError
from planchecker.hooks.metrics import Metrics
from planchecker.hooks.orthanc import OrthancFeed
from planchecker.hooks.orthanc_rest import Orthanc, TooLargeError
from planchecker.hooks.spool import Spool

STUDY = "-".join(["00000001"] * 5)
NO_ORTHANC = [b"<html>log in</html>", b"", b"[" * 100_000, b'"text"', b"null", b"\xff\xfe"]
ODD_CHANGES: list[dict[str, Any]] = [
    {"Changes": 5},
    {"Changes": ["x"]},
    {"Changes": [{"ChangeType": "StableStudy"}]},
    {"Changes": [{"Seq": "x"}]},
]
Serve = Callable[[Callable[[str], bytes]], Orthanc]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server that answers every path as it is told."""
    running: list[ThreadingHTTPServer] = []

    def serve_(answer: Callable[[str], bytes]) -> Orthanc:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = answer(self.path)
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        running.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return Orthanc(f"http://127.0.0.1:{server.server_address[1]}", object_bytes=3000)

    yield serve_
    for server in running:
        server.shutdown()
        server.server_close()


def feed(server: Orthanc, folder: Path) -> OrthancFeed:
    return OrthancFeed(server, Spool(folder / "spool"), folder / "memory", Metrics.silent())


@pytest.mark.parametrize("content", NO_ORTHANC, ids=range(len(NO_ORTHANC)))
def test_something_that_is_no_orthanc_is_an_error_that_the_service_survives(
    serve: Serve, tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(PlanCheckerError):
        feed(serve(lambda _: content), tmp_path).poll()


@pytest.mark.parametrize("changes", ODD_CHANGES, ids=str)
def test_changes_of_another_form_are_an_error(
    serve: Serve, tmp_path: Path, changes: dict[str, Any]
) -> None:
    def answer(path: str) -> bytes:
        return json.dumps({"Last": 1} if "last" in path else changes).encode()

    with pytest.raises(PlanCheckerError, match="another form"):
        feed(serve(answer), tmp_path).poll()


def test_an_object_that_is_too_large_does_not_stop_the_others(serve: Serve, tmp_path: Path) -> None:
    plan, big = ("-".join([digit * 8] * 5) for digit in "23")
    row = {"ID": STUDY, "MainDicomTags": {"Modality": "RTPLAN"}, "Instances": [big, plan]}
    change = {"Seq": 1, "ChangeType": "StableStudy", "ID": STUDY}
    files = {plan: encode(small_set()["RP"]), big: bytes(4000)}
    assert len(files[plan]) < 3000

    def answer(path: str) -> bytes:
        parts = path.strip("/").split("/")
        if parts[-1] == "file":
            return files[parts[1]]
        if parts[-1] == "md5":
            return b"0"
        if parts[-1] == "series":
            return json.dumps([row]).encode()
        if "since" in path:
            return json.dumps({"Changes": [change], "Done": True}).encode()
        return json.dumps({"Last": 1}).encode()

    server = serve(answer)
    with pytest.raises(TooLargeError):
        server.file(big)
    spool = Spool(tmp_path / "spool")
    metrics = Metrics.silent()
    # What the plan names is looked up by POST, which this server does not know.
    reader = OrthancFeed(server, spool, tmp_path / "memory", metrics)
    with pytest.raises(PlanCheckerError, match="lookup"):
        reader.poll()
    assert metrics.counts()["object-refused"] == 1
    assert len(spool.headers()) == 1
    spool.close()
