"""Loading pynetdicom, which is an optional dependency."""

import importlib
import logging
from types import ModuleType

from planchecker.errors import MissingExtra

__all__ = ["pynetdicom"]


def pynetdicom() -> ModuleType:
    """Return the package `pynetdicom`, quietened.

    Raises
    ------
    MissingExtra
        If it is not installed.
    """
    try:
        package = importlib.import_module("pynetdicom")
    except ImportError as error:
        raise MissingExtra(
            "DICOM networking needs pynetdicom; install it with: pip install 'planchecker[network]'"
        ) from error
    # Its log repeats what callers send, line breaks included; our metrics say the same safely.
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
    return package
