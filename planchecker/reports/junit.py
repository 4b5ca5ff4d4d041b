"""Reports as JUnit XML, so that whatever gates on tests can gate on plans."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from planchecker.reports.style import Style
from planchecker.reports.text import clean, plan_title
from planchecker.results import ExitCode, Finding, Report, Status

__all__ = ["render"]


def render(reports: Sequence[Report], style: Style | None = None) -> str:
    """Write one test suite a plan and one test case a finding.

    A `fail` is a failure. What a person must decide (`not-evaluated`, `borderline`, `manual`)
    is an error: a gate that lets errors through would let an unanswered question through. A
    `warn` passes with its message in the output. What does not apply is skipped.

    Parameters
    ----------
    reports
        One or more.
    style
        Not used; every renderer takes it.

    Examples
    --------
    >>> 'errors="1"' in render([Report(findings=())])
    True
    """
    del style
    root = ET.Element("testsuites", name="planchecker")
    for report in reports:
        root.append(_suite(report))
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _suite(report: Report) -> ET.Element:
    suite = ET.Element("testsuite", name=plan_title(report))
    cases = [_case(finding, name) for finding, name in _named(report)]
    if not report.findings:
        # A gate that counts failures must see that nothing was asked.
        cases.append(_empty())
    for entry in report.not_applicable:
        case = _element(entry.code, entry.subject)
        ET.SubElement(case, "skipped", message=clean(entry.reason))
        cases.append(case)
    for case in cases:
        suite.append(case)
    tests = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    suite.set("tests", str(len(cases)))
    for key, tag in tests.items():
        suite.set(key, str(sum(case.find(tag) is not None for case in cases)))
    return suite


def _named(report: Report) -> list[tuple[Finding, str]]:
    return list(zip(report.findings, report.ids, strict=True))


def _case(finding: Finding, name: str) -> ET.Element:
    case = _element(finding.code, f"{finding.subject} [{name}]")
    told = clean(" ".join(part for part in (finding.message, finding.remedy) if part))
    if finding.status is Status.FAIL:
        ET.SubElement(case, "failure", type=finding.status.value, message=told)
    elif ExitCode.of(finding.status) is ExitCode.UNDECIDED:
        ET.SubElement(case, "error", type=finding.status.value, message=told)
    else:
        ET.SubElement(case, "system-out").text = f"{finding.status.value}: {told}"
    return case


def _empty() -> ET.Element:
    case = _element("planchecker", "nothing was evaluated")
    ET.SubElement(
        case,
        "error",
        type=Status.NOT_EVALUATED.value,
        message="nothing was evaluated, and that is not a pass.",
    )
    return case


def _element(code: str, subject: str) -> ET.Element:
    return ET.Element("testcase", classname=clean(code), name=clean(subject))
