"""Comparing stored reports with the hashes in the journal."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

__all__ = ["JSON_REPORT", "changed_reports"]

JSON_REPORT: Final = "report.json"
"""Name of the file whose hash the journal holds."""


def changed_reports(contents: Iterable[dict[str, Any]], reports: Path) -> Iterator[str]:
    """Yield a line for every report that is gone or differs from what the journal says."""
    for content in contents:
        place, wanted = str(content.get("report", "")), content.get("report_sha256")
        if not place:
            continue
        parts = PurePosixPath(place)
        if parts.is_absolute() or ".." in parts.parts:
            yield f"row {content.get('seq')} names a report outside the folder: {place!r}"
            continue
        try:
            data = (reports / parts / JSON_REPORT).read_bytes()
        except OSError:
            yield f"row {content.get('seq')}: the report {place!r} is gone"
            continue
        if hashlib.sha256(data).hexdigest() != wanted:
            yield f"row {content.get('seq')}: the report {place!r} was changed"
