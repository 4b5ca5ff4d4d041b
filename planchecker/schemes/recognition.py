"""Which prescription scheme a plan follows, for which indications."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from constraints.model import Course, Guideline, Indication, Protocol, Technique
from planchecker.case import Plan
from planchecker.naming import Match
from planchecker.results import SchemeMatch
from planchecker.schemes.hints import Hint, find_hints
from planchecker.schemes.inference import INFERRED
from planchecker.schemes.tables import Entry, cells, named, nearest, ranges
from planchecker.schemes.values import SchemeReading, TechniqueReading

__all__ = ["recognise"]

_MOST_RUNNERS_UP = 5
_FROM_DOSE = "the prescription is inferred from the dose"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Evidence:
    """What is known about indication and site, and from where."""

    indications: tuple[str, ...]
    told: str
    """``"given"``, the text that told, or ``""`` where nothing did."""
    spine: bool | None
    reirradiation: bool
    conflicting: bool = False
    elsewhere: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pair:
    """Dose and fractions as the tables see them."""

    dose_gy: float
    fractions: int
    entries: tuple[Entry, ...]
    held: frozenset[str]
    """Indications whose range in the house table holds the pair."""
    near: tuple[Entry, ...]

    @property
    def house(self) -> bool:
        """Whether the house table names the pair."""
        return any(entry.house for entry in self.entries)

    @property
    def in_range(self) -> bool:
        """Whether a range of the house table holds the pair and no row of it names it."""
        return bool(self.held) and not self.house

    @property
    def indications(self) -> set[str]:
        """Every indication the pair is named for, or in range for."""
        return {entry.scheme.indication for entry in self.entries} | self.held


def recognise(
    plan: Plan,
    technique: TechniqueReading,
    matches: Iterable[Match],
    protocol: Protocol,
    guidelines: Mapping[str, Guideline],
    *,
    indication: str | None = None,
    irradiated: Collection[str] = (),
) -> SchemeReading:
    """Recognise the scheme, the indications that remain possible and the site.

    Parameters
    ----------
    indication
        Id of the indication where the user gives it; it then decides.
    irradiated
        TG-263 names (of organs, PRV margin left out) whose contour reaches the high dose.

    Raises
    ------
    KeyError
        If `indication` is none of the protocol's.

    Notes
    -----
    The site is spine when a contour of the spinal contents reaches the high dose, when the
    indication says so, or when a name or label does. It is not spine only when indication,
    name or label say so and nothing speaks for spine. Otherwise it is unknown.
    """
    evidence = _gather(plan, tuple(matches), protocol, indication=indication, irradiated=irradiated)
    stated = plan.prescription
    if stated.dose_gy is None or not stated.fractions:
        why = "the plan states no total dose or no number of fractions"
        match = SchemeMatch(
            indication=_only(evidence.indications),
            why=why,
            would_change="a total dose and a number of fractions in the plan",
        )
        return _reading(match, evidence, evidence.indications)
    pair = _look_up(stated.dose_gy, stated.fractions, evidence, technique, protocol, guidelines)
    sbrt, silent = _cells_of(evidence.indications, protocol, guidelines)
    possible = evidence.indications
    served = pair.entries
    if evidence.told:
        served = _serving(pair.entries, possible, sbrt=sbrt, silent=silent)
    else:
        # The house table leaves the figure of a tumoricidal dose to other sources.
        tumoricidal = sbrt if technique.worlds == (Technique.STEREOTACTIC,) else set()
        possible = tuple(i for i in possible if i in pair.indications | tumoricidal) or possible
    match = (
        _match(served, possible, evidence, inferred=stated.source == INFERRED)
        if served
        else _no_match(pair, possible, evidence)
    )
    match = replace(match, would_change=_would_change(match, pair, possible, evidence, technique))
    return _reading(match, evidence, possible, named=pair.house, in_range=pair.in_range)


def _reading(
    match: SchemeMatch,
    evidence: _Evidence,
    possible: tuple[str, ...],
    *,
    named: bool = False,
    in_range: bool = False,
) -> SchemeReading:
    return SchemeReading(
        match=match,
        named=named,
        in_range=in_range,
        indications=possible,
        spine=evidence.spine,
        told=evidence.told,
        conflicting=evidence.conflicting,
        elsewhere=evidence.elsewhere,
    )


def _look_up(
    dose_gy: float,
    fractions: int,
    evidence: _Evidence,
    technique: TechniqueReading,
    protocol: Protocol,
    guidelines: Mapping[str, Guideline],
) -> _Pair:
    found = named(
        dose_gy,
        fractions,
        protocol=protocol,
        guidelines=guidelines,
        reirradiation=evidence.reirradiation,
    )
    held = ranges(dose_gy, fractions, protocol=protocol, guidelines=guidelines)
    return _Pair(
        dose_gy=dose_gy,
        fractions=fractions,
        entries=_fitting(found, technique),
        held=frozenset(row.indication for row in held),
        near=nearest(dose_gy, fractions, protocol=protocol, guidelines=guidelines),
    )


def _serving(
    entries: tuple[Entry, ...], possible: tuple[str, ...], *, sbrt: set[str], silent: set[str]
) -> tuple[Entry, ...]:
    """Keep the schemes that serve the indication that was told.

    Its own; any, where the house table has no row for it; the stereotactic ones of other
    sources, where its row allows stereotaxy.
    """
    return tuple(
        entry
        for entry in entries
        if silent or entry.scheme.indication in possible or (sbrt and entry.is_stereotactic)
    )


def _gather(
    plan: Plan,
    matches: tuple[Match, ...],
    protocol: Protocol,
    *,
    indication: str | None,
    irradiated: Collection[str],
) -> _Evidence:
    rows = {row.id: row for row in protocol.indications}
    hints = find_hints(plan, matches, protocol)
    given = rows[indication] if indication is not None else None
    spine = _site(given, hints, protocol, irradiated)
    conflicting = False
    hinting = [hint for hint in hints if hint.keyword.indications]
    if given is not None:
        possible: tuple[str, ...] = (given.id,)
        told = "given"
    elif hinting:
        groups = [set(hint.keyword.indications) for hint in hinting]
        common = set.intersection(*groups)
        conflicting = not common
        possible = tuple(i for i in rows if i in (common or set.union(*groups)))
        told = ", ".join(repr(hint.text) for hint in hinting)
    else:
        possible = tuple(
            row.id
            for row in rows.values()
            if row.course is not Course.REIRRADIATION
            and (spine is None or not row.site_known or row.spine is spine)
        )
        told = ""
    return _Evidence(
        indications=possible,
        told=told,
        spine=spine,
        conflicting=conflicting,
        elsewhere=next((h.text for h in hints if h.keyword.spine is False), "")
        if spine and given is None
        else "",
        reirradiation=bool(told)
        and all(rows[i].course is Course.REIRRADIATION for i in possible if i in rows),
    )


def _site(
    given: Indication | None,
    hints: Iterable[Hint],
    protocol: Protocol,
    irradiated: Collection[str],
) -> bool | None:
    said = {hint.keyword.spine for hint in hints}
    if given is not None and given.site_known:
        said.add(given.spine)
    if True in said or any(name in protocol.spine_structures for name in irradiated):
        return True
    return False if False in said else None


def _fitting(entries: tuple[Entry, ...], technique: TechniqueReading) -> tuple[Entry, ...]:
    """Leave out what the source gives for the other technique."""
    return tuple(
        entry
        for entry in entries
        if not technique.worlds
        or (Technique.STEREOTACTIC if entry.is_stereotactic else Technique.CONVENTIONAL)
        in technique.worlds
        or (entry.scheme.technique is None and not entry.is_stereotactic)
    )


def _match(
    entries: tuple[Entry, ...],
    possible: tuple[str, ...],
    evidence: _Evidence,
    *,
    inferred: bool,
) -> SchemeMatch:
    best, *others = sorted(
        entries, key=lambda entry: (entry.scheme.indication not in possible, entry.rank)
    )
    fits = best.scheme.indication in possible
    confidence = "guess"
    if fits and evidence.told and not inferred and not evidence.conflicting:
        confidence = "certain" if evidence.told == "given" else "likely"
    why = (
        f"{best.scheme.dose_gy:g} Gy in {best.scheme.fractions} is named by {best.guideline} "
        f"for {best.scheme.indication}"
    )
    if evidence.told:
        why += f"; the indication is {_because(possible, evidence)}"
    elif len(possible) > 1:
        why += f"; nothing tells which of {len(possible)} indications it is"
    if inferred:
        why = f"{_FROM_DOSE}: {why}"
    rest = (entry for entry in others if entry.scheme.id != best.scheme.id)
    return SchemeMatch(
        id=best.scheme.id,
        indication=_only(possible),
        confidence=confidence,
        why=why,
        runners_up=_ids(rest),
    )


def _would_change(
    match: SchemeMatch,
    pair: _Pair,
    possible: tuple[str, ...],
    evidence: _Evidence,
    technique: TechniqueReading,
) -> str:
    """Say what would make another match of it, or a surer one."""
    open_ = []
    if match.why.startswith(_FROM_DOSE):
        open_.append("a total dose stated in the plan")
    if len(technique.worlds) > 1:
        open_.append("a person's word whether it is stereotactic")
    if evidence.conflicting:
        open_.append("--indication, since names and labels contradict each other")
    elif not evidence.told and len(possible) > 1:
        open_.append("--indication, or a word for one of them in the plan label or a target name")
    if not match.id and not pair.entries and pair.near:
        near = ", ".join(
            dict.fromkeys(f"{e.scheme.dose_gy:g} Gy in {e.scheme.fractions}" for e in pair.near)
        )
        open_.append(f"a pair that a table names, such as {near}")
    elif not match.id and pair.entries:
        open_.append(f"an indication the pair is named for: {', '.join(sorted(pair.indications))}")
    return "; ".join(open_)


def _because(possible: tuple[str, ...], evidence: _Evidence) -> str:
    because = "as given" if evidence.told == "given" else f"as {evidence.told} suggests"
    return f"{' or '.join(possible)}, {because}"


def _ids(entries: Iterable[Entry]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry.scheme.id for entry in entries))[:_MOST_RUNNERS_UP]


def _cells_of(
    indications: Iterable[str], protocol: Protocol, guidelines: Mapping[str, Guideline]
) -> tuple[set[str], set[str]]:
    """Return the indications the house table allows stereotaxy, and those it has no row for."""
    found = {i: cells(i, protocol=protocol, guidelines=guidelines) for i in indications}
    return {i for i, of in found.items() if "SBRT" in of}, {i for i, of in found.items() if not of}


def _no_match(pair: _Pair, possible: tuple[str, ...], evidence: _Evidence) -> SchemeMatch:
    said = f"{pair.dose_gy:g} Gy in {pair.fractions}"
    if pair.entries:
        why = f"{said} is no scheme for {_because(possible, evidence)}"
    else:
        pairs = ", ".join(f"{e.scheme.dose_gy:g} Gy in {e.scheme.fractions}" for e in pair.near)
        where = " but lies in a range of the house table" if pair.in_range else ""
        why = f"{said} is named by no table{where}; the nearest are {pairs or 'unknown'}"
    return SchemeMatch(
        indication=_only(possible), why=why, runners_up=_ids(pair.entries or pair.near)
    )


def _only(indications: tuple[str, ...]) -> str:
    return indications[0] if len(indications) == 1 else ""
