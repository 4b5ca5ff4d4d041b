"""The highest and the lowest of many values."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["highest", "lowest"]

Floats = NDArray[np.floating[Any]]
Index = NDArray[np.intp]


def highest(values: Floats, count: int) -> Index:
    """Return the numbers of the highest values, in any order.

    Parameters
    ----------
    values
        Shape (N,).
    count
        How many, 0 to N.

    Examples
    --------
    >>> sorted(highest(np.array([3.0, 9.0, 1.0, 7.0]), 2).tolist())
    [1, 3]
    """
    if not count:
        return np.zeros(0, dtype=np.intp)
    # One place at a time: to part at two at once takes eight times as long.
    first = len(values) - count
    return np.argpartition(values, first)[first:]


def lowest(values: Floats, count: int) -> Index:
    """Return the numbers of the lowest values, in any order.

    Examples
    --------
    >>> sorted(lowest(np.array([3.0, 9.0, 1.0, 7.0]), 2).tolist())
    [0, 2]
    """
    if not count:
        return np.zeros(0, dtype=np.intp)
    return np.argpartition(values, count - 1)[:count]
