"""Clinic names to TG-263; every match says how it was made.

A whole name is looked up, never a part of one: ``Heart_opt`` is not the heart. What cannot be
read one way only stays unmatched and says why; near names are suggestions and are never used.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from constraints.vocabulary import Alias, Vocabulary
from constraints.words import Margin, fold, pieces, squeeze
from planchecker.dosimetry.structure import Structure

__all__ = ["Match", "match_structures"]

_SUGGESTIONS = 3
_NEAR_SCORE = 80
"""Similarity in percent from which a name is worth showing; no suggestion is ever used."""
_LONGEST_NAME = 200
_TO_UNDERSCORE = re.compile(r"[^0-9A-Za-z.\-]+")
_MARGIN_ADDED = re.compile(r"[-+]\s*\d+(?:[.,]\d+)?\s*(?:mm|cm)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """How one ROI was matched to the vocabulary.

    Parameters
    ----------
    roi_number, roi_name
        The ROI as the export names it.
    name
        TG-263 name; empty when nothing matched. A PRV keeps its organ's name with the margin,
        ``SpinalCord_PRV02``, or ``SpinalCord_PRV`` where no margin is stated; a target is
        ``PTV``, ``CTV``, ``GTV`` or ``ITV`` plus whatever suffix it carries.
    how
        ``"exact TG-263 name"``, ``"alias"``, ``"ROI code"``, ``"site alias"``, ``"ROI type"``,
        ``"ambiguous"``, ``"derived"`` or ``"unmatched"``, with detail.
    category
        ``"target"``, ``"organ"``, ``"prv"``, ``"external"``, ``"support"`` or ``"other"``.
    base
        Name of the organ of a PRV, else equal to `name`.
    prv_mm
        Margin of a PRV in mm where the name states one.
    suggestions
        Near names by fuzzy comparison: shown, never used.
    also
        ROI numbers of the other structures with the same `name`.
    """

    roi_number: int
    roi_name: str
    name: str
    how: str
    category: str = "other"
    base: str = ""
    prv_mm: float | None = None
    suggestions: tuple[str, ...] = ()
    also: tuple[int, ...] = ()


class _Found(NamedTuple):
    name: str
    how: str
    category: str
    base: str = ""
    prv_mm: float | None = None


def match_structures(
    structures: Iterable[Structure],
    vocabulary: Vocabulary,
    *,
    site_aliases: Mapping[str, str] | None = None,
) -> tuple[Match, ...]:
    """Match every ROI to a TG-263 name, in the order of `structures`.

    Parameters
    ----------
    site_aliases
        Names the centre has confirmed, to a name of the vocabulary each; they come first.

    Raises
    ------
    ValueError
        If a site alias leads to a name that the vocabulary does not hold.

    Examples
    --------
    >>> from constraints.vocabulary import load_vocabulary
    >>> rois = [Structure(roi_number=1, name="Moelle"), Structure(roi_number=2, name="Rein_D")]
    >>> [match.name for match in match_structures(rois, load_vocabulary())]
    ['SpinalCord', 'Kidney_R']
    """
    confirmed = _confirmed(site_aliases or {}, vocabulary)
    matches = [_match(roi, vocabulary, confirmed) for roi in structures]
    numbers = defaultdict(list)
    for match in matches:
        if match.name:
            numbers[match.name].append(match.roi_number)
    return tuple(_with_others(match, numbers.get(match.name, ())) for match in matches)


def _with_others(match: Match, same_name: Iterable[int]) -> Match:
    others = list(same_name)
    if match.roi_number in others:
        others.remove(match.roi_number)
    if not others:
        return match
    listed = ", ".join(str(number) for number in others)
    return replace(match, how=f"{match.how}; also ROI {listed}", also=tuple(others))


def _confirmed(site_aliases: Mapping[str, str], vocabulary: Vocabulary) -> dict[str, str]:
    for text, name in site_aliases.items():
        if name not in vocabulary:
            raise ValueError(
                f"site alias {text!r} leads to {name!r}, which is not in the vocabulary; use a "
                "TG-263 name such as SpinalCord"
            )
    return {text.strip(): name for text, name in site_aliases.items()}


def _match(roi: Structure, vocabulary: Vocabulary, confirmed: Mapping[str, str]) -> Match:
    text = roi.name.strip()[:_LONGEST_NAME]
    kind = roi.interpreted_type.strip().upper()
    found = (
        _by_site(text, vocabulary, confirmed)
        or _by_name(text, kind, vocabulary)
        or _by_code(roi, vocabulary)
        or _Found("", "unmatched" if fold(text) else "unmatched: no name", "other")
    )
    unknown = found.how.startswith(("unmatched", "ambiguous"))
    return Match(
        roi_number=roi.roi_number,
        roi_name=roi.name,
        name=found.name,
        how=found.how + _contradiction(found, kind, vocabulary),
        category=found.category,
        base=found.base or found.name,
        prv_mm=found.prv_mm,
        suggestions=_near(text, vocabulary) if unknown else (),
    )


def _by_site(text: str, vocabulary: Vocabulary, confirmed: Mapping[str, str]) -> _Found | None:
    name = confirmed.get(text)
    return _entry(name, "site alias", vocabulary) if name else None


def _by_name(text: str, kind: str, vocabulary: Vocabulary) -> _Found | None:
    """Walk the readings in order; the first that speaks decides, a refusal included."""
    for reading in _READINGS:
        found = reading(text, kind, vocabulary)
        if found is not None:
            return found
    return None


def _entry(name: str, how: str, vocabulary: Vocabulary) -> _Found:
    """Return a name of the vocabulary with its category, and with its organ for a PRV."""
    words = vocabulary.words
    base, mark, margin = name.partition("_PRV")
    if mark:
        return _Found(name, how, "prv", base, float(margin) if margin else None)
    for category, names in (
        ("external", words.external_names),
        ("support", words.support_names),
        ("other", words.other_names),
    ):
        if name in names:
            return _Found(name, how, category)
    target = vocabulary.category(name) == "target"
    return _Found(name, how, "target" if target else "organ")


def _outer(text: str, kind: str, vocabulary: Vocabulary) -> _Found | None:
    """Let the ROI type decide what is the body and what the couch."""
    words = vocabulary.words
    if kind not in words.external_types | words.support_types:
        return None
    category = "external" if kind in words.external_types else "support"
    named = _exact(text, kind, vocabulary) or _alias(text, kind, vocabulary)
    if named is not None and named.category == category:
        return named
    return _Found("External" if category == "external" else "", f"ROI type {kind}", category)


def _exact(text: str, kind: str, vocabulary: Vocabulary) -> _Found | None:
    if text not in vocabulary.names:
        return None
    return _bone_as_target(_entry(text, "exact TG-263 name", vocabulary), kind, vocabulary)


def _bone_as_target(found: _Found, kind: str, vocabulary: Vocabulary) -> _Found:
    """Take a bone that is typed as a target for the target it is the name of."""
    words = vocabulary.words
    bone = vocabulary.category(found.name) in words.bone_categories
    if kind in words.target_types and bone:
        return _Found(kind, f"ROI type {kind}, named after {found.name}", "target")
    return found


def _target(text: str, _kind: str, vocabulary: Vocabulary) -> _Found | None:
    """Read PTV, CTV, GTV or ITV with a suffix; one made from another volume is a helper."""
    words = vocabulary.words
    volume = next((kind for kind in words.target_kinds if text.upper().startswith(kind)), "")
    if not volume:
        return None
    suffix = text[len(volume) :]
    parts = (*pieces(suffix), *fold(suffix).split())
    reason = next((f"the word {part!r}" for part in parts if part in words.derived_words), "")
    if _MARGIN_ADDED.search(suffix) or words.has_margin(text):
        reason = "the margin"
    if any(mark in suffix for mark in words.derived_marks):
        reason = "the mark for local text"
    subtracted = suffix.partition("-")[2].strip()
    if subtracted and _is_volume(subtracted, vocabulary):
        reason = f"what is taken away, {subtracted!r}"
    if reason:
        return _Found("", f"derived: {reason} makes it a helper, not the {volume}", "other")
    exact = text in vocabulary.names or not suffix
    name = volume + _TO_UNDERSCORE.sub("_", suffix).rstrip("_")
    return _Found(name, "exact TG-263 name" if exact else f"target name, {volume}", "target")


def _is_volume(text: str, vocabulary: Vocabulary) -> bool:
    """Return whether `text` names something that can be cut out of a target."""
    if vocabulary.refusal(text) or vocabulary.words.has_margin(text):
        return True
    if text.upper().startswith(vocabulary.words.target_kinds):
        return True
    alias = vocabulary.find(text) or vocabulary.find_lateral(text)
    return alias is not None and (
        vocabulary.category(alias.name) not in vocabulary.words.bone_categories
    )


def _margin(text: str, kind: str, vocabulary: Vocabulary) -> _Found | None:
    """Read an organ with a margin; it stands for its PRV and never for the organ."""
    if not vocabulary.words.has_margin(text):
        return None
    alias = vocabulary.find(text)
    if alias is not None and "_PRV" in alias.name:
        return _entry(alias.name, _alias_how(alias), vocabulary)
    if vocabulary.words.derived(text):
        return _derived(text, vocabulary)
    margin = vocabulary.words.margin(text)
    if margin is None:
        return _Found("", "derived: the margin cannot be read one way only", "other")
    choice = vocabulary.refusal(margin.base)
    if choice:
        return _Found("", f"ambiguous: PRV of {choice}", "other")
    return _prv(margin, kind, vocabulary)


def _prv(margin: Margin, kind: str, vocabulary: Vocabulary) -> _Found:
    organ = vocabulary.find(margin.base) or vocabulary.find_lateral(margin.base)
    known = organ is not None and _entry(organ.name, "", vocabulary).category == "organ"
    if organ is None or not known or _too_short(margin.base, kind, vocabulary):
        return _Found("", f"derived: PRV of {margin.base!r}, which is no known organ", "other")
    size = "" if margin.mm is None else f"{margin.mm:02g}"
    stated = "no margin stated" if margin.mm is None else f"{margin.mm:g} mm"
    name = f"{organ.name}_PRV{size}"
    return _Found(name, f"{_alias_how(organ)} with PRV, {stated}", "prv", organ.name, margin.mm)


def _marked(text: str, _kind: str, vocabulary: Vocabulary) -> _Found | None:
    """Refuse what a prefix or mark declares a helper, before separators are forgiven."""
    words = vocabulary.words
    marked = any(mark in text for mark in words.derived_marks)
    if marked or text.lower().startswith(words.derived_prefixes):
        return _derived(text, vocabulary)
    return None


def _alias(text: str, kind: str, vocabulary: Vocabulary) -> _Found | None:
    alias = vocabulary.find(text) or vocabulary.find_lateral(text)
    if alias is None or _too_short(text, kind, vocabulary):
        return None
    return _bone_as_target(_entry(alias.name, _alias_how(alias), vocabulary), kind, vocabulary)


def _helper(text: str, _kind: str, vocabulary: Vocabulary) -> _Found | None:
    return _derived(text, vocabulary) if vocabulary.words.derived(text) else None


def _typed(_text: str, kind: str, vocabulary: Vocabulary) -> _Found | None:
    if kind not in vocabulary.words.target_types:
        return None
    return _Found(kind, f"ROI type {kind}", "target")


def _left_open(text: str, kind: str, vocabulary: Vocabulary) -> _Found | None:
    alias = vocabulary.find(text)
    if alias is not None:
        how = f"ambiguous: short for {alias.name}, but the ROI type is {kind}"
        return _Found("", how, "other")
    choice = vocabulary.refusal(text)
    return _Found("", f"ambiguous: {choice}", "other") if choice else None


_READINGS = (_outer, _exact, _target, _margin, _marked, _alias, _helper, _typed, _left_open)


def _derived(text: str, vocabulary: Vocabulary) -> _Found:
    reason = vocabulary.words.derived(text)
    return _Found("", f"derived: {reason} makes it a helper, never the structure itself", "other")


def _too_short(text: str, kind: str, vocabulary: Vocabulary) -> bool:
    words = vocabulary.words
    return len(fold(text)) <= words.short_longest and kind not in words.short_types


def _alias_how(alias: Alias) -> str:
    if alias.language == "tg263":
        return f"alias: spelling of {alias.name}"
    return f"alias ({alias.language}) {alias.synonym!r}"


def _by_code(roi: Structure, vocabulary: Vocabulary) -> _Found | None:
    """Read a ROI identification code whose value is itself a TG-263 name."""
    for value, scheme in roi.codes:
        if value in vocabulary.names and not vocabulary.words.derived(roi.name):
            return _entry(value, f"ROI code {value!r} of {scheme!r}", vocabulary)
    return None


def _contradiction(found: _Found, kind: str, vocabulary: Vocabulary) -> str:
    words = vocabulary.words
    wrong = {
        "target": bool(kind) and kind not in words.target_types,
        "organ": kind not in words.organ_types,
        "prv": kind not in words.organ_types,
        "external": bool(kind) and kind not in words.external_types,
    }.get(found.category, False)
    return f"; ROI type {kind} contradicts the name" if found.name and wrong else ""


def _near(text: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    joined = squeeze(text) or fold(text)
    if len(joined) <= vocabulary.words.short_longest:
        return ()
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - only where a name is unknown

    spellings = vocabulary.spellings
    found = process.extract(
        joined, spellings.keys(), scorer=fuzz.ratio, score_cutoff=_NEAR_SCORE, limit=None
    )
    names = dict.fromkeys(spellings[spelling] for spelling, _, _ in found)
    return tuple(names)[:_SUGGESTIONS]
