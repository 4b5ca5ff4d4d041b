"""Who may talk to us and whom we talk to: application entities and their addresses."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from planchecker.errors import PlanCheckerError

__all__ = ["AllowList", "Node", "Peer", "ae_title"]

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def ae_title(text: str) -> str:
    r"""Return an AE title (PS3.5, VR AE) without padding.

    Raises
    ------
    PlanCheckerError
        If it is empty, longer than 16 characters or holds a backslash or control character.

    Examples
    --------
    >>> ae_title(" PLANCHECKER ")
    'PLANCHECKER'
    """
    title = text.strip()
    if not re.fullmatch(r"[\x20-\x5b\x5d-\x7e]{1,16}", title):
        raise PlanCheckerError(f"{text!r} is no AE title: 1 to 16 ASCII characters, no backslash")
    return title


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A remote application entity: ``TITLE@HOST:PORT``."""

    title: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Node":
        """Read ``TITLE@HOST:PORT``; an IPv6 address stands in brackets.

        Raises
        ------
        PlanCheckerError
            If the text has another form.

        Examples
        --------
        >>> Node.parse("ORTHANC@127.0.0.1:4242")
        Node(title='ORTHANC', host='127.0.0.1', port=4242)
        """
        title, _, address = text.rpartition("@")
        parts = re.fullmatch(r"(?:\[([0-9a-fA-F:.%]+)\]|([\w.-]+)):(\d{1,5})", address)
        if not title or parts is None or not 0 < int(parts[3]) < 65536:
            raise PlanCheckerError(f"{text!r} is no DICOM node; it has the form TITLE@HOST:PORT")
        return cls(title=ae_title(title), host=parts[1] or parts[2], port=int(parts[3]))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.title}@{host}:{self.port}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """A calling application entity: AE title and, where given, where it may call from."""

    title: str
    network: _Network | None = None

    @classmethod
    def parse(cls, text: str) -> "Peer":
        """Read ``TITLE`` or ``TITLE@ADDRESS`` or ``TITLE@ADDRESS/BITS``.

        Raises
        ------
        PlanCheckerError
            If the text has another form; a host name is refused, because whoever controls the
            name service would control the list.

        Examples
        --------
        >>> Peer.parse("ARIA@10.1.0.0/16").network
        IPv4Network('10.1.0.0/16')
        """
        if "@" not in text:
            return cls(title=ae_title(text))
        title, _, address = text.rpartition("@")
        try:
            network = ipaddress.ip_network(address, strict=False)
        except ValueError:
            raise PlanCheckerError(
                f"{text!r} names no address; it has the form TITLE@ADDRESS or TITLE@ADDRESS/BITS"
            ) from None
        return cls(title=ae_title(title), network=network)


@dataclass(frozen=True, kw_only=True, slots=True)
class AllowList:
    """Which callers are served. An empty list serves the same machine alone, under any title."""

    peers: tuple[Peer, ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> "AllowList":
        """Read the callers, each as `Peer.parse` does.

        Examples
        --------
        >>> AllowList.parse(["TPS@10.0.0.5"]).permits("TPS", "10.0.0.6")
        False
        """
        return cls(peers=tuple(map(Peer.parse, texts)))

    def permits_address(self, address: str) -> bool:
        """Whether anybody may call from this address; asked before a byte is read."""
        here = _address(address)
        if here is None:
            return False
        if not self.peers:
            return here.is_loopback
        return any(peer.network is None or here in peer.network for peer in self.peers)

    def permits(self, title: str, address: str) -> bool:
        """Whether this caller may call from this address."""
        here = _address(address)
        if here is None:
            return False
        if not self.peers:
            return here.is_loopback
        return any(
            peer.title == title.strip() and (peer.network is None or here in peer.network)
            for peer in self.peers
        )


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A socket that serves both families shows IPv4 callers as ::ffff:a.b.c.d.
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
