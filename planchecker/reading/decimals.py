"""Decimal strings (DS, IS) to numbers, straight from the bytes of the file."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite

import numpy as np
from numpy.typing import NDArray

__all__ = ["parse_decimals", "parse_numbers", "strict_parsing"]

_UNREADABLE = "string or file could not be read"
# Fences off "nan", "inf", hexadecimals and underscores, which Python and numpy would accept.
_ALLOWED = b"0123456789+-.eE\\ "


def parse_decimals(raw: bytes) -> NDArray[np.float64]:
    r"""Parse a backslash-separated list of decimal strings.

    Parameters
    ----------
    raw
        Value of a DS or IS element as stored, trailing padding included.

    Returns
    -------
    ndarray of shape (N,)
        Empty where the value is empty.

    Raises
    ------
    ValueError
        If anything but finite decimal numbers stands in the value. No number is guessed: a
        comma for a point or an empty item makes the whole value malformed.

    Examples
    --------
    >>> parse_decimals(b"1.5\\-2 ")
    array([ 1.5, -2. ])
    >>> parse_decimals(b"1,5")
    Traceback (most recent call last):
    ...
    ValueError: '1,5' is not a list of decimal numbers
    """
    text = _allowed(raw)
    if not text:
        return np.empty(0)
    try:
        # Ten times as fast as pydicom's conversion; stops at the first thing it cannot read.
        values = np.fromstring(text, sep="\\")
    except (ValueError, DeprecationWarning):
        values = np.empty(0)
    if values.size != text.count(b"\\") + 1:
        values = np.array(_each(text, raw))
    if not np.isfinite(values).all():
        raise _malformed(raw)
    return values


def parse_numbers(raw: bytes) -> tuple[float, ...]:
    r"""Parse as `parse_decimals` does, without an array: faster for one number or some hundred.

    Raises
    ------
    ValueError
        As `parse_decimals`.

    Examples
    --------
    >>> parse_numbers(b"1.5\\-2 ")
    (1.5, -2.0)
    """
    text = _allowed(raw)
    values = _each(text, raw) if text else ()
    if not all(map(isfinite, values)):
        raise _malformed(raw)
    return values


@contextmanager
def strict_parsing() -> Iterator[None]:
    """Keep numpy's warning about unreadable text inside `parse_decimals`."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=_UNREADABLE, category=DeprecationWarning)
        yield


def _allowed(raw: bytes) -> bytes:
    """Return the value without padding; refuse characters that no decimal string has."""
    text = raw.rstrip(b" \0")
    if text.translate(None, _ALLOWED):
        raise _malformed(raw)
    return text


def _each(text: bytes, raw: bytes) -> tuple[float, ...]:
    """Parse item by item, which allows for spaces round the numbers."""
    try:
        return tuple(map(float, text.split(b"\\")))
    except ValueError:
        raise _malformed(raw) from None


def _malformed(raw: bytes) -> ValueError:
    shown = raw[:40].decode("ascii", errors="replace") + ("..." if len(raw) > 40 else "")
    return ValueError(f"{shown!r} is not a list of decimal numbers")
