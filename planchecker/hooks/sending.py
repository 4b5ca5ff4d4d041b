"""C-STORE of a result to another node."""

from pathlib import Path

from planchecker.errors import PlanCheckerError
from planchecker.hooks.extra import pynetdicom
from planchecker.hooks.peers import Node

__all__ = ["send"]

_TIMEOUT_S = 30.0


def send(path: Path, node: Node, *, title: str) -> None:
    """Store one DICOM file on a node.

    Parameters
    ----------
    title
        Our AE title.

    Raises
    ------
    PlanCheckerError
        If the node cannot be reached or does not take the object.
    MissingExtra
        If pynetdicom is not installed.
    """
    package = pynetdicom()
    from pydicom import dcmread  # noqa: PLC0415 - heavy

    dataset = dcmread(path)
    entity = package.AE(ae_title=title)
    entity.connection_timeout = entity.acse_timeout = _TIMEOUT_S
    entity.dimse_timeout = entity.network_timeout = _TIMEOUT_S
    entity.add_requested_context(dataset.SOPClassUID)
    association = entity.associate(node.host, node.port, ae_title=node.title)
    if not association.is_established:
        raise PlanCheckerError(f"{node} does not accept an association from {title!r}")
    try:
        if not association.accepted_contexts:
            raise PlanCheckerError(f"{node} does not take objects of class {dataset.SOPClassUID}")
        status = association.send_c_store(dataset)
    except (RuntimeError, ValueError) as error:
        # What pynetdicom raises where the other side breaks off, or takes another encoding.
        raise PlanCheckerError(f"{node} did not take the result: {error}") from error
    finally:
        association.release()
    if "Status" not in status:
        raise PlanCheckerError(f"{node} did not answer")
    # 0xBxxx are warnings: stored, though not as it was sent.
    if status.Status != 0x0000 and status.Status >> 12 != 0xB:
        raise PlanCheckerError(f"{node} refused the result with status 0x{status.Status:04X}")
