"""Elements and sequence items from raw bytes, strict about lengths.

pydicom builds a full data set for every item, which for contours and control points takes most
of the reading time, and it lets values and items end early without a word. Here an item is a
mapping from tag to `RawElement`, nothing more. A sequence stays raw until it is
asked for, except where its length is undefined: its end is only found by reading it.
"""

from dataclasses import dataclass, replace
from struct import Struct
from typing import NamedTuple, Union

__all__ = [
    "PIXEL_DATA",
    "Item",
    "RawElement",
    "Tag",
    "is_whole",
    "looks_explicit",
    "read_elements",
    "split_items",
]


class Tag(int):
    """A tag: the number of the group times 65536 plus that of the element.

    Examples
    --------
    >>> str(Tag(0x30060050))
    '(3006,0050)'
    """

    __slots__ = ()

    def __str__(self) -> str:
        return f"({self >> 16:04X},{self & 0xFFFF:04X})"


class RawElement(NamedTuple):
    """One element as the file holds it; `vr` is None where the VR is implicit."""

    tag: Tag
    vr: str | None
    length: int
    value: bytes
    implicit: bool
    little: bool


Item = dict[Tag, Union[RawElement, "list[Item]"]]
"""Elements by tag; a list is a sequence that was read already."""

PIXEL_DATA = Tag(0x7FE00010)
_UNDEFINED_LENGTH = 0xFFFFFFFF
_ITEM = 0xFFFEE000
_END_OF_ITEM = 0xFFFEE00D
_END_OF_SEQUENCE = 0xFFFEE0DD
# PS3.5 7.1.2: these have a length of four bytes, after two reserved ones.
_LONG = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
_DEEPEST = 50


def read_elements(data: bytes, start: int, *, implicit: bool, little: bool) -> Item:
    """Read the elements of a data set from `start` to the end of `data`.

    Raises
    ------
    ValueError
        If an element ends early. Pixel Data alone may; `is_whole` then tells.
    """
    parser = _Parser.of(data, implicit=implicit, little=little)
    item, _ = parser.elements(start, len(data), top=True)
    return item


def split_items(element: RawElement) -> list[Item]:
    """Split the value of a sequence into its items.

    Raises
    ------
    ValueError
        If the bytes are not a whole number of items, each with whole elements.
    """
    data = element.value
    if not is_whole(element):
        raise ValueError("the sequence ends early")
    parser = _Parser.of(data, implicit=element.implicit, little=element.little)
    items, _ = parser.items(0, len(data))
    return items


def is_whole(element: RawElement) -> bool:
    """Whether all bytes that the element announces are there."""
    return len(element.value) == element.length


def looks_explicit(data: bytes, at: int) -> bool:
    """Whether the element at `at` states a VR: two capitals, which no length looks like."""
    vr = data[at + 4 : at + 6]
    return vr.isalpha() and vr.isupper()


@dataclass(frozen=True, slots=True)
class _Parser:
    data: bytes
    implicit: bool
    little: bool
    header: Struct
    long: Struct
    short: Struct
    depth: int = 0

    @classmethod
    def of(cls, data: bytes, *, implicit: bool, little: bool) -> "_Parser":
        end = "<" if little else ">"
        return cls(
            data, implicit, little, Struct(f"{end}HHL"), Struct(f"{end}L"), Struct(f"{end}H")
        )

    def items(self, at: int, stop: int, *, delimited: bool = False) -> tuple[list[Item], int]:
        """Read items until `stop` or the delimiter; return them and where they end."""
        found: list[Item] = []
        while at < stop:
            tag, length = self.tag_and_length(at, stop)
            at += 8
            if tag == _END_OF_SEQUENCE:
                return found, at
            if tag != _ITEM:
                raise ValueError(f"an item begins with the tag {Tag(tag)}")
            undefined = length == _UNDEFINED_LENGTH
            end = stop if undefined else at + length
            if end > stop:
                raise ValueError("an item is longer than its sequence")
            item, at = self.elements(at, end, delimited=undefined)
            found.append(item)
        if delimited:
            raise ValueError("a sequence of undefined length has no end")
        return found, at

    def elements(
        self, at: int, stop: int, *, delimited: bool = False, top: bool = False
    ) -> tuple[Item, int]:
        """Read elements until `stop` or the delimiter; return them and where they end."""
        item: Item = {}
        while at < stop:
            if top and stop - at < 8 and not any(self.data[at:stop]):
                break  # the file is padded with zeros
            tag, length = self.tag_and_length(at, stop)
            if tag == _END_OF_ITEM and not top:
                return item, at + 8
            vr, length, start = self.value(at, length)
            if length == _UNDEFINED_LENGTH and tag != PIXEL_DATA:
                item[Tag(tag)], at = self.nested(vr).items(start, stop, delimited=True)
                continue
            if length == _UNDEFINED_LENGTH:
                at = self.fragments_end(start)
                length = at - start
            else:
                at = start + length
            known = Tag(tag)
            if at > stop and not (top and known == PIXEL_DATA):
                raise ValueError(f"the element {known} ends early")
            value = self.data[start:at]
            item[known] = RawElement(known, vr, length, value, vr is None, self.little)
        if delimited:
            raise ValueError("an item of undefined length has no end")
        return item, at

    def tag_and_length(self, at: int, stop: int) -> tuple[int, int]:
        if at + 8 > stop:
            raise ValueError("it ends within an element")
        group, number, length = self.header.unpack_from(self.data, at)
        return group << 16 | number, length

    def value(self, at: int, length: int) -> tuple[str | None, int, int]:
        """Return VR, length and start of the value of the element at `at`.

        `length` is the one of the implicit form. Some writers switch to that within sequences,
        so what is no VR is taken for a length.
        """
        if self.implicit or not looks_explicit(self.data, at):
            return None, length, at + 8
        vr = self.data[at + 4 : at + 6]
        if vr not in _LONG:
            return vr.decode("ascii"), self.short.unpack_from(self.data, at + 6)[0], at + 8
        if at + 12 > len(self.data):
            raise ValueError("it ends within an element")
        return vr.decode("ascii"), self.long.unpack_from(self.data, at + 8)[0], at + 12

    def nested(self, vr: str | None) -> "_Parser":
        """Return the parser of a sequence within; that of unknown VR is implicit (PS3.5 6.2.2)."""
        if self.depth >= _DEEPEST:
            raise ValueError(f"sequences are nested more than {_DEEPEST} deep")
        implicit = self.implicit or vr in (None, "UN")
        return replace(self, implicit=implicit, depth=self.depth + 1)

    def fragments_end(self, at: int) -> int:
        """Walk the fragments of encapsulated pixel data."""
        while True:
            tag, length = self.tag_and_length(at, len(self.data))
            at += 8
            if tag == _END_OF_SEQUENCE:
                return at
            if tag != _ITEM or at + length > len(self.data):
                raise ValueError("the compressed Pixel Data end early")
            at += length
