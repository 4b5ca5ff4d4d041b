"""``planchecker attest``: a finding is accepted by a person, on the record."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from planchecker.cli.output import emit, write_file
from planchecker.errors import PlanCheckerError, ReadError

__all__ = ["attest", "read_report"]

_MOST_BYTES = 256 * 1024 * 1024


def attest(
    report: Annotated[
        Path,
        typer.Argument(metavar="REPORT.json", exists=True, dir_okay=False, help="A JSON report."),
    ],
    *,
    finding: Annotated[str, typer.Option(metavar="ID", help="Id of the finding in the report.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it is accepted.")],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who accepts it.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="PATH", help="Where the signed-off copy goes."),
    ],
) -> None:
    """Write a copy of a report in which a person accepts a finding.

    Status and exit code stay as they are. 'planchecker check --attested COPY.json' shows who
    accepted what and why; a changed plan, library, protocol or site file voids it.
    """
    from planchecker.reports.attesting import attest as attested  # noqa: PLC0415

    now = datetime.now(UTC).isoformat(timespec="seconds")
    content = read_report(report)
    documents = content if isinstance(content, list) else [content]
    holding = [one for one in documents if finding in _ids(one)]
    if len(holding) > 1:
        raise PlanCheckerError(
            f"{len(holding)} plans of this report have a finding {finding!r}; "
            "write one report for each plan"
        )
    chosen = holding[0] if holding else documents[0]
    written = [
        attested(one, finding=finding, reason=reason, by=by, at=now) if one is chosen else one
        for one in documents
    ]
    result = written if isinstance(content, list) else written[0]
    write_file(output, json.dumps(result, indent=2, allow_nan=False) + "\n")
    emit(f"{finding} accepted by {by}; the status stays. Written to {output}\n", None)


def read_report(path: Path) -> Any:
    """Read a JSON report; an array where it holds several plans.

    Raises
    ------
    ReadError
        If the file is no JSON report.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ReadError(f"{str(path)!r} has more than {_MOST_BYTES} bytes; give a JSON report")
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ReadError(f"{str(path)!r} is no JSON report") from error
    if isinstance(content, list) and content and all(isinstance(one, dict) for one in content):
        return content
    if not isinstance(content, dict):
        raise ReadError(f"{str(path)!r} is no JSON report")
    return content


def _ids(document: dict[str, Any]) -> set[str]:
    return {str(f.get("id")) for f in document.get("findings", []) if isinstance(f, dict)}
