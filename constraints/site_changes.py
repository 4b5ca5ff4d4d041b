"""Applying a site file: the published protocol and guidelines, and what a centre makes of them."""

from collections.abc import Mapping
from typing import Any

from constraints.errors import LibraryError
from constraints.limits import Limit
from constraints.model import Governing, Guideline, Protocol
from constraints.site_model import Change, Confirmation, GoverningChange, LimitChange, Site
from constraints.site_sound import refuse_contradictions, refuse_new_problems
from constraints.terms import Comparison, Evidence, Source
from constraints.vocabulary import load_vocabulary

__all__ = ["apply_site"]

_UPPER = (Comparison.AT_MOST, Comparison.BELOW)
_BETTER = {Evidence.C: Evidence.B, Evidence.D: Evidence.C}
_Library = Mapping[str, Guideline]


def apply_site(
    protocol: Protocol, guidelines: _Library, site: Site
) -> tuple[Protocol, dict[str, Guideline], tuple[Change, ...]]:
    """Return what a centre uses, and every difference from what was published.

    Parameters
    ----------
    protocol
        The published protocol the site file starts from.
    guidelines
        Every guideline at hand, by id; those the site adds included.
    site
        The decisions.

    Returns
    -------
    Protocol
        With the centre's guidelines, governing entries and criteria.
    dict
        The guidelines of that protocol, with changed values and confirmed strengths.
    tuple of Change
        In the order of the site file's sections; empty where nothing differs.

    Raises
    ------
    LibraryError
        If the site file names a guideline, row, criterion or structure that does not exist,
        changes nothing, drops what governs, or contradicts itself.
    """
    refuse_contradictions(site)
    published = protocol
    changes: list[Change] = []
    protocol = _add(protocol, guidelines, site, changes)
    held = {id_: guidelines[id_] for id_ in protocol.guidelines if id_ in guidelines}
    for confirmation in site.confirmed:
        _confirm(held, confirmation, site, changes)
    for change in site.limits:
        _change_limit(held, change, site, changes)
    protocol = _own(protocol, held, site, changes)
    protocol = _govern(protocol, held, site, changes)
    protocol = _drop(protocol, held, site, changes)
    protocol = _criteria(protocol, site, changes)
    refuse_new_problems(site, (published, guidelines), (protocol, held))
    changes += [
        Change(
            subject="alias",
            where=alias.name,
            before="-",
            after=", ".join(alias.synonyms),
            direction="added",
        )
        for alias in site.aliases
    ]
    return protocol, held, tuple(changes)


def _refuse(site: Site, message: str) -> LibraryError:
    return LibraryError(f"{site.id}: {message}")


def _add(protocol: Protocol, known: _Library, site: Site, changes: list[Change]) -> Protocol:
    for id_ in site.add_guidelines:
        if id_ not in known:
            raise _refuse(site, f"add_guidelines: no guideline {id_!r} in the library")
        if id_ in protocol.guidelines:
            raise _refuse(site, f"add_guidelines: {id_!r} is in {protocol.id} already; drop it")
        changes.append(
            Change(subject="guideline", where=id_, before="-", after="evaluated", direction="added")
        )
    return protocol.model_copy(
        update={
            "guidelines": (*protocol.guidelines, *site.add_guidelines),
            # What is added is shown beside until the site says under governing that it decides.
            "beside": (*protocol.beside, *site.add_guidelines),
        }
    )


def _drop(
    protocol: Protocol, held: dict[str, Guideline], site: Site, changes: list[Change]
) -> Protocol:
    governing = {id_ for entry in protocol.governing for id_ in entry.guidelines}
    for id_ in site.drop_guidelines:
        if id_ not in held:
            raise _refuse(site, f"drop_guidelines: {id_!r} is not in {protocol.id}")
        if id_ in governing:
            raise _refuse(
                site, f"drop_guidelines: {id_!r} governs; name another under governing first"
            )
        del held[id_]
        changes.append(
            Change(
                subject="guideline", where=id_, before="evaluated", after="-", direction="dropped"
            )
        )
    dropped = set(site.drop_guidelines)
    return protocol.model_copy(
        update={
            key: tuple(id_ for id_ in getattr(protocol, key) if id_ not in dropped)
            for key in ("guidelines", "beside", "scheme_tables")
        }
    )


def _confirm(
    held: dict[str, Guideline], confirmation: Confirmation, site: Site, changes: list[Change]
) -> None:
    id_ = confirmation.guideline
    guideline = _of(held, id_, site, at="confirm")
    found: list[str] = []
    said = len(changes)
    update: dict[str, Any] = {}
    for field in Guideline.model_fields:
        rows = getattr(guideline, field)
        if not isinstance(rows, tuple):
            continue
        update[field] = tuple(
            _stronger(row, confirmation, id_, found, changes)
            if row.id == confirmation.row or row.id.partition("/")[0] == confirmation.row
            else row
            for row in rows
        )
    if not found:
        raise _refuse(site, f"confirm: {id_} has no row {confirmation.row!r}")
    if len(changes) == said:
        raise _refuse(
            site,
            f"confirm: {id_} {confirmation.row} gains nothing by a {confirmation.read}; its "
            "strength is as good already",
        )
    held[id_] = guideline.model_copy(update=update)


def _stronger(
    row: Any, confirmation: Confirmation, id_: str, found: list[str], changes: list[Change]
) -> Any:
    found.append(row.id)
    before = row.evidence
    after = Evidence.A if confirmation.read == "publication" else _BETTER.get(before, before)
    if after is before:
        return row
    changes.append(
        Change(
            subject="evidence",
            where=f"{id_} {row.id}",
            before=f"strength {before}",
            after=f"strength {after}",
            direction="confirmed",
            reason=f"{confirmation.read} read",
            approver=confirmation.by,
            date=confirmation.date,
        )
    )
    update: dict[str, Any] = {"evidence": after}
    if isinstance(row, Limit):
        update["decided"] = (*row.decided, _said(changes[-1]))
    return row.model_copy(update=update)


def _said(change: Change) -> str:
    """Return a decision as the findings tell it."""
    what = {
        "evidence": f"{change.after} instead of {change.before}, {change.reason}",
        "limit": f"{change.after} instead of the published {change.before}, {change.direction}: "
        f"{change.reason}",
        "own-limit": f"a limit of the centre's own: {change.reason}",
    }[change.subject]
    who = ", ".join(filter(None, (change.approver, change.date)))
    return f"Site file: {what} ({who})."


def _change_limit(
    held: dict[str, Guideline], change: LimitChange, site: Site, changes: list[Change]
) -> None:
    id_ = change.guideline
    guideline = _of(held, id_, site, at="limit")
    field, limit = next(
        (
            (field, row)
            for field in ("limits", "part_limits")
            for row in getattr(guideline, field)
            if row.id == change.limit
        ),
        ("", None),
    )
    if limit is None:
        raise _refuse(site, f"limit: {id_} has no limit {change.limit!r}")
    if limit.evidence is Evidence.D:
        raise _refuse(
            site, f"limit: {id_} {limit.id} is switched off (strength D); confirm it first"
        )
    if change.value == limit.value:
        raise _refuse(site, f"limit: {id_} {limit.id} is {limit.value:g} {limit.unit} already")
    changes.append(
        Change(
            subject="limit",
            where=f"{id_} {limit.id}",
            before=f"{limit.value:g} {limit.unit}",
            after=f"{change.value:g} {limit.unit}",
            direction=_direction(limit, change.value),
            reason=change.reason,
            approver=change.approver,
            date=change.date,
        )
    )
    changed = limit.model_copy(
        update={
            "value": change.value,
            "published": limit.value,
            "decided": (*limit.decided, _said(changes[-1])),
        }
    )
    rows = tuple(changed if row is limit else row for row in getattr(guideline, field))
    held[id_] = guideline.model_copy(update={field: rows})


def _direction(limit: Limit, value: float) -> str:
    lower = value < limit.value
    return "tightened" if lower is (limit.comparison in _UPPER) else "loosened"


def _own(
    protocol: Protocol, held: dict[str, Guideline], site: Site, changes: list[Change]
) -> Protocol:
    if not site.own_limits:
        return protocol
    own: list[Limit] = []
    for limit in site.own_limits:
        for name in limit.structures:
            if name not in load_vocabulary():
                raise _refuse(
                    site, f"own {limit.id!r}: structure {name!r} is not in the vocabulary"
                )
        changes.append(
            Change(
                subject="own-limit",
                where=f"{site.id} {limit.id}",
                before="-",
                after=f"{', '.join(limit.structures)} {limit.metric} {limit.comparison} "
                f"{limit.value:g} {limit.unit}",
                direction="added",
                reason=limit.reason,
                approver=limit.approver,
            )
        )
        own.append(limit.model_copy(update={"decided": (_said(changes[-1]),)}))
    held[site.id] = Guideline(
        id=site.id,
        source=Source(title=site.title, locator=f"site file {site.id}.toml"),
        limits=tuple(own),
    )
    return protocol.model_copy(update={"guidelines": (*protocol.guidelines, site.id)})


def _govern(protocol: Protocol, held: _Library, site: Site, changes: list[Change]) -> Protocol:
    entries = list(protocol.governing)
    for change in site.governing:
        for id_ in change.guidelines:
            if id_ not in held:
                raise _refuse(site, f"governing: {id_!r} is not among the guidelines of the site")
        index = next((i for i, e in enumerate(entries) if _same_scope(e, change)), None)
        entry = Governing(
            structures=change.structures,
            technique=change.technique,
            course=change.course,
            guidelines=change.guidelines,
        )
        before = ", ".join(entries[index].guidelines) if index is not None else "-"
        if index is None:
            entries.append(entry)
        else:
            entries[index] = entry
        names = ", ".join(change.structures) or "every other structure"
        changes.append(
            Change(
                subject="governing",
                where=f"{names}, {change.technique}, {change.course}",
                before=before,
                after=", ".join(change.guidelines),
                direction="changed" if index is not None else "added",
                reason=change.reason,
                approver=change.approver,
            )
        )
    decides = {id_ for entry in entries for id_ in entry.guidelines}
    beside = tuple(id_ for id_ in protocol.beside if id_ not in decides)
    return protocol.model_copy(update={"governing": tuple(entries), "beside": beside})


def _same_scope(entry: Governing, change: GoverningChange) -> bool:
    return (
        set(entry.structures) == set(change.structures)
        and entry.technique is change.technique
        and entry.course is change.course
    )


def _criteria(protocol: Protocol, site: Site, changes: list[Change]) -> Protocol:
    criteria = dict(protocol.criteria)
    for name, change in site.criteria.items():
        if name not in criteria:
            raise _refuse(site, f"criteria: {protocol.id} has no criterion {name!r}")
        before = criteria[name]
        if change.value == before.value:
            raise _refuse(site, f"criteria: {name} is {before.value:g} {before.unit} already")
        criteria[name] = before.model_copy(
            update={
                "value": change.value,
                "mark": "local",
                "source": f"Local: {change.reason} ({change.approver}); published with "
                f"{before.value:g}: {before.source}",
            }
        )
        changes.append(
            Change(
                subject="criterion",
                where=name,
                before=f"{before.value:g} {before.unit}",
                after=f"{change.value:g} {before.unit}",
                direction="changed",
                reason=change.reason,
                approver=change.approver,
            )
        )
    return protocol.model_copy(update={"criteria": criteria})


def _of(held: _Library, id_: str, site: Site, *, at: str) -> Guideline:
    if id_ not in held:
        raise _refuse(site, f"{at}: {id_!r} is not among the guidelines of the site")
    return held[id_]
