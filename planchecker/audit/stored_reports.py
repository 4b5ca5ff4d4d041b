"""Comparing stored reports with the hashes in the journal."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

__all__ = ["JSON_REPORT", "LATEST", "changed_reports", "displayed"]

JSON_REPORT: Final = "report.json"
"""Name of the file whose hash the journal holds."""

LATEST: Final = "latest.json"
"""Name of the file that says what is on display for a plan, and the row it rests on."""


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


def displayed(reports: Path) -> Iterator[tuple[str, int, str]]:
    """Yield subject, number and hash of the row for every verdict that is on display."""
    for path in sorted(reports.glob(f"*/{LATEST}")):
        try:
            content = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            yield path.parent.name, 0, "unreadable"
            continue
        if isinstance(content, dict) and content.get("state") == "judged":
            number = content.get("journal_seq")
            yield (
                path.parent.name,
                number if isinstance(number, int) else 0,
                str(content.get("journal_hash")),
            )
