"""Every check, grouped by family, in one explicit table."""

from planchecker.checks import (
    anatomy,
    beams,
    coverage,
    delineation,
    dose_limits,
    dose_object,
    identity,
    image,
    prescription,
    reirradiation,
    second_opinion,
    structures,
    target_quality,
)
from planchecker.checks.context import Check

__all__ = ["CHECKS", "WITHOUT_PLAN"]

CHECKS: tuple[Check, ...] = (
    *identity.CHECKS,
    *image.CHECKS,
    *structures.CHECKS,
    *anatomy.CHECKS,
    *prescription.CHECKS,
    *beams.CHECKS,
    *dose_object.CHECKS,
    *dose_limits.CHECKS,
    *coverage.CHECKS,
    *target_quality.CHECKS,
    *second_opinion.CHECKS,
    *reirradiation.CHECKS,
    *delineation.CHECKS,
)

WITHOUT_PLAN = ("ID001", "RX001", "DG001")
"""Codes of the checks that say what is missing where there is no external beam plan."""
