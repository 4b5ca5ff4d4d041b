"""``planchecker guidelines diff``: what two rule files, or a centre and the library, differ in."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planchecker.cli.output import OutputOption, emit, screen_style

if TYPE_CHECKING:
    from constraints.model import Guideline, Protocol
    from constraints.site_model import Change, Site
    from planchecker.reports.style import Style

__all__ = ["decisions_page", "diff", "opened"]

_Row = tuple[str, ...]
_HEAD = ("Where", "First", "Second", "Direction", "Reason", "By")
_PROTOCOL_KEYS = {"extends", "guidelines", "governing", "scheme_tables"}


def diff(
    first: Annotated[
        str, typer.Argument(metavar="A", help="Id of a guideline or protocol, or a TOML file.")
    ],
    second: Annotated[
        str, typer.Argument(metavar="B", help="The same; a site file shows what it changed.")
    ],
    output: OutputOption = None,
) -> None:
    """Show what differs between two guidelines, two protocols, or a site file and the library.

    A site file stands for the protocol it starts from with everything it changes; against that
    protocol its decisions are listed with reason and name.
    """
    from constraints.site_model import Site  # noqa: PLC0415 - heavy
    from planchecker.reports.tables import prose, table  # noqa: PLC0415

    style = screen_style(to_file=output is not None)
    one, other = opened(first), opened(second)
    if isinstance(other, Site) and not isinstance(one, Site) and one.id == other.protocol:
        rows = list(_decisions(other))
    elif isinstance(one, Site) and not isinstance(other, Site) and other.id == one.protocol:
        rows = [_turned(row) for row in _decisions(one)]
    else:
        rows = list(_differences(one, other))
    if rows:
        emit(table(_HEAD, rows, style=style, title=f"{first} and {second}", whole=(3,)), output)
    else:
        emit(prose((f"{first} and {second} say the same.",), style), output)


def opened(name: str) -> "Guideline | Protocol | Site":
    """Return what an id or a file holds; a file is known by its keys."""
    from constraints.loader import load, load_file, load_protocol, protocols  # noqa: PLC0415
    from constraints.parsing import read_text  # noqa: PLC0415
    from constraints.resources import parse_toml  # noqa: PLC0415
    from constraints.site import load_site  # noqa: PLC0415

    if not name.endswith(".toml"):
        return load_protocol(name) if name in protocols() else load(name)
    path = Path(name)
    keys = set(parse_toml(read_text(path), file=path.name))
    if "source" in keys:
        return load_file(path)
    # A site file may hold governing entries as well; only a protocol lists its guidelines.
    own = _PROTOCOL_KEYS - {"governing"}
    return load_protocol(path) if own & keys else load_site(path)


def decisions_page(site: "Site", style: "Style") -> str:
    """Return every decision of a site file as a table."""
    from planchecker.reports.tables import prose, table  # noqa: PLC0415 - heavy

    rows = list(_decisions(site))
    title = f"{site.id}: {site.title} (from {site.protocol})"
    if not rows:
        return prose((f"{title}: nothing differs from what was published.",), style)
    head = ("Where", "Published", "Here", "Direction", "Reason", "By")
    return table(head, rows, style=style, title=title, whole=(3,))


def _decisions(site: "Site") -> Iterator[_Row]:
    from constraints.site import site_library  # noqa: PLC0415

    _, _, changes = site_library(site)
    for change in changes:
        yield _row(change)


def _row(change: "Change") -> _Row:
    by = ", ".join(filter(None, (change.approver, change.date)))
    return (change.where, change.before, change.after, change.direction, change.reason, by)


def _turned(row: _Row) -> _Row:
    other = {"tightened": "loosened", "loosened": "tightened", "added": "dropped"}
    other |= {"dropped": "added"}
    where, before, after, direction, reason, by = row
    return (where, after, before, other.get(direction, direction), reason, by)


def _differences(
    one: "Guideline | Protocol | Site", other: "Guideline | Protocol | Site"
) -> Iterator[_Row]:
    from constraints.compare import compare_guidelines, compare_protocols  # noqa: PLC0415
    from constraints.model import Guideline  # noqa: PLC0415

    if isinstance(one, Guideline) and isinstance(other, Guideline):
        for found in compare_guidelines(one, other):
            yield (found.where, found.before, found.after, found.direction, "", "")
        return
    if isinstance(one, Guideline) or isinstance(other, Guideline):
        raise typer.BadParameter("compare a guideline with a guideline, a protocol with a protocol")
    first, first_held = _used(one)
    second, second_held = _used(other)
    for found in compare_protocols(first, second):
        yield (found.where, found.before, found.after, found.direction, "", "")
    for id_ in (id_ for id_ in first_held if id_ in second_held):
        for found in compare_guidelines(first_held[id_], second_held[id_]):
            where = f"{id_} {found.where}"
            yield (where, found.before, found.after, found.direction, "", "")


def _used(subject: "Protocol | Site") -> tuple["Protocol", Mapping[str, "Guideline"]]:
    """Return a protocol and the guidelines it is evaluated with."""
    from constraints.loader import load  # noqa: PLC0415
    from constraints.site import site_library  # noqa: PLC0415
    from constraints.site_model import Site  # noqa: PLC0415

    if isinstance(subject, Site):
        protocol, held, _ = site_library(subject)
        return protocol, held
    return subject, {id_: load(id_) for id_ in subject.guidelines}
