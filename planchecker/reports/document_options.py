"""How a check was asked for, as the JSON report states it."""

from dataclasses import dataclass

from planchecker.results import Asked

__all__ = ["OptionsEntry", "options_entry"]


@dataclass(frozen=True, kw_only=True, slots=True)
class OptionsEntry:
    """Options that can move a verdict; `prior` has one line for each earlier course."""

    indication: str
    second_opinion: bool
    summed: bool
    prior: list[str]


def options_entry(asked: Asked) -> OptionsEntry:
    """Lay the options out.

    Examples
    --------
    >>> options_entry(Asked(summed=True)).summed
    True
    """
    return OptionsEntry(
        indication=asked.indication,
        second_opinion=asked.second_opinion,
        summed=asked.summed,
        prior=list(asked.prior),
    )
