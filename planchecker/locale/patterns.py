"""Translation of sentences that name something: ``Lower the dose to {0}, ...``."""

import re
from functools import cache

from planchecker.locale.speech import catalogue, gettext, language

__all__ = ["retold"]

_PLACE = re.compile(r"\\\{(\d)\\\}")
_LONGEST = 2000


def retold(sentence: str) -> str:
    """Translate a sentence word for word, or by a pattern of the catalogue with what it names.

    What neither covers stays as it is.

    Examples
    --------
    >>> from planchecker.locale import speaking
    >>> with speaking("fr"):
    ...     retold("Lower the dose to Moelle, or let a physician decide.")
    'Baisser la dose à Moelle, ou laisser un médecin décider.'
    """
    whole = gettext(sentence)
    if whole != sentence or len(sentence) > _LONGEST:
        return whole
    for pattern, translation in _patterns(language()):
        if match := pattern.fullmatch(sentence):
            # What is named may itself be a sentence: the remedy behind the remedy.
            named = [retold(group) if group.endswith(".") else group for group in match.groups()]
            return _filled(translation, named)
    return sentence


def _filled(translation: str, named: list[str]) -> str:
    parts = re.split(r"\{(\d)\}", translation)
    return "".join(named[int(p)] if i % 2 else p for i, p in enumerate(parts))


@cache
def _patterns(lang: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    found = {k: v for k, v in catalogue(lang).items() if "{0}" in k}
    # The more a pattern says itself, the less it leaves to chance.
    ordered = sorted(found, key=lambda message: (-len(message), message))
    return tuple((re.compile(_PLACE.sub("(.+)", re.escape(m))), found[m]) for m in ordered)
