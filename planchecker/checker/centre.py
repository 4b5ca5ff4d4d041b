"""The rules a plan is judged by: as published, or as a site file makes them."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from constraints.errors import LibraryError
from constraints.loader import load, load_protocol
from constraints.model import Criterion, Guideline, Protocol
from constraints.site_model import Change, Site
from constraints.vocabulary import Vocabulary, load_vocabulary
from planchecker.dosimetry.structure import Structure
from planchecker.naming import Match, match_structures

__all__ = ["Centre", "Watched", "centre_of", "protocol_digest"]

_DEFAULT_PROTOCOL = "bone_metastases"


class Watched(dict[str, Criterion]):
    """Criteria that remember which of the changed ones were read."""

    def __init__(self, criteria: Mapping[str, Criterion], changes: Mapping[str, Change]) -> None:
        super().__init__(criteria)
        self._changes = changes
        self._read: dict[str, Change] = {}

    def __getitem__(self, name: str) -> Criterion:
        if name in self._changes:
            self._read[name] = self._changes[name]
        return super().__getitem__(name)

    def taken(self) -> tuple[Change, ...]:
        """Return the changes that were read since `forget`, in the order of the reading."""
        return tuple(self._read.values())

    def forget(self) -> None:
        """Begin anew."""
        self._read.clear()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Centre:
    """Protocol, guidelines and names that count for a plan.

    Parameters
    ----------
    guidelines
        Every guideline of the protocol by id, in its order.
    base
        The published protocol these rules start from.
    site
        The site file; None where the published rules hold.
    changes
        What the site file made different, in its order.
    """

    protocol: Protocol
    guidelines: Mapping[str, Guideline]
    vocabulary: Vocabulary
    base: Protocol
    site: Site | None = None
    changes: tuple[Change, ...] = ()

    def match(self, structures: Iterable[Structure]) -> tuple[Match, ...]:
        """Match structures to names; the spellings of the site file come first."""
        given = self.site.aliases if self.site else ()
        own = {text: alias.name for alias in given for text in alias.synonyms}
        return match_structures(structures, self.vocabulary, site_aliases=own)


def centre_of(
    protocol: str | Path | Protocol | None = None, site: str | Path | Site | None = None
) -> Centre:
    """Return the rules of a protocol, with what a site file changes.

    Parameters
    ----------
    protocol
        Id, path or value; with a site file the protocol it starts from, which may be left out.
    site
        Path or value of a site file.

    Raises
    ------
    LibraryError
        If a file is refused, or `protocol` is not the one the site file starts from.

    Examples
    --------
    >>> centre_of().protocol.id
    'bone_metastases'
    """
    if site is None:
        rules = _protocol(protocol or _DEFAULT_PROTOCOL)
        return Centre(
            protocol=rules,
            guidelines=_published(rules),
            vocabulary=load_vocabulary(),
            base=rules,
        )
    # Slow to load, and most plans are checked without a site file.
    from constraints.site import load_site, site_library, site_vocabulary  # noqa: PLC0415

    decided = site if isinstance(site, Site) else load_site(site)
    base = _protocol(protocol or decided.protocol)
    if base.id != decided.protocol:
        raise LibraryError(
            f"{decided.id}: the site file starts from protocol {decided.protocol!r}, and "
            f"{base.id!r} was asked for; leave one of them out"
        )
    rules, held, changes = site_library(decided, base)
    vocabulary = site_vocabulary(load_vocabulary(), decided)
    criteria = {c.where: c for c in changes if c.subject == "criterion"}
    watched = Watched(rules.criteria, criteria)
    return Centre(
        protocol=rules.model_copy(update={"criteria": watched}),
        guidelines=_with_tables(rules, held),
        vocabulary=vocabulary,
        base=base,
        site=decided,
        changes=changes,
    )


def protocol_digest(protocol: Protocol) -> str:
    """Return the SHA-256 of the content of a protocol, as reports state it."""
    return hashlib.sha256(protocol.model_dump_json().encode()).hexdigest()


def _protocol(protocol: str | Path | Protocol) -> Protocol:
    return protocol if isinstance(protocol, Protocol) else load_protocol(protocol)


def _published(protocol: Protocol) -> dict[str, Guideline]:
    return _with_tables(protocol, {name: load(name) for name in protocol.guidelines})


def _with_tables(protocol: Protocol, held: Mapping[str, Guideline]) -> dict[str, Guideline]:
    """Add the scheme tables; one that only lends its schemes lends no limits."""
    found = dict(held)
    for name in protocol.scheme_tables:
        if name not in found:
            found[name] = load(name).model_copy(update={"limits": ()})
    return found
