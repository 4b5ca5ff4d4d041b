"""From the things of a tree to jobs: one for each plan, else for each set without a plan.

What is beyond doubt of one patient is grouped: by references, by frame of reference, by folder.
Objects of another patient never join a group. They visit a job where they name one of its objects
or are named by one, for keeping them apart would hide the contradiction; the identity checks of
the job then see them.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from planchecker.batch.thing import Thing
from planchecker.reading.header import safe_name

__all__ = ["Sorted", "Wanted", "sort_things"]

_LONE_FRAME: Final = "frame"
_STRANGERS: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One job before its files are listed.

    Parameters
    ----------
    key
        The same in every run, whatever the tree holds beside it; safe as a file name.
    kind, uid
        What the case is about: ``plan`` and its UID, ``structures`` and its UID, or ``frame``
        and the frame of reference of doses.
    label
        What people know it by.
    things
        Everything that belongs to it.
    elsewhere
        Labels of other plans of the patient that nothing ties to this one.
    conflict
        Why it cannot be checked: files that differ share the UID of the plan.
    """

    key: str
    kind: str
    uid: str
    label: str
    things: tuple[Thing, ...]
    elsewhere: tuple[str, ...] = ()
    conflict: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sorted:
    """The jobs of a tree, and what belongs to none of them."""

    wanted: tuple[Wanted, ...]
    idle: tuple[Thing, ...]


def sort_things(
    things: Sequence[Thing], *, series_with: Callable[[str], set[str]] = lambda _uid: set()
) -> Sorted:
    """Sort the things of a tree into jobs.

    Parameters
    ----------
    series_with
        Gives the series that hold an image, for structure sets that name no series.
    """
    whole = [thing for thing in things if thing.kind != "damaged"]
    groups = _Groups(whole, series_with)
    visitors = groups.visitors()
    members = groups.members()
    with_plan = {root for root, own in members.items() if any(t.kind == "plan" for t in own)}
    hosts = _hosted(members, visitors, with_plan)
    damaged = _damaged_by_group(things, whole, groups)
    twins: defaultdict[tuple[str, str], list[Thing]] = defaultdict(list)
    for thing in whole:
        twins[thing.kind, thing.uid].append(thing)
    wanted: list[Wanted] = []
    idle: list[Thing] = []
    for root, own in members.items():
        if root in hosts:
            continue
        guests = set(visitors[root])
        for other, host in hosts.items():
            if root in host:
                guests.update(members[other])
        everything = (*own, *sorted(guests, key=_by_path), *damaged[root])
        jobs = tuple(_jobs(own, everything, twins))
        wanted += jobs
        if not jobs:
            idle += own
    return Sorted(wanted=_with_elsewhere(_once(wanted), groups), idle=tuple(idle))


def _once(wanted: Iterable[Wanted]) -> list[Wanted]:
    """Keep one job of those about one UID: their files differ, and each says so."""
    found: dict[str, Wanted] = {}
    for one in wanted:
        before = found.get(one.key)
        if before is not None:
            things = dict.fromkeys((*before.things, *one.things))
            one = replace(before, things=tuple(things))  # noqa: PLW2901
        found[one.key] = one
    return list(found.values())


class _Groups:
    """Union of the things of one patient, and the references that lead out of it."""

    def __init__(self, things: Sequence[Thing], series_with: Callable[[str], set[str]]) -> None:
        self.things = things
        self._parent = list(range(len(things)))
        self._by_uid: defaultdict[str, list[int]] = defaultdict(list)
        self._place = {thing: index for index, thing in enumerate(things)}
        for index, thing in enumerate(things):
            self._by_uid[thing.uid].append(index)
        self._edges = [
            (index, other)
            for index, thing in enumerate(things)
            for uid in self._named(thing, series_with)
            for other in self._by_uid.get(uid, ())
            if other != index
        ]
        self._join()

    def root(self, thing: Thing) -> int:
        """Return the number of the group a thing is in."""
        return self._find(self._place[thing])

    def members(self) -> dict[int, list[Thing]]:
        """Return the things of every group, in the order of the tree."""
        found: defaultdict[int, list[Thing]] = defaultdict(list)
        for index, thing in enumerate(self.things):
            found[self._find(index)].append(thing)
        return dict(found)

    def visitors(self) -> dict[int, set[Thing]]:
        """Return for every group the things of others that it names or that name it.

        A series is held by the structure set that names it, and named by nothing else.
        """
        found: defaultdict[int, set[Thing]] = defaultdict(set)
        for one, other in self._edges:
            first, second = self._find(one), self._find(other)
            if first == second:
                continue
            found[first].add(self.things[other])
            if self.things[other].kind != "series":
                found[second].add(self.things[one])
        for bucket in self._buckets(self._shared_place).values():
            for one in bucket:
                root = self._find(one)
                strangers = (self.things[i] for i in bucket if self._find(i) != root)
                # One is enough for a contradiction; all of them could be the whole tree.
                found[root].update(islice(strangers, _STRANGERS))
        for root, guests in found.items():
            # A dose without the plan it names would look as if that plan were missing.
            named = {uid for guest in guests if guest.kind == "dose" for uid in guest.names}
            plans = (self.things[i] for uid in sorted(named) for i in self._by_uid.get(uid, ()))
            guests.update(t for t in plans if t.kind == "plan" and self.root(t) != root)
        return found

    @staticmethod
    def _named(thing: Thing, series_with: Callable[[str], set[str]]) -> Iterator[str]:
        yield from sorted(thing.names)
        yield from sorted(thing.named_series)
        series = {uid for image in thing.named_images for uid in series_with(image)}
        yield from sorted(series)

    def _join(self) -> None:
        for one, other in self._edges:
            if not _differ(self.things[one], self.things[other]):
                self._unite(one, other)
        for keys in (self._same_frame, self._same_folder):
            for bucket in self._buckets(keys).values():
                for other in bucket[1:]:
                    self._unite(bucket[0], other)
        self._join_nameless()
        self._join_frameless()

    def _join_nameless(self) -> None:
        """Join what states no patient with its frame of reference, its study or its folder."""
        by_frame = self._buckets(lambda thing: thing.frames)
        for index, thing in enumerate(self.things):
            if not thing.patient:
                for frame in thing.frames:
                    for other in by_frame[frame]:
                        self._unite(index, other)
        by_study = self._buckets(
            lambda thing: ((thing.folder, thing.study),) if thing.study else ()
        )
        by_folder = self._buckets(lambda thing: (thing.folder,))
        for index, thing in enumerate(self.things):
            if thing.patient:
                continue
            for other in by_study.get((thing.folder, thing.study), ()):
                self._unite(index, other)
            rest = [other for other in by_folder[thing.folder] if other != index]
            # What says nothing of whose it is belongs to the only patient of its folder.
            if len({self._find(other) for other in rest}) == 1:
                self._unite(index, rest[0])

    def _join_frameless(self) -> None:
        """Join what states no frame of reference, and is tied to nothing, with its patient."""
        size: defaultdict[int, int] = defaultdict(int)
        for index in range(len(self.things)):
            size[self._find(index)] += 1
        by_patient = self._buckets(lambda thing: (thing.patient,) if thing.patient else ())
        lone = [
            index
            for index, thing in enumerate(self.things)
            if not thing.frames and thing.patient and size[self._find(index)] == 1
        ]
        for index in lone:
            for other in by_patient[self.things[index].patient]:
                self._unite(index, other)

    @staticmethod
    def _same_frame(thing: Thing) -> Iterable[Hashable]:
        return [(thing.patient, frame) for frame in thing.frames] if thing.patient else ()

    @staticmethod
    def _same_folder(thing: Thing) -> Iterable[Hashable]:
        whose = thing.patient or (thing.study and f"\0{thing.study}")
        return ((thing.folder, whose),) if whose else ()

    @staticmethod
    def _shared_place(thing: Thing) -> Iterable[Hashable]:
        if thing.kind == "series":
            return ()
        return [(thing.folder, frame) for frame in thing.frames]

    def _buckets(self, keys: Callable[[Thing], Iterable[Hashable]]) -> dict[Hashable, list[int]]:
        found: defaultdict[Hashable, list[int]] = defaultdict(list)
        for index, thing in enumerate(self.things):
            for key in keys(thing):
                found[key].append(index)
        return found

    def _find(self, index: int) -> int:
        while self._parent[index] != index:
            self._parent[index] = self._parent[self._parent[index]]
            index = self._parent[index]
        return index

    def _unite(self, one: int, other: int) -> None:
        first, second = self._find(one), self._find(other)
        # The smaller number leads, so that the order of the tree is kept.
        self._parent[max(first, second)] = min(first, second)


def _differ(one: Thing, other: Thing) -> bool:
    return bool(one.patient and other.patient) and one.patient != other.patient


def _by_path(thing: Thing) -> tuple[str, int]:
    return thing.path, thing.row


def _hosted(
    members: dict[int, list[Thing]], visitors: dict[int, set[Thing]], with_plan: set[int]
) -> dict[int, set[int]]:
    """Return which groups without a plan are seen whole by which groups with one."""
    home = {thing: root for root, own in members.items() for thing in own}
    hosts: defaultdict[int, set[int]] = defaultdict(set)
    for root in with_plan:
        for guest in visitors.get(root, ()):
            if home[guest] not in with_plan and guest.kind != "series":
                hosts[home[guest]].add(root)
    return dict(hosts)


def _damaged_by_group(
    things: Sequence[Thing], whole: Sequence[Thing], groups: _Groups
) -> defaultdict[int, list[Thing]]:
    """Give a damaged file to the group of its folder, where that is the only one there."""
    by_folder: defaultdict[str, set[int]] = defaultdict(set)
    for thing in whole:
        by_folder[thing.folder].add(groups.root(thing))
    found: defaultdict[int, list[Thing]] = defaultdict(list)
    for thing in things:
        if thing.kind == "damaged" and len(by_folder[thing.folder]) == 1:
            found[next(iter(by_folder[thing.folder]))].append(thing)
    return found


def _jobs(
    own: Sequence[Thing],
    everything: tuple[Thing, ...],
    twins: Mapping[tuple[str, str], Sequence[Thing]],
) -> Iterator[Wanted]:
    """Yield what the reader would make of these objects: the cases of one folder."""
    for kind in ("plan", "structures"):
        uids = dict.fromkeys(thing.uid for thing in own if thing.kind == kind)
        for uid in uids:
            yield _wanted(kind, uid, twins[kind, uid], everything)
        if uids:
            return
    by_frame: defaultdict[str, list[Thing]] = defaultdict(list)
    for thing in own:
        if thing.kind == "dose":
            by_frame[min(thing.frames, default="")].append(thing)
    for frame, doses in by_frame.items():
        alone = [dose for dose in doses if not _clash(twins["dose", dose.uid])]
        yield _wanted(_LONE_FRAME, frame, alone or doses, everything)


def _clash(same: Sequence[Thing]) -> bool:
    """Whether files that share a UID differ, so that none of them can be used."""
    return len({thing.sha256 for thing in same}) > 1


def _wanted(kind: str, uid: str, same: Sequence[Thing], everything: tuple[Thing, ...]) -> Wanted:
    first = same[0]
    conflict = ""
    if _clash([thing for thing in same if thing.uid == first.uid]):
        paths = ", ".join(thing.path for thing in same)
        conflict = (
            f"{paths} differ but share the SOP Instance UID {first.uid}; none of them is used: "
            "leave only the right one in the tree"
        )
    # Doses without a plan are known by the first of them: a frame of reference may be missing.
    named = (kind, first.uid) if kind == _LONE_FRAME else (kind, uid)
    return Wanted(
        key=safe_name("case", *named),
        kind=kind,
        uid=uid,
        label=first.label or first.path,
        things=everything,
        conflict=conflict,
    )


def _with_elsewhere(wanted: Sequence[Wanted], groups: _Groups) -> tuple[Wanted, ...]:
    """Tell every plan of the plans of its patient that it is not checked together with."""
    by_patient: defaultdict[str, list[tuple[int, Wanted]]] = defaultdict(list)
    for one in wanted:
        for thing in one.things:
            if thing.kind == "plan" and thing.uid == one.uid and thing.patient:
                by_patient[thing.patient].append((groups.root(thing), one))
                break
    others: dict[str, tuple[str, ...]] = {}
    for plans in by_patient.values():
        if len({root for root, _ in plans}) > 1:
            for root, one in plans:
                others[one.key] = tuple(sorted(o.label for r, o in plans if r != root))
    return tuple(replace(one, elsewhere=others.get(one.key, ())) for one in wanted)
