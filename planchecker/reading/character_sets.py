"""Bytes to text: the common character sets here, the others by pydicom, which is slow to load."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

__all__ = ["PLAIN", "decode", "encodings_of"]

PLAIN: Mapping[str, str] = MappingProxyType(
    {"": "iso8859", "ISO_IR 6": "iso8859", "ISO_IR 100": "latin_1", "ISO_IR 192": "UTF8"}
)
"""Python names of character sets in which ASCII is ASCII, by their defined terms."""

_ENCODINGS = frozenset(PLAIN.values())
_ESCAPE = b"\x1b"


def encodings_of(terms: Sequence[str]) -> list[str]:
    """Return the Python names of character sets.

    Warns
    -----
    UserWarning
        If a term is unknown and another is taken for it.

    Examples
    --------
    >>> encodings_of(["ISO_IR 192"])
    ['UTF8']
    """
    if len(terms) == 1 and terms[0] in PLAIN:
        return [PLAIN[terms[0]]]
    from pydicom.charset import convert_encodings  # noqa: PLC0415

    return list(convert_encodings(list(terms)))


def decode(raw: bytes, encodings: Sequence[str], *, names: bool = False) -> str:
    """Decode text; `names` for those of persons, which have delimiters of their own.

    Examples
    --------
    >>> decode(b"Mayer^Anna", ["iso8859"])
    'Mayer^Anna'
    """
    if raw.isascii() and _ESCAPE not in raw and _ENCODINGS.issuperset(encodings):
        return raw.decode("ascii")
    from pydicom.charset import decode_bytes  # noqa: PLC0415
    from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS  # noqa: PLC0415

    return decode_bytes(raw, encodings, PN_DELIMS if names else TEXT_VR_DELIMS)
