"""What HTML pages can share: the style sheet and the script, named after their content."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

__all__ = ["SHARED_POLICY", "packaged_script", "shared_assets"]

SHARED_POLICY: Final = (
    "default-src 'none'; style-src 'self' file: 'unsafe-inline'; img-src data:; "
    "script-src 'self' file:"
)
"""For pages that link what they share, from a disk or a web server: nothing from elsewhere."""


@cache
def packaged_script() -> str:
    """Return the script of a report."""
    # What the browser hashes stands between the tags, line ends as they are in the page.
    return "\n" + _template("report.js")


@cache
def shared_assets() -> Mapping[str, bytes]:
    """Return the content of the style sheet and the script by file name, in this order.

    A name holds a digest of the content, so that pages of an older program keep theirs.

    Examples
    --------
    >>> [name.split(".")[-1] for name in shared_assets()]
    ['css', 'js']
    """
    style = _template("report.css.jinja").replace("<style>", "").replace("</style>", "")
    contents = {"css": style.strip() + "\n", "js": packaged_script().lstrip()}
    return {
        f"report-{hashlib.sha256(text.encode()).hexdigest()[:12]}.{kind}": text.encode()
        for kind, text in contents.items()
    }


def _template(name: str) -> str:
    source = files("planchecker.reports") / "templates" / name
    return source.read_text(encoding="utf-8").replace("\r\n", "\n")
