"""Words and number formats of the languages a report is written in."""

from planchecker.locale.patterns import retold, told_whole
from planchecker.locale.speech import (
    LANGUAGES,
    colon,
    decimal,
    gettext,
    language,
    ngettext,
    speaking,
)

__all__ = [
    "LANGUAGES",
    "colon",
    "decimal",
    "gettext",
    "language",
    "ngettext",
    "retold",
    "speaking",
    "told_whole",
]
