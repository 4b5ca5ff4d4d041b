"""Short ways of writing findings."""

import re
import unicodedata
from typing import Any

from planchecker.checks.context import Context
from planchecker.results import Finding, NotApplicable, Status

__all__ = ["fractions_in_words", "moot", "say", "tokens", "words_in"]


def say(
    code: str, subject: str, status: Status, message: str, *, remedy: str = "", **numbers: Any
) -> Finding:
    """Return a finding; the remedy is left out of a pass.

    Parameters
    ----------
    numbers
        Other fields of `planchecker.results.Finding`, such as ``value`` and ``location_mm``.
    """
    return Finding(
        code=code,
        subject=subject,
        status=status,
        message=message,
        remedy="" if status is Status.PASS else remedy,
        **numbers,
    )


def moot(code: str, subject: str, reason: str) -> NotApplicable:
    """Return the line for a question that does not arise."""
    return NotApplicable(code=code, subject=subject, reason=reason)


def fractions_in_words(number: int | None) -> str:
    """Write a number of fractions.

    Examples
    --------
    >>> [fractions_in_words(number) for number in (1, 10, None)]
    ['1 fraction', '10 fractions', 'an unknown number of fractions']
    """
    if not number:
        return "an unknown number of fractions"
    return f"{number} fraction" if number == 1 else f"{number} fractions"


def tokens(text: str) -> tuple[str, ...]:
    """Cut a name into folded words of letters and digits.

    Examples
    --------
    >>> tokens("FEMUR_L 8/1")
    ('femur', 'l', '8', '1')
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return tuple(re.findall(r"[^\W_]+", letters))


def words_in(context: Context, kind: str, text: str) -> bool:
    """Tell whether a name holds one of the protocol's words of a kind, such as ``implants``.

    A word ending in ``*`` stands for any ending.
    """
    found = tokens(text)
    joined = " ".join(found)
    for word in context.protocol.words.get(kind, ()):
        if word.endswith("*"):
            if any(token.startswith(word[:-1]) for token in found):
                return True
        elif f" {word} " in f" {joined} ":
            return True
    return False
