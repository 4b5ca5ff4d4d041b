"""What other programs read after a batch: JSON lines and JUnit, written case by case."""

import json
import sqlite3
from collections.abc import Callable
from io import TextIOBase, TextIOWrapper
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from planchecker.batch.accounting import Account
from planchecker.batch.store.reading import (
    cases_of,
    counts_of_findings,
    errors_of,
    loose_errors,
    worst_findings,
)
from planchecker.reports.text import clean
from planchecker.whole_file import replacing

__all__ = ["JUNIT", "RESULTS", "remove_outputs", "write_outputs"]

RESULTS: Final = "results.jsonl"
JUNIT: Final = "junit.xml"
_SHOWN: Final = 5
_FIELDS: Final = (
    "key",
    "outcome",
    "state",
    "status",
    "exit_code",
    "plan_label",
    "plan_uid",
    "patient_id",
    "planned_on",
    "machine",
    "technique",
    "scheme",
    "indication",
    "prescribed_dose_gy",
    "fractions",
    "report_folder",
    "report_sha256",
)


def remove_outputs(out: Path) -> None:
    """Take away what an earlier run left: it must not be taken for the answer of this one."""
    for name in (RESULTS, JUNIT):
        (out / name).unlink(missing_ok=True)


def write_outputs(connection: sqlite3.Connection, batch_id: int, out: Path, found: Account) -> None:
    """Write `RESULTS` and `JUNIT`, each whole or not at all.

    Raises
    ------
    PlanCheckerError
        If they cannot be written.
    """
    _whole(out / RESULTS, lambda stream: _lines(connection, batch_id, stream))
    _whole(out / JUNIT, lambda stream: _junit(connection, batch_id, stream, found))


def _lines(connection: sqlite3.Connection, batch_id: int, stream: TextIOBase) -> None:
    for case in cases_of(connection, batch_id):
        line: dict[str, Any] = {name: case[name] for name in _FIELDS}
        line["findings"] = counts_of_findings(connection, case["id"])
        line["errors"] = errors_of(connection, case["id"])
        stream.write(json.dumps(line, allow_nan=False) + "\n")


def _junit(
    connection: sqlite3.Connection, batch_id: int, stream: TextIOBase, found: Account
) -> None:
    """Write one test case a plan; what nobody decided is an error, as in the report of one."""
    xml = XMLGenerator(stream, encoding="utf-8", short_empty_elements=True)
    xml.startDocument()
    fails = found.codes.get(1, 0)
    errors = found.codes.get(2, 0) + found.codes.get(3, 0) + found.unreadable
    counts = {
        "name": "planchecker batch",
        "tests": str(found.found + found.unreadable),
        "failures": str(fails),
        "errors": str(errors),
        "skipped": "0",
    }
    xml.startElement("testsuites", AttributesImpl(counts))
    xml.startElement("testsuite", AttributesImpl(counts))
    for case in cases_of(connection, batch_id):
        _test(xml, _name(case), *_verdict(connection, case))
    for error in loose_errors(connection, batch_id):
        _test(xml, error["path"], "error", error["kind"], error["message"])
    xml.endElement("testsuite")
    xml.endElement("testsuites")
    xml.endDocument()
    stream.write("\n")


def _verdict(connection: sqlite3.Connection, case: dict[str, Any]) -> tuple[str, str, str]:
    """Return the JUnit element of a case, its type and its message."""
    if case["status"] is None:
        told = errors_of(connection, case["id"]) or [{"kind": "crash", "message": "no answer"}]
        return "error", told[-1]["kind"], told[-1]["message"]
    findings = worst_findings(connection, case["id"], _SHOWN)
    said = "; ".join(f"{one['code']} {one['status']}: {one['message']}" for one in findings)
    element = {0: "system-out", 1: "failure"}.get(case["exit_code"], "error")
    return element, case["status"], said or "nothing was evaluated, and that is not a pass."


def _test(xml: XMLGenerator, name: str, element: str, kind: str, message: str) -> None:
    named = {"classname": "planchecker.batch", "name": clean(name)}
    xml.startElement("testcase", AttributesImpl(named))
    if element == "system-out":
        xml.startElement(element, AttributesImpl({}))
        xml.characters(clean(f"{kind}: {message}" if kind != "pass" else kind))
    else:
        xml.startElement(element, AttributesImpl({"type": kind, "message": clean(message)}))
    xml.endElement(element)
    xml.endElement("testcase")


def _name(case: dict[str, Any]) -> str:
    return f"{case['plan_label'] or 'without a plan'} [{case['key']}]"


def _whole(path: Path, write: Callable[[TextIOBase], None]) -> None:
    with replacing(path) as binary:
        stream = TextIOWrapper(binary, encoding="utf-8", errors="replace", newline="\n")
        write(stream)
        stream.flush()
        stream.detach()
