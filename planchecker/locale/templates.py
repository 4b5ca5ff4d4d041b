"""Templates of sentences, ``{0} lies outside {1}.``, matched without backtracking."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Template", "Templates", "words_of"]

_PLACE: Final = re.compile(r"\{(\d)\}")
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_HEADLESS: Final = (",", ";", ":", ".", "(", "and ", "or ")
_TAILLESS: Final = (",", ";", ":")


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """A message with places, and its translation.

    Parameters
    ----------
    pieces
        What the message says before, between and behind its places.
    told
        The translation: words, and places by number.
    """

    pieces: tuple[str, ...]
    told: tuple[str | int, ...]

    @classmethod
    def of(cls, message: str, translation: str) -> "Template":
        """Cut a message and its translation at their places.

        Examples
        --------
        >>> Template.of("{0} lies outside {1}.", "{0} est hors de {1}.").pieces
        ('', ' lies outside ', '.')
        """
        pieces = _PLACE.split(message)[::2]
        told = _PLACE.split(translation)
        parts = [int(part) if i % 2 else part for i, part in enumerate(told)]
        return cls(pieces=tuple(pieces), told=tuple(part for part in parts if part != ""))

    @property
    def letters(self) -> int:
        """How much the message says itself, and so does not leave to chance."""
        return sum(len(word) for piece in self.pieces for word in _WORD.findall(piece))

    def fits(self, sentence: str) -> Iterator[list[str]]:
        """Yield what may stand at the places: cut early, near the longest piece, and late.

        Examples
        --------
        >>> template = Template.of("{0}: {1}", "{0} : {1}")
        >>> list(template.fits("a: b: c"))
        [['a', 'b: c'], ['a: b', 'c']]
        """
        first, last = self.pieces[0], self.pieces[-1]
        if not (sentence.startswith(first) and sentence.endswith(last)):
            return
        inner = sentence[len(first) : len(sentence) - len(last)]
        if len(sentence) < len(first) + len(last):
            return
        between = self.pieces[1:-1]
        if (early := _cut(inner, between)) is None:
            return
        told = [early]
        for found in (_cut_outwards(inner, between), _cut_late(inner, between)):
            if found is not None and found not in told:
                told.append(found)
        yield from told


class Templates:
    """Many templates, found by a word they hold, the most telling first."""

    def __init__(self, translations: Mapping[str, str]) -> None:
        cut = [Template.of(*_completed(*pair)) for pair in translations.items()]
        ranked = sorted(cut, key=lambda one: (-one.letters, one.pieces))
        usual = Counter(word for one in ranked for word in _own_words(one))
        self._ranked = tuple(ranked)
        self._by_word: dict[str, list[int]] = {}
        for place, template in enumerate(ranked):
            word = min(_own_words(template), key=lambda word: (usual[word], word), default="")
            self._by_word.setdefault(word, []).append(place)

    def fitting(self, sentence: str) -> Iterator[tuple[Template, list[str]]]:
        """Yield every template that fits a sentence, with what stands at its places."""
        words = {"", *_WORD.findall(sentence)}
        places = sorted(place for word in words for place in self._by_word.get(word, ()))
        for place in places:
            template = self._ranked[place]
            for named in template.fits(sentence):
                yield template, named


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """Return the words of some texts, in small letters."""
    return frozenset(word.lower() for text in texts for word in _WORD.findall(text))


def _cut(text: str, between: Sequence[str]) -> list[str] | None:
    found, start = [], 0
    for piece in between:
        at = text.find(piece, start)
        if at < 0:
            return None
        found.append(text[start:at])
        start = at + len(piece)
    return [*found, text[start:]]


def _cut_late(text: str, between: Sequence[str]) -> list[str] | None:
    found = _cut(text[::-1], [piece[::-1] for piece in reversed(between)])
    return None if found is None else [part[::-1] for part in reversed(found)]


def _cut_outwards(text: str, between: Sequence[str]) -> list[str] | None:
    if not any(between):
        return None
    middle = max(range(len(between)), key=lambda index: len(between[index]))
    before, anchor, after = text.partition(between[middle])
    left = _cut_late(before, between[:middle])
    right = _cut(after, between[middle + 1 :])
    return None if not anchor or left is None or right is None else [*left, *right]


def _completed(message: str, translation: str) -> tuple[str, str]:
    """Give a fragment that only ever stands behind or before other words a place for them."""
    if message.startswith(_HEADLESS):
        place = len(_PLACE.findall(message))
        gap = " " if message[0] in "(ao" else ""
        wide = " " if translation[0] in ";:" else gap
        message, translation = f"{{{place}}}{gap}{message}", f"{{{place}}}{wide}{translation}"
    if message.endswith(_TAILLESS):
        place = len(_PLACE.findall(message))
        message, translation = f"{message} {{{place}}}", f"{translation} {{{place}}}"
    return _in_order(message, translation)


def _in_order(message: str, translation: str) -> tuple[str, str]:
    """Renumber the places in the order in which they stand in the message."""
    order = {old: str(new) for new, old in enumerate(_PLACE.findall(message))}

    def renumbered(text: str) -> str:
        return _PLACE.sub(lambda match: f"{{{order.get(match[1], match[1])}}}", text)

    return renumbered(message), renumbered(translation)


def _own_words(template: Template) -> list[str]:
    """Return words that no place touches, so that they stand in the sentence as they are."""
    last = len(template.pieces) - 1
    found = []
    for index, piece in enumerate(template.pieces):
        for match in _WORD.finditer(piece):
            touched = (index > 0 and match.start() == 0) or (
                index < last and match.end() == len(piece)
            )
            if not touched:
                found.append(match[0])
    return found
