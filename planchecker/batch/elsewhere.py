"""Other plans of the patient that a case was not checked together with."""

from collections.abc import Iterator, Sequence

__all__ = ["elsewhere_note"]


def elsewhere_note(labels: Sequence[str], *, anonymise: bool = False) -> Iterator[str]:
    """Yield the note that tells of them; none where there are none.

    Examples
    --------
    >>> next(elsewhere_note(["T8 2024"]))[:49]
    'Plans of this patient elsewhere in the tree (1): '
    """
    if labels:
        shown = "withheld" if anonymise else ", ".join(map(repr, labels))
        yield (
            f"Plans of this patient elsewhere in the tree ({len(labels)}): {shown}. They share no "
            "frame of reference with this one and were not looked at; give an earlier course "
            "with check --prior."
        )
