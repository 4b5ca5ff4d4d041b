"""Everything that was read under the given paths, before it is sorted into cases."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from planchecker.case import (
    DoseObject,
    ForeignFile,
    ImageSlice,
    InputFile,
    Plan,
    Registration,
    StructureSet,
)
from planchecker.reading.objects import ReadObject

__all__ = ["Collection", "collect"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Collection:
    """The objects by kind, each in the order of its path."""

    plans: tuple[Plan, ...] = ()
    structure_sets: tuple[StructureSet, ...] = ()
    doses: tuple[DoseObject, ...] = ()
    images: tuple[ImageSlice, ...] = ()
    registrations: tuple[Registration, ...] = ()
    files: tuple[InputFile, ...] = ()
    foreign: tuple[ForeignFile, ...] = ()
    notes: tuple[str, ...] = ()


def collect(objects: Sequence[ReadObject], foreign: Iterable[ForeignFile]) -> Collection:
    """Sort objects by kind and settle those that share a SOP Instance UID.

    Copies of one file count once. Files that differ under one UID cannot be told apart by
    anything that refers to them: for plan, structures, dose and registration none of them is
    used; of an image slice the first is kept.
    """
    by_uid: defaultdict[str, list[ReadObject]] = defaultdict(list)
    for item in objects:
        by_uid[item.file.sop_instance_uid].append(item)
    kept: list[ReadObject] = []
    notes: list[str] = []
    unused = list(foreign)
    for uid, same in by_uid.items():
        kept += _settle(uid, same, unused, notes)
    kept.sort(key=lambda item: item.file.path)
    contents = [item.content for item in kept]
    return Collection(
        plans=tuple(c for c in contents if isinstance(c, Plan)),
        structure_sets=tuple(c for c in contents if isinstance(c, StructureSet)),
        doses=tuple(c for c in contents if isinstance(c, DoseObject)),
        images=tuple(c for c in contents if isinstance(c, ImageSlice)),
        registrations=tuple(r for c in contents if isinstance(c, tuple) for r in c),
        files=tuple(item.file for item in kept),
        foreign=tuple(sorted(unused, key=lambda file: file.path)),
        notes=tuple(notes),
    )


def _settle(
    uid: str, same: list[ReadObject], unused: list[ForeignFile], notes: list[str]
) -> list[ReadObject]:
    """Return which of the files with one UID are used; list the others with the reason."""
    first = same[0]
    differing = [item for item in same if item.file.sha256 != first.file.sha256]
    notes += [
        f"{item.file.path} is a copy of {first.file.path}; it counts once"
        for item in same[1:]
        if item not in differing
    ]
    if not differing:
        return [first]
    paths = ", ".join(item.file.path for item in same)
    if all(isinstance(item.content, ImageSlice) for item in same):
        notes.append(f"{paths} differ but share the SOP Instance UID {uid}; the first is used")
        dropped, used = differing, [first]
    else:
        notes.append(f"{paths} differ but share the SOP Instance UID {uid}; none of them is used")
        dropped, used = same, []
    unused += [
        ForeignFile(
            path=item.file.path,
            reason="another file has the same SOP Instance UID and other content; "
            "leave only the right one in the folder",
        )
        for item in dropped
    ]
    return used
