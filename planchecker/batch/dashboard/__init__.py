"""A page over the store of a batch: what the plans of an archive have in common."""

from planchecker.batch.dashboard.writing import write_dashboard

__all__ = ["write_dashboard"]
