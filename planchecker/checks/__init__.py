"""Every check, grouped by family, in one explicit table."""

from planchecker.checks import (
    coverage,
    dose_limits,
    dose_object,
    identity,
    prescription,
    second_opinion,
    structures,
)
from planchecker.checks.context import Check

__all__ = ["CHECKS", "WITHOUT_PLAN"]

CHECKS: tuple[Check, ...] = (
    *identity.CHECKS,
    *structures.CHECKS,
    *prescription.CHECKS,
    *dose_object.CHECKS,
    *dose_limits.CHECKS,
    *coverage.CHECKS,
    *second_opinion.CHECKS,
)

WITHOUT_PLAN = ("ID001", "RX001", "DG001")
"""Codes of the checks that say what is missing where there is no external beam plan."""
