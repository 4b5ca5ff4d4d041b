"""Published limits and prescription schemes of bone radiotherapy, as data.

::

    import constraints

    guideline = constraints.load("hytec-cord-2021")
    protocol = constraints.load_protocol("bone_metastases")

Names are fetched when they are first used, so that importing `constraints.metric` does not
import pydantic. The lint is `constraints.lint.lint`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from constraints.derived import derived_limits
    from constraints.errors import LibraryError, MetricSyntaxError
    from constraints.lint import Problem
    from constraints.loader import (
        available,
        library_digest,
        library_version,
        load,
        load_file,
        load_protocol,
        protocols,
    )
    from constraints.metric import Metric
    from constraints.model import Guideline, Limit, Protocol
    from constraints.signing import sign, verify
    from constraints.site import apply_site, load_site
    from constraints.site_model import Change, Site
    from constraints.vocabulary import Vocabulary, load_vocabulary

__all__ = [
    "Change",
    "Guideline",
    "LibraryError",
    "Limit",
    "Metric",
    "MetricSyntaxError",
    "Problem",
    "Protocol",
    "Site",
    "Vocabulary",
    "apply_site",
    "available",
    "derived_limits",
    "library_digest",
    "library_version",
    "load",
    "load_file",
    "load_protocol",
    "load_site",
    "load_vocabulary",
    "protocols",
    "sign",
    "verify",
]

_HOMES = {
    "Change": "site_model",
    "Guideline": "model",
    "LibraryError": "errors",
    "Limit": "model",
    "Metric": "metric",
    "MetricSyntaxError": "errors",
    "Problem": "lint",
    "Protocol": "model",
    "Site": "site_model",
    "Vocabulary": "vocabulary",
    "apply_site": "site",
    "available": "loader",
    "derived_limits": "derived",
    "library_digest": "loader",
    "library_version": "loader",
    "load": "loader",
    "load_file": "loader",
    "load_protocol": "loader",
    "load_site": "site",
    "load_vocabulary": "vocabulary",
    "protocols": "loader",
    "sign": "signing",
    "verify": "signing",
}


def __getattr__(name: str) -> object:
    """Import a public name from its module when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
