"""What a site file may not say: the same thing twice, or what contradicts itself."""

from collections.abc import Hashable, Iterable, Iterator, Mapping

from constraints.errors import LibraryError
from constraints.lint import lint
from constraints.model import Guideline, Protocol
from constraints.site_model import Site
from constraints.vocabulary import load_vocabulary

__all__ = ["refuse_contradictions", "refuse_new_problems"]

# Ends of one scale in the names of criteria: the first may not lie above the second.
_ENDS = (
    ("pass", "fail"),
    ("warn", "error"),
    ("min", "max"),
    ("lowest", "highest"),
    ("from", "to"),
)
# A gap in the governing limits is the centre's decision; a plan that falls into it has no answer.
_DECIDED = ("governing-gap", "governing-unverified", "beside", "unknown-guideline")


def refuse_contradictions(site: Site) -> None:
    """Refuse a site file that decides one thing twice.

    Raises
    ------
    LibraryError
        If it does; names what.
    """
    for what, keys in _keys(site).items():
        twice = _twice(keys)
        if twice is not None:
            raise LibraryError(f"{site.id}: {what} {twice!r} is decided twice; keep one of them")
    both = set(site.add_guidelines) & set(site.drop_guidelines)
    if both:
        raise LibraryError(f"{site.id}: {min(both)!r} is both added and dropped; keep one of them")
    for name, change in site.criteria.items():
        if change.value < 0:
            raise LibraryError(f"{site.id}: criteria: {name} = {change.value:g} is below zero")


def _keys(site: Site) -> Mapping[str, Iterable[Hashable]]:
    return {
        "add_guidelines": site.add_guidelines,
        "drop_guidelines": site.drop_guidelines,
        "limit": [f"{one.guideline} {one.limit}" for one in site.limits],
        "confirm": [f"{one.guideline} {one.row}" for one in site.confirmed],
        "governing": [
            f"{', '.join(sorted(one.structures)) or 'every other structure'}, {one.technique}, "
            f"{one.course}"
            for one in site.governing
        ],
        "machine": [
            name.strip().casefold() for one in site.machines for name in (one.name, *one.aliases)
        ],
    }


def _twice(keys: Iterable[Hashable]) -> Hashable | None:
    seen: set[Hashable] = set()
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    return None


def refuse_new_problems(
    site: Site,
    published: tuple[Protocol, Mapping[str, Guideline]],
    own: tuple[Protocol, Mapping[str, Guideline]],
) -> None:
    """Refuse decisions that make the rules unsound where the published ones are sound.

    Parameters
    ----------
    published, own
        Protocol and guidelines before and after the decisions.

    Raises
    ------
    LibraryError
        If a limit became impossible, its unit does not fit, an optimal limit is now looser than
        the binding one, or the ends of a scale of criteria have changed places.
    """
    for message in _crossed(published[0], own[0]):
        raise LibraryError(f"{site.id}: criteria: {message}")
    touched = [g for id_, g in own[1].items() if published[1].get(id_) is not g]
    before = [published[1][g.id] for g in touched if g.id in published[1]]
    vocabulary = load_vocabulary()
    known = {(p.rule, p.where) for p in lint(before, None, vocabulary)}
    for problem in lint(touched, None, vocabulary):
        if problem.rule not in _DECIDED and (problem.rule, problem.where) not in known:
            raise LibraryError(f"{site.id}: {problem.where}: {problem.message}")


def _crossed(published: Protocol, own: Protocol) -> Iterator[str]:
    """Yield each pair of criteria whose ends changed places."""
    for name, low in own.criteria.items():
        for first, second in _ENDS:
            for mark in "_.":
                other = name.replace(f"{mark}{first}", f"{mark}{second}")
                if other == name or other not in own.criteria:
                    continue
                sound = published.criteria[name].value <= published.criteria[other].value
                high = own.criteria[other]
                if sound and low.value > high.value:
                    yield f"{name} = {low.value:g} lies above {other} = {high.value:g}"
