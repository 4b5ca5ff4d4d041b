"""From a case to a report."""

from planchecker.checker.asking import check
from planchecker.checker.measuring import build_context

__all__ = ["build_context", "check"]
