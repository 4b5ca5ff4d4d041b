"""Asking a DICOM node what it holds (C-FIND) and having it sent to us (C-MOVE)."""

from collections.abc import Iterator
from typing import Any, Final

from planchecker.errors import PlanCheckerError
from planchecker.hooks.extra import pynetdicom
from planchecker.hooks.peers import Node

__all__ = ["Archive", "Row", "exact"]

# Study Root Query/Retrieve, PS3.4 C.6.2.
_FIND: Final = "1.2.840.10008.5.1.4.1.2.2.1"
_MOVE: Final = "1.2.840.10008.5.1.4.1.2.2.2"
_MOST_ROWS: Final = 20_000
_UNKNOWN_DESTINATION: Final = 0xA801

Row = dict[str, str]


class Archive:
    """A remote node, asked under our AE title.

    Parameters
    ----------
    node
        Which node.
    title
        Our AE title, which is also the destination of what it sends.
    timeout_s
        Longest wait for any answer.
    """

    def __init__(self, node: Node, *, title: str, timeout_s: float = 300.0) -> None:
        self.node = node
        self.title = title
        self._timeout_s = timeout_s

    def find(self, level: str, **keys: str) -> list[Row]:
        """Return what the node holds at a level.

        Parameters
        ----------
        level
            STUDY, SERIES or IMAGE.
        **keys
            Attributes by keyword; an empty one is asked for, any other must match.

        Returns
        -------
        list of dict
            Rows that match the keys exactly: some nodes answer with near matches.

        Raises
        ------
        PlanCheckerError
            If the node cannot be reached or refuses the question.
        """
        rows = []
        for status, answer in self._ask(_FIND, "send_c_find", level, keys):
            if status in (0xFF00, 0xFF01) and answer is not None:
                row = {key: str(answer.get(key, "") or "").strip() for key in keys}
                if all(not value or row[key] == value for key, value in keys.items()):
                    rows.append(row)
                if len(rows) > _MOST_ROWS:
                    raise PlanCheckerError(f"{self.node} lists more than {_MOST_ROWS} objects")
            elif status != 0x0000:
                raise PlanCheckerError(f"{self.node} refuses C-FIND, status 0x{status:04X}")
        return rows

    def move(self, level: str, **keys: str) -> None:
        """Have objects sent to us.

        Raises
        ------
        PlanCheckerError
            If the node does not send every one of them.
        """
        counts: dict[str, int] = {}
        last = None
        for status, _ in self._ask(_MOVE, "send_c_move", level, keys, counts):
            last = status
        failed = counts.get("failed", 0)
        if last == _UNKNOWN_DESTINATION:
            raise PlanCheckerError(
                f"{self.node} does not know {self.title!r} as a destination; enter our AE title, "
                "address and port there"
            )
        if last != 0x0000 or failed:
            shown = "no status" if last is None else f"status 0x{last:04X}"
            raise PlanCheckerError(
                f"{self.node} did not send everything: {shown}, {failed} objects failed"
            )

    def _ask(
        self,
        sop_class: str,
        verb: str,
        level: str,
        keys: Row,
        counts: dict[str, int] | None = None,
    ) -> Iterator[tuple[int, Any]]:
        package = pynetdicom()
        from pydicom.dataset import Dataset  # noqa: PLC0415 - heavy

        entity = package.AE(ae_title=self.title)
        entity.connection_timeout = entity.acse_timeout = min(30.0, self._timeout_s)
        entity.dimse_timeout = entity.network_timeout = self._timeout_s
        entity.add_requested_context(sop_class)
        association = entity.associate(self.node.host, self.node.port, ae_title=self.node.title)
        if not association.is_established:
            raise PlanCheckerError(
                f"{self.node} does not accept an association from {self.title!r}; is it running, "
                "and is our AE title entered there?"
            )
        question = Dataset()
        question.QueryRetrieveLevel = level
        for keyword, value in keys.items():
            setattr(question, keyword, value)
        destination = (self.title,) if sop_class == _MOVE else ()
        try:
            if not association.accepted_contexts:
                raise PlanCheckerError(f"{self.node} does not offer Study Root {verb[5:]}")
            for status, answer in getattr(association, verb)(question, *destination, sop_class):
                if "Status" not in status:
                    raise PlanCheckerError(f"{self.node} stopped answering")
                if counts is not None:
                    counts["failed"] = int(status.get("NumberOfFailedSuboperations") or 0)
                yield int(status.Status), answer
        finally:
            if association.is_established:
                association.release()


def exact(text: str, *, what: str) -> str:
    r"""Return a key that matches nothing but itself.

    Raises
    ------
    PlanCheckerError
        If it holds a wildcard or a backslash (PS3.4 C.2.2.2).

    Examples
    --------
    >>> exact("12345 ", what="patient")
    '12345'
    """
    value = text.strip()
    if not value or len(value) > 64 or any(c in "*?\\" or ord(c) < 32 for c in value):
        raise PlanCheckerError(
            f"{text!r} is no {what} to ask for: no wildcards, 1 to 64 characters"
        )
    return value
