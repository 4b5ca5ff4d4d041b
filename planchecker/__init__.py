"""Checks radiotherapy plans for bone metastases against published limits and against themselves.

Four verbs do the work; the other names are what they take and return::

    case = planchecker.read("exported/")
    report = planchecker.check(case)
    print(planchecker.render(report, "terminal"))
    dvh = planchecker.compute_dvh(structure, dose)

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from constraints.errors import LibraryError
    from constraints.metric import Metric
    from planchecker.case import Case
    from planchecker.checker import check
    from planchecker.dosimetry.dose import DoseGrid
    from planchecker.dosimetry.dvh import DVH, MetricValue, compute_dvh
    from planchecker.dosimetry.many import compute_dvhs
    from planchecker.dosimetry.structure import Contour, Structure
    from planchecker.errors import PlanCheckerError
    from planchecker.reading import read_case as read
    from planchecker.reading import read_cases
    from planchecker.reports import RENDERERS, render
    from planchecker.results import ExitCode, Finding, Report, Status

    __version__: str

__all__ = [
    "DVH",
    "RENDERERS",
    "Case",
    "Contour",
    "DoseGrid",
    "ExitCode",
    "Finding",
    "LibraryError",
    "Metric",
    "MetricValue",
    "PlanCheckerError",
    "Report",
    "Status",
    "Structure",
    "__version__",
    "check",
    "compute_dvh",
    "compute_dvhs",
    "read",
    "read_cases",
    "render",
]

_HOME = {
    "DVH": "planchecker.dosimetry.dvh",
    "RENDERERS": "planchecker.reports",
    "Case": "planchecker.case",
    "Contour": "planchecker.dosimetry.structure",
    "DoseGrid": "planchecker.dosimetry.dose",
    "ExitCode": "planchecker.results",
    "Finding": "planchecker.results",
    "LibraryError": "constraints.errors",
    "Metric": "constraints.metric",
    "MetricValue": "planchecker.dosimetry.dvh",
    "PlanCheckerError": "planchecker.errors",
    "Report": "planchecker.results",
    "Status": "planchecker.results",
    "Structure": "planchecker.dosimetry.structure",
    "check": "planchecker.checker",
    "compute_dvh": "planchecker.dosimetry.dvh",
    "compute_dvhs": "planchecker.dosimetry.many",
    "read": "planchecker.reading:read_case",
    "read_cases": "planchecker.reading",
    "render": "planchecker.reports",
}
"""Module of each public name; ``module:name`` where the name differs there."""


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = _version()
    elif name in _HOME:
        from importlib import import_module  # noqa: PLC0415 - this is the late import

        module, _, attribute = _HOME[name].partition(":")
        value = getattr(import_module(module), attribute or name)
    else:
        raise AttributeError(f"module 'planchecker' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow to load

    try:
        return version("planchecker")
    except PackageNotFoundError:
        return "0+not-installed"
