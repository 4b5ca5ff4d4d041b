"""Linear-quadratic conversions: BED and EQD2.

``BED = D (1 + d / (a/b))`` and ``EQD2 = D (d + a/b) / (2 + a/b)`` with the total dose D in n
fractions of d = D / n (Fowler 1989; Joiner and van der Kogel, Basic Clinical Radiobiology).
"""

from typing import overload

import numpy as np
from numpy.typing import NDArray

__all__ = ["bed", "eqd2", "physical_from_eqd2"]


@overload
def bed(dose_gy: float, *, fractions: int, alpha_beta_gy: float) -> float: ...
@overload
def bed(
    dose_gy: NDArray[np.float64], *, fractions: int, alpha_beta_gy: float
) -> NDArray[np.float64]: ...
def bed(
    dose_gy: float | NDArray[np.float64], *, fractions: int, alpha_beta_gy: float
) -> float | NDArray[np.float64]:
    """Return the biologically effective dose in Gy.

    Parameters
    ----------
    dose_gy
        Total physical dose, a number or an array of any shape.
    fractions
        Number of equal fractions, at least 1.
    alpha_beta_gy
        Above 0.

    Raises
    ------
    ValueError
        If fractions or alpha/beta are out of range.

    Examples
    --------
    >>> bed(30.0, fractions=10, alpha_beta_gy=2.0)
    75.0
    """
    _check(fractions, alpha_beta_gy)
    return dose_gy * (1 + dose_gy / (fractions * alpha_beta_gy))


@overload
def eqd2(dose_gy: float, *, fractions: int, alpha_beta_gy: float) -> float: ...
@overload
def eqd2(
    dose_gy: NDArray[np.float64], *, fractions: int, alpha_beta_gy: float
) -> NDArray[np.float64]: ...
def eqd2(
    dose_gy: float | NDArray[np.float64], *, fractions: int, alpha_beta_gy: float
) -> float | NDArray[np.float64]:
    """Return the equivalent dose in fractions of 2 Gy, in Gy; see `bed` for the arguments.

    Examples
    --------
    >>> eqd2(30.0, fractions=10, alpha_beta_gy=2.0)
    37.5
    >>> eqd2(20.0, fractions=5, alpha_beta_gy=2.0)
    30.0
    """
    _check(fractions, alpha_beta_gy)
    return dose_gy * (dose_gy / fractions + alpha_beta_gy) / (2 + alpha_beta_gy)


def physical_from_eqd2(eqd2_gy: float, *, fractions: int, alpha_beta_gy: float) -> float:
    """Return the physical dose in Gy whose EQD2 in `fractions` fractions is `eqd2_gy`.

    Raises
    ------
    ValueError
        If the EQD2 is negative, or fractions or alpha/beta are out of range.

    Examples
    --------
    >>> round(physical_from_eqd2(37.5, fractions=10, alpha_beta_gy=2.0), 9)
    30.0
    """
    _check(fractions, alpha_beta_gy)
    if not eqd2_gy >= 0:
        raise ValueError(f"EQD2 must be 0 Gy or more, got {eqd2_gy!r}")
    half = fractions * alpha_beta_gy / 2
    return float(-half + np.sqrt(half * half + eqd2_gy * fractions * (2 + alpha_beta_gy)))


def _check(fractions: int, alpha_beta_gy: float) -> None:
    if not fractions >= 1:
        raise ValueError(f"fractions must be 1 or more, got {fractions!r}")
    if not alpha_beta_gy > 0:
        raise ValueError(f"alpha/beta must be above 0 Gy, got {alpha_beta_gy!r}")
