"""What names and labels say about indication and site; hints, never proof."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from constraints.model import Keyword, Protocol
from constraints.words import fold
from planchecker.case import Plan
from planchecker.naming import Match

__all__ = ["Hint", "find_hints"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hint:
    """A keyword of the protocol that was found, and the text it was found in."""

    keyword: Keyword
    text: str


def find_hints(plan: Plan, matches: Iterable[Match], protocol: Protocol) -> tuple[Hint, ...]:
    """Look for the protocol's keywords in plan labels, target names and structure names.

    Returns
    -------
    tuple of Hint
        In the order of the protocol; one per keyword, with the first text that holds it.

    Examples
    --------
    >>> from constraints.model import Keyword
    >>> from planchecker.schemes.hints import holds
    >>> femur = Keyword(words=("femur", "femor*"), places=("plan",), spine=False)
    >>> holds(femur, "PTV_femoral_L"), holds(femur, "PTV_T10")
    (True, False)
    """
    matches = tuple(matches)
    texts = {
        "plan": (plan.label, plan.name, plan.description),
        "target": tuple(m.roi_name for m in matches if m.category == "target"),
        "structure": tuple(m.roi_name for m in matches),
    }
    found = []
    for keyword in protocol.keywords:
        places = (text for place in keyword.places for text in texts[place])
        text = next((text for text in places if holds(keyword, text)), None)
        if text is not None:
            found.append(Hint(keyword=keyword, text=text))
    return tuple(found)


def holds(keyword: Keyword, text: str) -> bool:
    """Tell whether one of the words stands alone in the text.

    Case, accents and separators do not count.
    """
    folded = fold(text)
    return any(re.search(_pattern(word), folded) for word in keyword.words)


def _pattern(word: str) -> str:
    return rf"\b{re.escape(fold(word))}" + ("" if word.endswith("*") else r"\b")
