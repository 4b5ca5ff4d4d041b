"""Which language is spoken while a report is rendered."""

import contextlib
import gettext as gettext_module
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Final

__all__ = ["LANGUAGES", "catalogue", "decimal", "gettext", "language", "ngettext", "speaking"]

LANGUAGES: Final = ("en", "fr")
"""English is what the source says; every other one has a catalogue beside this module."""

_DECIMAL_COMMA: Final = ("fr",)
_language: ContextVar[str] = ContextVar("planchecker_language", default="en")


@contextlib.contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Speak a language inside the block, in this thread or task only.

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
    token = _language.set(lang)
    try:
        yield
    finally:
        _language.reset(token)


def language() -> str:
    """Return the language that is spoken now."""
    return _language.get()


def gettext(message: str) -> str:
    """Translate a message; what the catalogue lacks stays English."""
    return _catalogue(_language.get()).gettext(message) if message else ""


def ngettext(singular: str, plural: str, count: int) -> str:
    """Translate a message that depends on a number."""
    return _catalogue(_language.get()).ngettext(singular, plural, count)


def decimal(number: str) -> str:
    """Write the decimal separator of the language into a number."""
    return number.replace(".", ",") if _language.get() in _DECIMAL_COMMA else number


def catalogue(lang: str) -> dict[str, str]:
    """Return the messages of a language with their translation; plural forms are left out."""
    table = getattr(_catalogue(lang), "_catalog", {})
    return {key: value for key, value in table.items() if isinstance(key, str) and key}


@cache
def _catalogue(lang: str) -> gettext_module.NullTranslations:
    if lang == "en":
        return gettext_module.NullTranslations()
    with (files("planchecker.locale") / lang / "planchecker.mo").open("rb") as stream:
        return gettext_module.GNUTranslations(stream)
