"""What the reader knows without pydicom agrees with pydicom, and a check does without it."""

import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.tag import BaseTag
from pydicom.uid import UID
from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS

import planchecker.reading
from planchecker.reading import character_sets, dataset, keywords, syntaxes
from planchecker.reading.items import Tag
from planchecker.reading.limits import ReadLimits
from sample_dicom import write


@pytest.mark.parametrize("keyword", keywords.KEYWORDS)
def test_a_keyword_has_the_tag_and_vr_of_the_dictionary(keyword):
    tag, vr = keywords.KEYWORDS[keyword]
    assert tag == tag_for_keyword(keyword)
    assert vr == dictionary_VR(tag)


def test_every_keyword_that_the_reader_asks_for_is_listed():
    modules = Path(planchecker.reading.__file__).parent.glob("*.py")
    words = {
        word
        for module in modules
        for word in re.findall(r"[\"']([A-Z][A-Za-z0-9]+)[\"']", module.read_text(encoding="utf-8"))
    }
    asked = {word for word in words if tag_for_keyword(word) is not None}
    assert len(asked) > 100
    assert asked <= set(keywords.KEYWORDS)


def test_other_keywords_are_looked_up():
    assert keywords.tag_of("AcquisitionNumber") == 0x00200012
    assert keywords.vr_of("AcquisitionNumber") == "IS"
    with pytest.raises(KeyError, match="no DICOM keyword"):
        keywords.tag_of("NoSuchThing")


@pytest.mark.parametrize("number", [0x30060050, 0x7FE00010, 0x0008ABCD])
def test_a_tag_is_written_as_pydicom_writes_it(number):
    assert str(Tag(number)) == str(BaseTag(number))


@pytest.mark.parametrize("term", character_sets.PLAIN)
def test_common_character_sets_have_the_encodings_of_pydicom(term):
    assert character_sets.encodings_of([term]) == convert_encodings([term])


@pytest.mark.parametrize(
    ("raw", "terms"),
    [
        (b"Mayer^Anna", [""]),
        ("Müller^Jörg".encode("latin-1"), ["ISO_IR 100"]),
        ("Müller^Jörg=山田".encode(), ["ISO_IR 192"]),
        (b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", ["", "ISO 2022 IR 87"]),
        (b"a\\b~", ["ISO_IR 13"]),
    ],
)
@pytest.mark.parametrize("names", [True, False])
def test_text_is_decoded_as_pydicom_decodes_it(raw, terms, names):
    encodings = character_sets.encodings_of(terms)
    expected = decode_bytes(raw, encodings, PN_DELIMS if names else TEXT_VR_DELIMS)
    assert character_sets.decode(raw, encodings, names=names) == expected


@pytest.mark.parametrize(
    "name", ["IMPLICIT_LITTLE", "EXPLICIT_LITTLE", "EXPLICIT_BIG", "DEFLATED", "RUN_LENGTH"]
)
def test_transfer_syntaxes_are_those_of_pydicom(name):
    uid = getattr(syntaxes, name)
    assert UID(uid).is_transfer_syntax
    assert syntaxes.name_of(uid) == UID(uid).name


def _element(number, vr, value):
    form = "<HH2sHL" if vr == b"OB" else "<HH2sH"
    head = (2, number, vr, 0, len(value)) if vr == b"OB" else (2, number, vr, len(value))
    return struct.pack(form, *head) + value


VERSION = _element(1, b"OB", b"\x00\x01")
CLASS = _element(2, b"UI", b"1.2.840.10008.5.1.4.1.1.481.2\x00")
SYNTAX = _element(0x10, b"UI", b"1.2.840.10008.1.2.1\x00")
REST = b"\x08\x00\x60\x00CS\x06\x00RTDOSE"
PREAMBLE = bytes(128) + b"DICM"


@pytest.mark.parametrize(
    "data",
    [
        PREAMBLE + VERSION + CLASS + SYNTAX + REST,
        PREAMBLE + SYNTAX + REST,
        PREAMBLE + REST,
        REST,
        CLASS + SYNTAX + REST,
        PREAMBLE + CLASS + SYNTAX + SYNTAX + REST,
    ],
    ids=["usual", "syntax alone", "no meta", "neither", "no preamble", "twice"],
)
def test_plain_file_meta_are_read_as_pydicom_reads_them(data):
    start = 132 if data[128:132] == b"DICM" else 0
    found = dataset._plain_meta(data, start)
    assert found is not None
    assert found == dataset._odd_meta(data, start)


@pytest.mark.parametrize(
    "data",
    [
        PREAMBLE + SYNTAX,
        PREAMBLE + SYNTAX[:12],
        PREAMBLE + b"\x02\x00\x10\x00\x14\x00\x00\x001.2.840.10008.1.2.1\x00" + REST,
        PREAMBLE + _element(0x10, b"UI", b"1.2\\1.3 ") + REST,
        PREAMBLE + _element(0x10, b"UI", b"") + REST,
        PREAMBLE + b"\x02\x00\x01\x00OB\x00\x00\xff\xff\xff\xff" + REST,
    ],
    ids=["nothing after", "cut", "implicit", "two values", "empty", "undefined length"],
)
def test_anything_odd_is_left_to_pydicom(data):
    assert dataset._plain_meta(data, 132) is None


def test_odd_file_meta_are_read_all_the_same():
    odd = PREAMBLE + _element(0x10, b"UI", b"1.2.840.10008.1.2.1 ") + REST
    assert dataset.parse(odd, limits=ReadLimits()).transfer_syntax_uid == "1.2.840.10008.1.2.1"


def test_a_check_loads_neither_pydicom_nor_what_it_does_not_print_with(tmp_path):
    write("spine-sbrt-24-in-2", tmp_path)
    for image in tmp_path.rglob("CT*.dcm"):
        # CT numbers are left to pydicom.
        image.unlink()
    code = (
        "import sys\n"
        "from planchecker.cli import app\n"
        "try:\n"
        "    app(['check', sys.argv[1], '--format', 'json'], prog_name='planchecker')\n"
        "except SystemExit:\n"
        "    heavy = {'pydicom', 'rich', 'jinja2', 'matplotlib', 'dicompylercore'}\n"
        "    sys.exit(','.join(sorted(heavy & set(sys.modules))) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("{")
    assert (done.returncode, done.stderr.strip()) == (0, "")
