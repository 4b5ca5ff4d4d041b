"""Callers of a storage service, well-behaved and not."""

import contextlib
import socket
from collections.abc import Iterable
from typing import Any

from pydicom import config
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom import AE, evt

__all__ = ["associate", "association_request", "called", "store"]


def associate(
    port: int,
    classes: Iterable[str],
    *,
    title: str = "TPS",
    called: str = "PLANCHECKER",
    **options: Any,
) -> Any:
    entity = AE(ae_title=title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 60
    for uid in classes:
        entity.add_requested_context(uid, ImplicitVRLittleEndian)
    return entity.associate("127.0.0.1", port, ae_title=called, **options)


def store(port: int, datasets: Iterable[Dataset], **options: Any) -> list[int]:
    """Send objects in one association; return the status of each."""
    sent = list(datasets)
    association = associate(port, {d.SOPClassUID for d in sent}, **options)
    assert association.is_established
    statuses = []
    with config.disable_value_validation():
        for dataset in sent:
            dataset.file_meta = FileMetaDataset()
            dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
            dataset.set_original_encoding(is_implicit_vr=True, is_little_endian=True)
            answer = association.send_c_store(dataset)
            statuses.append(int(answer.Status) if "Status" in answer else -1)
    association.release()
    return statuses


def association_request(port: int) -> bytes:
    """Return the bytes of a request that the service at `port` accepts."""
    sent: list[bytes] = []
    association = associate(
        port,
        ["1.2.840.10008.1.1"],
        evt_handlers=[(evt.EVT_DATA_SENT, lambda event: sent.append(event.data))],
    )
    association.release()
    return sent[0]


def called(port: int, data: bytes, *, timeout_s: float = 60.0) -> bytes:
    """Send bytes, stop sending, and return what comes back until the other side hangs up."""
    answer = b""
    connection = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
    # The other side may hang up at any point.
    with connection, contextlib.suppress(OSError):
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while part := connection.recv(4096):
            answer += part
    return answer
