"""Errors of the constraint library."""

__all__ = ["LibraryError", "MetricSyntaxError"]


class LibraryError(Exception):
    """A guideline, protocol or vocabulary file says something the library refuses.

    The message names the file, the key and the offending text, and says what would be right.
    """


class MetricSyntaxError(LibraryError):
    """A metric expression does not follow the grammar of `constraints.metric`."""
