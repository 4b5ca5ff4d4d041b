"""Seeded errors: whether every check finds what it is there for, on the user's own plan.

A plan is mutated in many ways, each a plausible error, written as DICOM files and checked like
any export. What comes out is the sensitivity of every check and what it says of the clean plan.
"""

from planchecker.commission.model import Commissioning, Mutation, Trial
from planchecker.commission.mutations import MUTATIONS
from planchecker.commission.runner import commission
from planchecker.commission.telling import render

__all__ = ["MUTATIONS", "Commissioning", "Mutation", "Trial", "commission", "render"]
