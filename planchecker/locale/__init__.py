"""Words and number formats of the languages a report is written in."""

from planchecker.locale.patterns import retold
from planchecker.locale.speech import LANGUAGES, decimal, gettext, language, ngettext, speaking

__all__ = ["LANGUAGES", "decimal", "gettext", "language", "ngettext", "retold", "speaking"]
