"""Which language is spoken while a report is rendered."""

import contextlib
import gettext as gettext_module
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Final

__all__ = [
    "LANGUAGES",
    "catalogue",
    "colon",
    "decimal",
    "gettext",
    "language",
    "names",
    "ngettext",
    "sentences",
    "speaking",
]

LANGUAGES: Final = ("en", "fr")
"""English is what the source says; every other one has a catalogue beside this module."""

_DECIMAL_COMMA: Final = ("fr",)
_SPACED_COLON: Final = ("fr",)
_DOMAIN: Final = "planchecker"
_SAID: Final = ("planchecker", "findings")
_language: ContextVar[str] = ContextVar("planchecker_language", default="en")
_names: ContextVar[frozenset[str]] = ContextVar("planchecker_names", default=frozenset())


@contextlib.contextmanager
def speaking(lang: str, *, naming: Iterable[str] = ()) -> Iterator[None]:
    """Speak a language inside the block, in this thread or task only.

    Parameters
    ----------
    naming
        Names of the export, which no language translates.

    Raises
    ------
    ValueError
        If there is no catalogue for it.

    Examples
    --------
    >>> with speaking("fr"):
    ...     print(gettext("Findings"), decimal("16.98"))
    Constats 16,98
    """
    if lang not in LANGUAGES:
        raise ValueError(f"unknown language {lang!r}; known are {', '.join(LANGUAGES)}")
    token, other = _language.set(lang), _names.set(frozenset(naming))
    try:
        yield
    finally:
        _language.reset(token)
        _names.reset(other)


def language() -> str:
    """Return the language that is spoken now."""
    return _language.get()


def names() -> frozenset[str]:
    """Return the names that stay as they are."""
    return _names.get()


def gettext(message: str) -> str:
    """Translate a message; what the catalogue lacks stays English."""
    return _catalogue(_language.get()).gettext(message) if message else ""


def ngettext(singular: str, plural: str, count: int) -> str:
    """Translate a message that depends on a number."""
    return _catalogue(_language.get()).ngettext(singular, plural, count)


def decimal(number: str) -> str:
    """Write the decimal separator of the language into a number."""
    return number.replace(".", ",") if _language.get() in _DECIMAL_COMMA else number


def colon() -> str:
    """Return a colon with the spaces the language puts round it."""
    return " : " if _language.get() in _SPACED_COLON else ": "


def catalogue(lang: str, domain: str = _DOMAIN) -> dict[str, str]:
    """Return the messages of a language with their translation; plural forms are left out."""
    table = getattr(_catalogue(lang, domain), "_catalog", {})
    return {key: value for key, value in table.items() if isinstance(key, str) and key}


@cache
def sentences(lang: str) -> dict[str, str]:
    """Return all that a finding may say, words and templates, with their translation."""
    return {key: value for domain in _SAID for key, value in catalogue(lang, domain).items()}


@cache
def _catalogue(lang: str, domain: str = _DOMAIN) -> gettext_module.NullTranslations:
    if lang == "en":
        return gettext_module.NullTranslations()
    with (files("planchecker.locale") / lang / f"{domain}.mo").open("rb") as stream:
        return gettext_module.GNUTranslations(stream)
