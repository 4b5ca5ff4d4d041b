"""Transfer syntaxes that are told apart, by UID (PS3.5 10)."""

__all__ = [
    "DEFLATED",
    "EXPLICIT_BIG",
    "EXPLICIT_LITTLE",
    "IMPLICIT_LITTLE",
    "RUN_LENGTH",
    "name_of",
]

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
RUN_LENGTH = "1.2.840.10008.1.2.5"


def name_of(uid: str) -> str:
    """Return the name of a UID as PS3.6 gives it; the UID itself where it has none.

    Examples
    --------
    >>> name_of("1.2.840.10008.1.2.5")
    'RLE Lossless'
    """
    from pydicom.uid import UID  # noqa: PLC0415 - slow to load

    return UID(uid).name
