"""Translation of sentences that name something: ``Lower the dose to {0}, ...``."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final

from planchecker.locale.speech import decimal, language, names, sentences
from planchecker.locale.templates import Templates, words_of

__all__ = ["retold", "told_whole"]

_LONGEST: Final = 4000
_MOST_STEPS: Final = 1500
_DEEPEST: Final = 12
# Where a sentence may be cut when no template covers it, and what stands there then.
_JOINTS: Final = {
    "fr": {
        ". ": ". ", "; ": " ; ", " - ": " - ", ": ": " : ", ", ": ", ", " / ": " / ",
        " and ": " et ", " or ": " ou ", " (": " (", " ": " ",
    }
}  # fmt: skip
_TRIMS: Final = (("(", ")"), ("", "."), ("", ","), ("", ")"), ("'", "'"), ("", ";"))
_QUOTED: Final = re.compile(r"(?<!\w)'[^'\n]*'(?!\w)")
_DECIMAL: Final = re.compile(r"(?<![\w.,/])-?\d+\.\d+(?![\w/]|\.\d)")
_TOKEN: Final = re.compile(r"[^\W\d_]+(?:'s)?")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)*")
_FIRST_MARK = 0xE000
_MOST_MARKS = 6000
# What hides a name; a sentence that holds one of its own is left alone.
_MARKS: Final = re.compile("[\ue000-\uf8ff]")


def retold(sentence: str) -> str:
    """Translate a sentence, by the templates of the catalogue where it names something.

    What they do not cover stays as it is; `told_whole` tells which.

    Examples
    --------
    >>> from planchecker.locale import speaking
    >>> with speaking("fr"):
    ...     retold("Lower the dose to Moelle, or let a physician decide.")
    'Baisser la dose à Moelle, ou laisser un médecin décider.'
    """
    return _told(language(), sentence, names())[0]


def told_whole(sentence: str) -> tuple[str, bool]:
    """Translate a sentence, and tell whether nothing of it was left in English.

    Examples
    --------
    >>> from planchecker.locale import speaking
    >>> with speaking("fr"):
    ...     told_whole("Nobody knows this sentence.")
    ('Nobody knows this sentence.', False)
    """
    told, left = _told(language(), sentence, names())
    return told, not left


@lru_cache(maxsize=4096)
def _told(lang: str, sentence: str, known: frozenset[str]) -> tuple[str, int]:
    if lang == "en" or not sentence:
        return sentence, 0
    if len(sentence) > _LONGEST or _MARKS.search(sentence):
        return sentence, 1
    best = (sentence, len(sentence))
    known = known.difference(sentences(lang))
    for marks in _veils(sentence, known):
        veiled, hidden = marks
        teller = _Teller(lang, known)
        told, left = teller.tell(veiled)
        if left < best[1]:
            best = (_unveiled(told, hidden), left)
        if not left:
            break
    # Half in one language and half in another helps nobody, and no number may get lost.
    if best[1] or _numbers(best[0]) != _numbers(sentence):
        return sentence, max(best[1], 1)
    return best


def _numbers(text: str) -> list[str]:
    return sorted(_NUMBER.findall(text.replace(",", ".")))


def _veils(sentence: str, known: frozenset[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the sentence with names of the export hidden behind one character each."""
    last = ""
    for with_quotes, with_names in ((True, True), (False, True), (True, False), (False, False)):
        hidden: list[str] = []

        def hide(match: re.Match[str], hidden: list[str] = hidden) -> str:
            if len(hidden) >= _MOST_MARKS or not match[0]:
                return match[0]
            hidden.append(match[0])
            return chr(_FIRST_MARK + len(hidden) - 1)

        veiled = sentence
        if with_names and known:
            veiled = _names_pattern(known).sub(hide, veiled)
        if with_quotes:
            veiled = _QUOTED.sub(hide, veiled)
        if veiled != last:
            yield veiled, hidden
        last = veiled


def _unveiled(text: str, hidden: list[str]) -> str:
    # Innermost last: a quotation may hold a name that was hidden before it.
    for index in reversed(range(len(hidden))):
        text = text.replace(chr(_FIRST_MARK + index), hidden[index])
    return text


@lru_cache(maxsize=64)
def _names_pattern(known: frozenset[str]) -> re.Pattern[str]:
    longest = sorted((name for name in known if name), key=lambda name: (-len(name), name))
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest)) + r")(?!\w)")


class _Teller:
    """Looks for the reading of one sentence that leaves least of it in English."""

    def __init__(self, lang: str, known: frozenset[str]) -> None:
        self._whole = sentences(lang)
        self._templates = _templates(lang)
        self._english = _english(lang)
        self._joints = _JOINTS[lang]
        self._known = known
        self._memo: dict[tuple[str, bool], tuple[str, int]] = {}
        self._steps = 0

    def tell(self, text: str, depth: int = 0, *, word: bool = False) -> tuple[str, int]:
        """Return the translation and how many English words are left in it.

        Parameters
        ----------
        word
            Whether the text was cut out of a sentence, so that a capital makes no name of it.
        """
        bare = text.strip()
        if not bare:
            return text, 0
        before, after = text[: text.index(bare)], text[text.index(bare) + len(bare) :]
        key = (bare, word)
        if key not in self._memo:
            self._memo[key] = self._leaf(bare, word=word)
            self._memo[key] = self._best(bare, depth, word=word)
        told, left = self._memo[key]
        return before + told + after, left

    def _best(self, bare: str, depth: int, *, word: bool) -> tuple[str, int]:
        if bare in self._whole:
            return self._whole[bare], 0
        self._steps += 1
        best = self._leaf(bare, word=word)
        if depth > _DEEPEST or not best[1]:
            return best
        for reading in self._readings(bare, depth + 1):
            if reading[1] < best[1]:
                best = reading
            if not best[1] or self._steps > _MOST_STEPS:
                break
        return best

    def _readings(self, bare: str, depth: int) -> Iterator[tuple[str, int]]:
        yield from self._parted(bare, ". ", depth)
        for template, named in self._templates.fitting(bare):
            parts = [self.tell(part, depth) for part in named]
            told = "".join(
                parts[part][0] if isinstance(part, int) else part for part in template.told
            )
            yield told, sum(left for _, left in parts)
        turned = _turned(bare)
        if turned != bare:
            told, left = self.tell(turned, depth)
            yield told[:1].upper() + told[1:], left
        for opening, closing in _TRIMS:
            if bare.startswith(opening) and bare.endswith(closing):
                inner = bare[len(opening) : len(bare) - len(closing)]
                if inner and inner != bare:
                    told, left = self.tell(inner, depth)
                    yield opening + told + closing, left
        for joint in self._joints:
            yield from self._parted(bare, joint, depth)

    def _parted(self, bare: str, joint: str, depth: int) -> Iterator[tuple[str, int]]:
        for at in dict.fromkeys((bare.find(joint), bare.rfind(joint))):
            if at > 0:
                # The full stop stays with what it ends.
                one = self.tell(
                    bare[:at] + joint.rstrip() * (joint == ". "), depth, word=joint == " "
                )
                other = self.tell(bare[at + len(joint) :], depth, word=joint == " ")
                there = self._joints[joint].removeprefix("." * (joint == ". "))
                yield one[0] + there + other[0], one[1] + other[1]

    def _leaf(self, bare: str, *, word: bool) -> tuple[str, int]:
        if bare in self._known:
            return bare, 0
        words = [token.strip(".,;:'\"") for token in re.split(r"[\s()]+", bare)]
        # A single word with a capital is a name, such as Cord.
        if len(words) == 1 and words[0][:1].isupper() and not word:
            return bare, 0
        left = sum(one.lower() in self._english for one in words if _TOKEN.fullmatch(one))
        return _DECIMAL.sub(lambda match: decimal(match[0]), bare), left


def _turned(text: str) -> str:
    """Turn the capital that begins a sentence into a small letter."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


@cache
def _templates(lang: str) -> Templates:
    return Templates({k: v for k, v in sentences(lang).items() if "{0}" in k})


@cache
def _english(lang: str) -> frozenset[str]:
    """Return the words of the messages that mean nothing in the other language."""
    told = sentences(lang)
    return words_of(told) - _SHARED


# Spelt alike in French, or names of the trade.
_SHARED: Final = frozenset(
    {
        "dose", "plan", "image", "images", "table", "tables", "contour", "contours", "structure",
        "structures", "fraction", "fractions", "point", "points", "type", "position", "positions",
        "volume", "volumes", "distance", "rotation", "rotations", "orientation", "prescription",
        "gy", "mm", "cm", "cc", "mu", "mv", "mev", "ptv", "ctv", "gtv", "itv", "prv", "ct", "mr",
        "roi", "dvh", "bed", "fs", "gating", "dicom", "tg", "hu", "sbrt", "modulation", "arc",
        "dmax", "dmin", "dmean", "machine", "machines", "collimation", "isocentre", "sternum",
        "sacrum", "canal", "vertical",
    }
)  # fmt: skip
