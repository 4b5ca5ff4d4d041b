"""The parser of raw elements: as pydicom on sound data, a clear refusal on the rest."""

import random
from contextlib import suppress

import pytest
from dicom_factory import encode, make_dose, make_plan, make_structures
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from planchecker.errors import ReadError
from planchecker.reading.dataset import parse
from planchecker.reading.items import Item, RawElement, Tag, split_items
from planchecker.reading.limits import ReadLimits
from planchecker.reading.objects import read_object

LIMITS = ReadLimits()
ITEM = b"\xfe\xff\x00\xe0"

# value of a sequence in implicit little endian, words of the refusal
BROKEN = {
    "cut header": (ITEM + b"\x00", "ends within an element"),
    "no item": (b"\x10\x00\x10\x00\x00\x00\x00\x00", "begins with the tag"),
    "long item": (ITEM + b"\x09\x00\x00\x00" + bytes(8), "longer than its sequence"),
    "long element": (
        ITEM + b"\x0a\x00\x00\x00" + b"\x10\x00\x10\x00\xff\x00\x00\x00ab",
        "ends early",
    ),
    "open item": (ITEM + b"\xff\xff\xff\xff", "has no end"),
    "open sequence": (
        ITEM + b"\xff\xff\xff\xff" + b"\x08\x00\x40\x11\xff\xff\xff\xff" + ITEM + bytes(4),
        "has no end",
    ),
}


def sequence(value: bytes, *, length: int | None = None) -> RawElement:
    size = len(value) if length is None else length
    return RawElement(Tag(0x30060039), "SQ", size, value, True, True)


def same(item: Item, dataset: Dataset) -> bool:
    if set(item) != set(dataset.keys()):
        return False
    for tag, found in item.items():
        expected = dataset[tag]
        if expected.VR == "SQ":
            items = split_items(found) if isinstance(found, RawElement) else found
            if len(items) != len(expected.value):
                return False
            if not all(same(a, b) for a, b in zip(items, expected.value, strict=True)):
                return False
    return True


@pytest.mark.parametrize("make", [make_plan, make_structures, make_dose])
@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]
)
def test_every_element_of_every_item_is_found(make, syntax: str):
    dataset = make()
    assert same(parse(encode(dataset, syntax=syntax), limits=LIMITS).elements, dataset)


@pytest.mark.parametrize(("value", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_sequence_is_refused(value: bytes, reason: str):
    with pytest.raises(ValueError, match=reason):
        split_items(sequence(value))


def test_a_sequence_cut_short_is_refused():
    with pytest.raises(ValueError, match="ends early"):
        split_items(sequence(b"", length=8))


def test_an_empty_sequence_has_no_items():
    assert split_items(sequence(b"")) == []


@pytest.mark.filterwarnings("ignore")
def test_damaged_files_are_read_or_refused_but_never_crash():
    source = random.Random(7)  # noqa: S311 - noise, not a secret
    sound = [encode(make()) for make in (make_plan, make_structures, make_dose)]
    for _ in range(1500):
        data = bytearray(source.choice(sound))
        for _ in range(source.choice((1, 2, 20))):
            at = source.randrange(132, len(data))
            data[at : at + source.randrange(3)] = source.randbytes(source.randrange(4))
        with suppress(ReadError):
            assert read_object(bytes(data), label="x", limits=LIMITS).file.sha256
