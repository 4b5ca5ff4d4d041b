"""The explanation of a check, read from its docstring and told in any language."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import cleandoc
from typing import Final

from planchecker.locale.speech import catalogue, gettext, language

__all__ = ["Part", "parts_of", "told_explanation"]

_HEADINGS: Final = ("What", "Why", "Passes", "Fires", "Not evaluated", "References")
_LEFT_OUT: Final = ("Parameters",)
_STATUS: Final = re.compile(r"`{1,2}(fail|not-evaluated|borderline|manual|warn|pass)`{1,2}")
_DOMAIN: Final = "explanations"
_WIDTH: Final = 92


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A heading with its paragraphs, each on one line; the first part has no heading."""

    heading: str
    paragraphs: tuple[str, ...]


def parts_of(docstring: str) -> tuple[Part, ...]:
    r"""Cut a docstring at its headings.

    Examples
    --------
    >>> [part.heading for part in parts_of("Ask it.\n\nWhy\n---\nBecause.")]
    ['', 'Why']
    """
    found: list[tuple[str, list[str]]] = [("", [""])]
    lines = cleandoc(docstring).splitlines()
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else ""
        ruled = bool(following.strip("-") == "" and following)
        if ruled or line in _HEADINGS:
            found.append((line, [""]))
        elif not line.strip():
            found[-1][1].append("")
        elif line.strip("-"):
            found[-1][1][-1] = f"{found[-1][1][-1]} {line.strip()}".strip()
    return tuple(
        Part(heading=heading, paragraphs=tuple(text for text in texts if text))
        for heading, texts in found
    )


def told_explanation(docstring: str) -> str:
    """Write an explanation in the language that is spoken; English as it stands in the source.

    Examples
    --------
    >>> from planchecker.locale import speaking
    >>> with speaking("fr"):
    ...     print(told_explanation("Never."))
    Jamais.
    """
    if language() == "en":
        return cleandoc(docstring)
    told = catalogue(language(), _DOMAIN)
    shown = (part for part in parts_of(docstring) if part.heading not in _LEFT_OUT)
    return "\n\n".join("\n".join(_lines(part, told)) for part in shown)


def _status(match: re.Match[str]) -> str:
    return f"«\N{NO-BREAK SPACE}{gettext(match[1])}\N{NO-BREAK SPACE}»"


def _lines(part: Part, told: dict[str, str]) -> Iterator[str]:
    if part.heading:
        heading = told.get(part.heading, part.heading)
        yield from (heading, "-" * len(heading))
    for index, text in enumerate(part.paragraphs):
        if index:
            yield ""
        # A break at a hyphen or before a colon would read badly.
        bound = re.sub(r" ([:;!?»%])", "\N{NO-BREAK SPACE}\\1", told.get(text, text))
        bound = _STATUS.sub(_status, bound).replace("« ", "«\N{NO-BREAK SPACE}")
        wrapped = textwrap.wrap(bound, _WIDTH, break_long_words=False, break_on_hyphens=False)
        yield from (line.replace("\N{NO-BREAK SPACE}", " ") for line in wrapped)
