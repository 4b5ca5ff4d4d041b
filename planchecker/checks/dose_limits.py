"""DL: published dose limits."""

from planchecker.checks.context import Check
from planchecker.checks.limits.cord import cord_conventional, cord_stereotactic
from planchecker.checks.limits.cord_floor import cord_evaluated
from planchecker.checks.limits.organs import governing_organs, limits_beside
from planchecker.checks.limits.premises import premises

__all__ = ["CHECKS"]

CHECKS: tuple[Check, ...] = (
    Check(code="DL001", title="Governing cord limit, stereotactic", run=cord_stereotactic),
    Check(code="DL002", title="Governing cord limit, conventional", run=cord_conventional),
    Check(code="DL005", title="What decides which limits apply", run=premises),
    Check(code="DL010", title="Governing limits of the other organs", run=governing_organs),
    Check(code="DL020", title="Limits beside the governing ones", run=limits_beside),
    Check(code="DL900", title="The cord was tested", run=cord_evaluated),
)
