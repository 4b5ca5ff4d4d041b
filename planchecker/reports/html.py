"""Reports as one HTML page, self-contained unless asked: light and dark, usable without script."""

import base64
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from planchecker.locale import colon, language
from planchecker.locale import gettext as _
from planchecker.reports import sections, text
from planchecker.reports.assets import SHARED_POLICY, packaged_script, shared_assets
from planchecker.reports.filters import FILTERS
from planchecker.reports.style import Style
from planchecker.results import Report

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["environment", "render"]

_TEMPLATE = "report.html.jinja"
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
)


def render(reports: Sequence[Report], style: Style | None = None) -> str:
    """Write reports as one HTML page.

    Parameters
    ----------
    reports
        One or more; several stand below one another on the page.
    style
        Only its `assets` counts: with it, style sheet and script are linked, not carried along.

    Notes
    -----
    Strings of the export are escaped by the template engine, stripped of control and
    bidirectional characters, and shortened, with the longer text in a tooltip. A content
    security policy forbids the browser every request, and every script but the packaged one.

    Examples
    --------
    >>> render([Report(findings=())]).splitlines()[0]
    '<!doctype html>'
    """
    reports = tuple(reports)
    leading = min(reports, key=lambda report: report.status.severity)
    folder = style.assets if style is not None else ""
    script = packaged_script()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        environment()
        .get_template(_TEMPLATE)
        .render(
            reports=reports,
            leading=leading,
            script=script,
            policy=SHARED_POLICY if folder else _POLICY.format(digest=digest),
            lang=language(),
            linked=[f"{folder}/{name}" for name in shared_assets()] if folder else [],
        )
    )


def environment() -> "Environment":
    """Return the template environment of the HTML pages, filters included."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - html only

    environment = Environment(
        loader=PackageLoader("planchecker.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    words: dict[str, Any] = {"_": _, "colon": colon, "most_lines": sections.MOST_LINES}
    environment.globals.update(words)
    environment.filters.update(FILTERS)
    environment.filters.update(title=text.plan_title, verdict=text.verdict_words)
    return environment
