"""Reading a structure name as words: folding, laterality, margins, marks of a helper.

The words themselves are data, in ``structure_words.toml``.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from constraints.resources import packaged, parse_toml

__all__ = ["Margin", "Words", "fold", "joined", "load_words", "pieces", "squeeze"]

_LIGATURES = str.maketrans({"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss"})
_NOT_WORD = re.compile(r"[^0-9a-z]+")
_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+(?:[.,]\d+)?|[+]")
_DIGITS_MEET = re.compile(r"\d \d")


def _plain(text: str) -> str:
    """Return `text` without accents and ligatures, case kept."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def fold(text: str) -> str:
    """Return `text` in lower case, without accents, each run of separators one space.

    Examples
    --------
    >>> fold("Moelle_Épinière")
    'moelle epiniere'
    >>> fold("Œsophage")
    'oesophage'
    """
    return _NOT_WORD.sub(" ", _plain(text).lower()).strip()


def squeeze(text: str) -> str:
    """Return the folded `text` without separators, or empty where that would join two numbers.

    Two vertebrae written ``T1-2`` must not become ``t12``.

    Examples
    --------
    >>> squeeze("Spinal_Cord")
    'spinalcord'
    >>> squeeze("T1-2")
    ''
    """
    return joined(fold(text))


def joined(folded: str) -> str:
    """Return what `squeeze` does of text that is folded already."""
    if " " not in folded:
        return folded
    return "" if _DIGITS_MEET.search(folded) else folded.replace(" ", "")


def pieces(text: str) -> tuple[str, ...]:
    """Split a name at separators, at changes of case and around numbers; ``+`` stays.

    Examples
    --------
    >>> pieces("optBladder")
    ('opt', 'bladder')
    >>> pieces("Moelle+2mm")
    ('moelle', '+', '2', 'mm')
    >>> pieces("SpinalCord_PRV05")
    ('spinal', 'cord', 'prv', '05')
    """
    return tuple(piece.lower() for piece in _PIECE.findall(_plain(text)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Margin:
    """A structure name taken apart into an organ and the margin round it.

    Parameters
    ----------
    base
        The words that name the organ, folded.
    mm
        The margin; None where the name states none.
    """

    base: str
    mm: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The words of ``structure_words.toml``; lower case, without accents."""

    refused: Mapping[str, str]
    short_longest: int
    short_types: frozenset[str]
    sides: Mapping[str, str]
    """Word to ``"L"`` or ``"R"``, in any language."""
    sides_fr: Mapping[str, str]
    """Word to side, only beside a French organ name."""
    derived_words: frozenset[str]
    derived_prefixes: tuple[str, ...]
    derived_marks: tuple[str, ...]
    prv_words: frozenset[str]
    units_mm: Mapping[str, float]
    largest_margin_mm: float
    target_kinds: tuple[str, ...]
    target_types: frozenset[str]
    bone_categories: frozenset[str]
    external_names: frozenset[str]
    external_types: frozenset[str]
    support_names: frozenset[str]
    support_types: frozenset[str]
    other_names: frozenset[str]
    organ_types: frozenset[str]

    def derived(self, name: str) -> str:
        """Return what marks `name` as a helper made from a structure, or empty.

        Examples
        --------
        >>> load_words().derived("z_ring")
        "the prefix 'z'"
        >>> load_words().derived("Moelle opt")
        "the word 'opt'"
        >>> load_words().derived("Moelle")
        ''
        """
        plain = _plain(name).strip().lower()
        for prefix in self.derived_prefixes:
            if plain.startswith(prefix):
                return f"the prefix {prefix!r}"
        for mark in self.derived_marks:
            if mark in plain:
                return f"the mark {mark!r}"
        for word in (*pieces(name), *fold(name).split()):
            if word in self.derived_words:
                return f"the word {word!r}"
        return ""

    def has_margin(self, name: str) -> bool:
        """Return whether `name` speaks of a planning risk volume or of an added margin.

        Examples
        --------
        >>> load_words().has_margin("Moelle + 2 mm"), load_words().has_margin("SCPRV")
        (True, True)
        >>> load_words().has_margin("Rein D+G")
        False
        """
        words = self._margin_pieces(name)
        added = any(a == "+" and b[0].isdigit() for a, b in pairwise(words))
        return added or any(word in self.prv_words for word in words)

    def margin(self, name: str) -> Margin | None:
        """Take a name with a margin apart; None where it cannot be read one way only.

        A number without a unit is a margin in mm beside the word PRV, as TG-263 writes it;
        after a plain ``+`` it could be a dose as well, so it is not read.

        Examples
        --------
        >>> load_words().margin("moelle PRV 3mm")
        Margin(base='moelle', mm=3.0)
        >>> load_words().margin("cord+0.5cm")
        Margin(base='cord', mm=5.0)
        >>> load_words().margin("sc+35") is None
        True
        """
        words = self._margin_pieces(name)
        numbers = [i for i, word in enumerate(words) if word[0].isdigit()]
        prv = any(word in self.prv_words for word in words)
        if len(numbers) > 1 or (not numbers and not prv):
            return None
        mm, unit_at = None, -1
        if numbers:
            at = numbers[0]
            unit = words[at + 1] if at + 1 < len(words) else ""
            unit_at = at + 1 if unit in self.units_mm else -1
            if unit_at < 0 and not prv:
                return None
            mm = float(words[at].replace(",", ".")) * self.units_mm.get(unit, 1)
            if not 0 < mm <= self.largest_margin_mm:
                return None
        base = " ".join(
            word
            for i, word in enumerate(words)
            if i not in numbers and i != unit_at and word != "+" and word not in self.prv_words
        )
        return Margin(base=base, mm=mm)

    def _margin_pieces(self, name: str) -> tuple[str, ...]:
        """Split as `pieces`, with a PRV word cut from what it is glued to."""
        for word in self.prv_words:
            name = re.sub(re.escape(word), f" {word} ", name, flags=re.IGNORECASE)
        return pieces(name)


@lru_cache(maxsize=1)
def load_words() -> Words:
    """Return the packaged words.

    Examples
    --------
    >>> load_words().sides_fr["d"]
    'R'
    """
    file = "structure_words.toml"
    data = parse_toml(packaged(file).read_text(encoding="utf-8"), file=file)
    side = data["laterality"]
    return Words(
        refused=data["refused"],
        short_longest=data["short"]["longest"],
        short_types=frozenset(data["short"]["types"]),
        sides=dict.fromkeys(side["left"], "L") | dict.fromkeys(side["right"], "R"),
        sides_fr=dict.fromkeys(side["left_fr"], "L") | dict.fromkeys(side["right_fr"], "R"),
        derived_words=frozenset(data["derived"]["words"]),
        derived_prefixes=tuple(data["derived"]["prefixes"]),
        derived_marks=tuple(data["derived"]["marks"]),
        prv_words=frozenset(data["prv"]["words"]),
        units_mm=data["prv"]["units_mm"],
        largest_margin_mm=data["prv"]["largest_mm"],
        target_kinds=tuple(data["targets"]["kinds"]),
        target_types=frozenset(data["targets"]["types"]),
        bone_categories=frozenset(data["targets"]["bone_categories"]),
        external_names=frozenset(data["external"]["names"]),
        external_types=frozenset(data["external"]["types"]),
        support_names=frozenset(data["support"]["names"]),
        support_types=frozenset(data["support"]["types"]),
        other_names=frozenset(data["other"]["names"]),
        organ_types=frozenset(data["organ"]["types"]),
    )
