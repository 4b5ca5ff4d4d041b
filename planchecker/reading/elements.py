"""A forgiving view of one data set: what is absent or malformed comes out empty, with a note."""

import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from datetime import date

from planchecker.case import Patient
from planchecker.reading.character_sets import decode
from planchecker.reading.dataset import MALFORMED
from planchecker.reading.decimals import parse_numbers
from planchecker.reading.items import Item, RawElement, split_items
from planchecker.reading.keywords import tag_of, vr_of

__all__ = ["Elements"]

# struct codes of the VRs that hold binary numbers
_BINARY = {"FD": "d", "FL": "f", "SL": "l", "SS": "h", "UL": "L", "US": "H"}
_SINGLE = frozenset({"LT", "ST", "UT"})


class Elements:
    """Read elements of a data set by DICOM keyword.

    Parameters
    ----------
    item
        Elements by tag, of a file or of one item of a sequence.
    notes
        List that takes a line for every value that is present but unreadable; shared with the
        views of sequence items.
    character_sets
        Python names of the encodings of text.
    """

    __slots__ = ("character_sets", "item", "notes")

    def __init__(
        self, item: Item, notes: list[str], *, character_sets: tuple[str, ...] = ("iso8859",)
    ) -> None:
        self.item = item
        self.notes = notes
        self.character_sets = character_sets

    def text(self, keyword: str) -> str:
        """Return the value as text without padding; several values joined by a backslash."""
        return "\\".join(self.texts(keyword))

    def texts(self, keyword: str) -> tuple[str, ...]:
        """Return every value as text without padding; empty ones are left out."""
        element = self._element(keyword)
        if element is None:
            return ()
        vr = vr_of(keyword)
        try:
            text = decode(element.value, self.character_sets, names=vr == "PN")
        except MALFORMED as error:
            self._note(keyword, f"is malformed: {error or type(error).__name__}")
            return ()
        values = (text,) if vr in _SINGLE else tuple(text.split("\\"))
        return tuple(stripped for value in values if (stripped := value.strip(" \0")))

    def number(self, keyword: str) -> float | None:
        """Return the value as a finite number; None where absent, malformed or several."""
        values = self.numbers(keyword)
        if len(values) > 1:
            self._note(keyword, f"holds {len(values)} values where one is expected")
        return values[0] if len(values) == 1 else None

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """Return every value as a finite number; empty where one of them is malformed."""
        element = self._element(keyword)
        if element is None:
            return ()
        raw = element.value
        # Some systems write another VR than the dictionary's; theirs tells the form.
        code = _BINARY.get(element.vr or vr_of(keyword))
        try:
            if code is not None:
                order = "<" if element.little else ">"
                unpacked = [value for (value,) in struct.iter_unpack(order + code, raw)]
                raw = b"\\".join(repr(value).encode() for value in unpacked)
            return parse_numbers(raw)
        except (ValueError, struct.error) as error:
            self._note(keyword, str(error))
            return ()

    def integer(self, keyword: str) -> int | None:
        """Return the value as a whole number; None where it is absent or not whole."""
        value = self.number(keyword)
        if value is not None and not value.is_integer():
            self._note(keyword, f"{value!r} is not a whole number")
            return None
        return None if value is None else int(value)

    def point(self, keyword: str) -> tuple[float, float, float] | None:
        """Return three numbers, such as a position in mm; None where there are not three."""
        values = self.numbers(keyword)
        if len(values) != 3:
            if values:
                self._note(keyword, f"holds {len(values)} values where three are expected")
            return None
        return values[0], values[1], values[2]

    def day(self, keyword: str) -> date | None:
        """Return a date; None, with a note, where it is not one."""
        text = self.text(keyword)
        parts = re.fullmatch(r"(\d{4})\.?(\d{2})\.?(\d{2})", text, re.ASCII)
        if parts:
            with suppress(ValueError):
                return date(*map(int, parts.groups()))
        if text:
            self._note(keyword, f"{text!r} is not a date")
        return None

    def items(self, keyword: str) -> Iterator["Elements"]:
        """Yield a view of each item of a sequence; none where it is absent or malformed."""
        value = self.item.get(tag_of(keyword), [])
        if isinstance(value, RawElement):
            try:
                value = split_items(value)
            except ValueError as error:
                self._note(keyword, f"is malformed: {error}")
                return
        for item in value:
            yield Elements(item, self.notes, character_sets=self.character_sets)

    def holds(self, keyword: str) -> bool:
        """Whether the element is present, with or without a value."""
        return tag_of(keyword) in self.item

    def with_notes(self, notes: list[str]) -> "Elements":
        """Return a view of the same data set that writes its notes elsewhere."""
        return Elements(self.item, notes, character_sets=self.character_sets)

    def patient(self) -> Patient:
        """Return the identity the data set states."""
        return Patient(
            id=self.text("PatientID"),
            name=self.text("PatientName"),
            birth_date=self.text("PatientBirthDate"),
            sex=self.text("PatientSex"),
        )

    def _element(self, keyword: str) -> RawElement | None:
        element = self.item.get(tag_of(keyword))
        if element is None:
            return None
        if not isinstance(element, RawElement):
            self._note(keyword, "is a sequence, not a value")
            return None
        return element

    def _note(self, keyword: str, text: str) -> None:
        note = f"{keyword} {tag_of(keyword)}: {text}"
        if note not in self.notes:
            self.notes.append(note)
