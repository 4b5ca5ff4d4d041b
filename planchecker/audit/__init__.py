"""The journal of every check a hook has run: append-only, and chained so that changes show."""

from planchecker.audit.journal import Entry, Journal, Record
from planchecker.audit.verifying import Anchor, anchors_in, verify

__all__ = ["Anchor", "Entry", "Journal", "Record", "anchors_in", "verify"]
