"""The structure names the library speaks, and every clinic name that leads to one of them."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from constraints.errors import LibraryError
from constraints.resources import packaged
from constraints.words import Words, fold, joined, load_words, squeeze

__all__ = ["Alias", "StructureName", "Vocabulary", "load_vocabulary"]

_FILE = "structures.csv"
_COLUMNS = ["name", "category", "synonym", "language"]
_LANGUAGES = {"tg263", "en", "fr", "vendor"}
_NOT_IN_LIST = " (not-in-list)"
_PRV = re.compile(r"(?P<base>.+)_PRV(?:\d{2}|\d+\.\d+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class StructureName:
    """One name of the vocabulary.

    Parameters
    ----------
    name
        TG-263 primary name, or a name of the same pattern where the list has none.
    category
        ``"neural"``, ``"bone"``, ``"target"``, ``"technical"``, ``"abdomen"``, ...
    in_tg263
        False for the few names that the published list does not hold.
    """

    name: str
    category: str
    in_tg263: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Alias:
    """One spelling that stands for a name: `language` is tg263, en, fr or vendor."""

    name: str
    synonym: str
    language: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Vocabulary:
    """Names and aliases with lookups that forgive case, accents and separators, nothing else."""

    names: Mapping[str, StructureName]
    aliases: tuple[Alias, ...]
    words: Words
    _folded: dict[str, Alias] = field(init=False, repr=False)
    _squeezed: dict[str, Alias] = field(init=False, repr=False)
    _stems: dict[tuple[str, str], Alias] = field(init=False, repr=False)
    _stems_fr: dict[tuple[str, str], Alias] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # The primary name comes first so that it wins over a synonym of the same spelling.
        ordered = sorted(self.aliases, key=lambda alias: alias.language != "tg263")
        folded: dict[str, Alias] = {}
        squeezed: dict[str, Alias] = {}
        stems: dict[tuple[str, str], Alias] = {}
        stems_fr: dict[tuple[str, str], Alias] = {}
        # The sides that an alias of each language knows.
        french = {**self.words.sides, **self.words.sides_fr}
        for alias in ordered:
            plain = fold(alias.synonym)
            for index, key in ((folded, plain), (squeezed, joined(plain))):
                known = index.setdefault(key, alias)
                if key and known.name != alias.name:
                    raise LibraryError(
                        f"{_FILE}: {alias.synonym!r} stands for {alias.name} and, as "
                        f"{known.synonym!r}, for {known.name}; a spelling must have one meaning"
                    )
            stem = _stem(alias, plain, french if alias.language == "fr" else self.words.sides)
            if stem is not None:
                stems.setdefault(stem, alias)
                if alias.language == "fr":
                    stems_fr.setdefault(stem, alias)
        object.__setattr__(self, "_folded", folded)
        object.__setattr__(self, "_squeezed", squeezed)
        object.__setattr__(self, "_stems", stems)
        object.__setattr__(self, "_stems_fr", stems_fr)

    def __contains__(self, name: object) -> bool:
        """Whether `name` is exactly a name of the vocabulary, or the PRV of one.

        ``SpinalCord_PRV02`` names a margin of 2 mm, ``SpinalCord_PRV`` any margin.
        """
        if not isinstance(name, str):
            return False
        prv = _PRV.fullmatch(name)
        return name in self.names or (prv is not None and prv["base"] in self.names)

    @property
    def spellings(self) -> Mapping[str, str]:
        """Every spelling without separators, with the name it stands for: for suggestions."""
        return {text: alias.name for text, alias in self._squeezed.items() if text}

    def category(self, name: str) -> str:
        """Return the category of a name; a PRV has the one of its organ, an unknown name none.

        Examples
        --------
        >>> load_vocabulary().category("SpinalCord_PRV07")
        'neural'
        """
        prv = _PRV.fullmatch(name)
        entry = self.names.get(name) or (self.names.get(prv["base"]) if prv else None)
        return entry.category if entry else ""

    def find(self, text: str) -> Alias | None:
        """Look a whole name up, forgiving case, accents and separators.

        Examples
        --------
        >>> load_vocabulary().find("MOELLE-EPINIERE").name
        'SpinalCord'
        >>> load_vocabulary().find("moelle osseuse").name
        'BoneMarrow'
        >>> load_vocabulary().find("T1-2") is None
        True
        """
        found = self._folded.get(fold(text))
        if found is not None:
            return found
        joined = squeeze(text)
        # Letters pushed together to a short code would be a guess.
        return self._squeezed.get(joined) if len(joined) > self.words.short_longest else None

    def find_lateral(self, text: str) -> Alias | None:
        """Look up an organ with a word for its side before or after it.

        English and full words serve any organ name; the French d and g (droit, gauche) only a
        French one, so that ``Kidney_D`` stays unread.

        Examples
        --------
        >>> load_vocabulary().find_lateral("Dt rein").name
        'Kidney_R'
        >>> load_vocabulary().find_lateral("Kidney_D") is None
        True
        """
        words = fold(text).split()
        if len(words) < 2:
            return None
        for word, rest in ((words[-1], words[:-1]), (words[0], words[1:])):
            stem = " ".join(rest)
            if word in self.words.sides:
                found = self._stems.get((stem, self.words.sides[word]))
            elif word in self.words.sides_fr:
                found = self._stems_fr.get((stem, self.words.sides_fr[word]))
            else:
                found = None
            if found is not None:
                return found
        return None

    def refusal(self, text: str) -> str:
        """Return between which organs `text` leaves open, or empty.

        Examples
        --------
        >>> load_vocabulary().refusal("Plexus")
        'brachial, lumbar or sacral plexus'
        """
        return self.words.refused.get(fold(text), "")


def _stem(alias: Alias, plain: str, sides: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the organ words and the side of an alias of a one-sided organ, from its folding."""
    if not alias.name.endswith(("_L", "_R")):
        return None
    parts = plain.split()
    for word, rest in ((parts[-1], parts[:-1]), (parts[0], parts[1:])):
        if rest and sides.get(word) == alias.name[-1]:
            return " ".join(rest), alias.name[-1]
    return None


@lru_cache(maxsize=1)
def load_vocabulary() -> Vocabulary:
    """Return the packaged vocabulary.

    Raises
    ------
    LibraryError
        If the packaged file is damaged, or a spelling stands for two structures.

    Examples
    --------
    >>> "ThecalSac" in load_vocabulary()
    True
    """
    text = packaged(_FILE).read_text(encoding="utf-8")
    categories: dict[str, str] = {}
    aliases = []
    for name, category, synonym, language in _rows(text):
        categories[name] = category
        aliases.append(Alias(name=name, synonym=synonym, language=language))
    names = {
        name: StructureName(
            name=name,
            category=category.removesuffix(_NOT_IN_LIST),
            in_tg263=not category.endswith(_NOT_IN_LIST),
        )
        for name, category in categories.items()
    }
    return Vocabulary(names=names, aliases=tuple(aliases), words=load_words())


def _rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of each row, in the order of the columns."""
    reader = csv.reader(io.StringIO(text, newline=""))
    columns = next(reader, [])
    if columns != _COLUMNS:
        raise LibraryError(f"{_FILE}: columns are {columns!r}, must be {_COLUMNS!r}")
    for cells in reader:
        if not cells:
            continue
        whole = len(cells) == len(_COLUMNS) and cells[0] and cells[2]
        if not whole or cells[3] not in _LANGUAGES:
            row = dict(zip(_COLUMNS, cells, strict=False))
            raise LibraryError(
                f"{_FILE}, line {reader.line_num}: {row!r} needs a name, a synonym and one of "
                f"the languages {sorted(_LANGUAGES)}"
            )
        yield cells
