"""Reports as JSON: one object, or an array where there is more than one plan."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from planchecker.reports.document import to_document
from planchecker.reports.style import Style
from planchecker.results import Report

__all__ = ["render"]


def render(reports: Sequence[Report], style: Style | None = None) -> str:
    """Write reports as JSON in pure ASCII, with a line feed at the end.

    Parameters
    ----------
    reports
        One or more; an array is written only where there is more than one.
    style
        Not used; every renderer takes it.

    Examples
    --------
    >>> print(render([Report(findings=())]).splitlines()[2])
      "status": "not-evaluated",
    """
    del style
    documents = [asdict(to_document(report)) for report in reports]
    content = documents[0] if len(documents) == 1 else documents
    return json.dumps(content, indent=2, allow_nan=False) + "\n"
