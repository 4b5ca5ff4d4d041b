"""Linear-quadratic conversions: BED and EQD2.

``BED = D (1 + d / (a/b))`` and ``EQD2 = D (d + a/b) / (2 + a/b)`` with the total dose D in n
fractions of d = D / n (Fowler 1989; Joiner and van der Kogel, Basic Clinical Radiobiology).
"""

import math
from typing import overload

import numpy as np
from numpy.typing import NDArray

__all__ = ["bed", "eqd2", "log_logistic_risk", "physical_from_eqd2"]


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


def log_logistic_risk(dose_gy: float, *, d50_gy: float, slope: float) -> float:
    """Return the risk P = 1 / (1 + (D50 / D)^k), from 0 to 1.

    Parameters
    ----------
    d50_gy
        Dose of a risk of one half, on the same scale as `dose_gy`.
    slope
        The exponent k.

    Raises
    ------
    ValueError
        If D50 or slope are not above 0, or the dose is negative.

    Examples
    --------
    >>> log_logistic_risk(69.4, d50_gy=69.4, slope=18.72)
    0.5
    """
    if not (d50_gy > 0 and slope > 0 and dose_gy >= 0):
        raise ValueError(
            f"D50 and slope must be above 0 and the dose 0 or more, got {d50_gy!r}, {slope!r} and "
            f"{dose_gy!r}"
        )
    if dose_gy == 0:
        return 0.0
    # The power of a small dose overflows, and its risk is 0 long before.
    return 1 / (1 + math.exp(min(slope * math.log(d50_gy / dose_gy), 700.0)))


def _check(fractions: int, alpha_beta_gy: float) -> None:
    if not fractions >= 1:
        raise ValueError(f"fractions must be 1 or more, got {fractions!r}")
    if not alpha_beta_gy > 0:
        raise ValueError(f"alpha/beta must be above 0 Gy, got {alpha_beta_gy!r}")
