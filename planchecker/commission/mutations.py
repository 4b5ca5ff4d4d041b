"""The table of seeded errors."""

from planchecker.commission import (
    seeds_beams,
    seeds_contours,
    seeds_courses,
    seeds_dose,
    seeds_image,
    seeds_objects,
    seeds_quality,
)
from planchecker.commission.model import Mutation

__all__ = ["MUTATIONS"]

MUTATIONS: tuple[Mutation, ...] = (
    *seeds_objects.MUTATIONS,
    *seeds_image.MUTATIONS,
    *seeds_contours.MUTATIONS,
    *seeds_beams.MUTATIONS,
    *seeds_dose.MUTATIONS,
    *seeds_quality.MUTATIONS,
    *seeds_courses.MUTATIONS,
)
"""Every seeded error, by family of the check that must find it."""
