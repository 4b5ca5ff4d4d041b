import pytest

from planchecker.errors import PlanCheckerError
from planchecker.hooks.peers import AllowList, Node, ae_title

NODES = [
    ("ORTHANC@127.0.0.1:4242", ("ORTHANC", "127.0.0.1", 4242)),
    ("A B@host.example-1.org:104", ("A B", "host.example-1.org", 104)),
    ("X@[::1]:11112", ("X", "::1", 11112)),
    ("A@B@host:104", ("A@B", "host", 104)),
]
NO_NODES = [
    "",
    "A",
    "A@h",
    "@h:1",
    "A@h:0",
    "A@h:65536",
    "A@h:x",
    "A@h b:1",
    "A@:1",
    "A" * 17 + "@h:1",
]
NO_TITLES = ["", "   ", "A" * 17, "A\\B", "A\nB", "Ä"]
PERMITTED = [
    ((), "ANY", "127.0.0.1", True),
    ((), "ANY", "::1", True),
    ((), "ANY", "10.0.0.1", False),
    (("A",), "A", "10.0.0.1", True),
    (("A",), " A ", "10.0.0.1", True),
    (("A",), "a", "10.0.0.1", False),
    (("A",), "B", "127.0.0.1", False),
    (("A@10.0.0.1",), "A", "10.0.0.1", True),
    (("A@10.0.0.1",), "A", "::ffff:10.0.0.1", True),
    (("A@10.0.0.1",), "A", "10.0.0.2", False),
    (("A@10.0.0.0/24", "B@10.0.1.1"), "A", "10.0.0.77", True),
    (("A@10.0.0.0/24", "B@10.0.1.1"), "B", "10.0.0.77", False),
    (("A@fe80::/10",), "A", "fe80::1%eth0", True),
    (("A",), "A", "not an address", False),
]
NO_PEERS = ["A@host", "A@10.0.0.0/33", "A@", "@10.0.0.1"]


@pytest.mark.parametrize(("text", "parts"), NODES)
def test_a_node_is_read(text: str, parts: tuple[str, str, int]) -> None:
    node = Node.parse(text)
    assert (node.title, node.host, node.port) == parts
    assert Node.parse(str(node)) == node


@pytest.mark.parametrize("text", NO_NODES)
def test_anything_else_is_no_node(text: str) -> None:
    with pytest.raises(PlanCheckerError):
        Node.parse(text)


@pytest.mark.parametrize("text", NO_TITLES)
def test_anything_else_is_no_title(text: str) -> None:
    with pytest.raises(PlanCheckerError, match="AE title"):
        ae_title(text)


@pytest.mark.parametrize(("listed", "title", "address", "permitted"), PERMITTED)
def test_title_and_address_decide_together(
    listed: tuple[str, ...], title: str, address: str, permitted: bool
) -> None:
    assert AllowList.parse(listed).permits(title, address) is permitted


@pytest.mark.parametrize(("listed", "title", "address", "permitted"), PERMITTED)
def test_no_address_is_turned_away_that_would_be_permitted_later(
    listed: tuple[str, ...], title: str, address: str, permitted: bool
) -> None:
    assert AllowList.parse(listed).permits_address(address) or not permitted


@pytest.mark.parametrize("text", NO_PEERS)
def test_a_caller_is_known_by_an_address_not_by_a_name(text: str) -> None:
    with pytest.raises(PlanCheckerError):
        AllowList.parse([text])
