"""Who accepted a finding: written into the report's JSON as a chain, never a change of status.

The chain shows that nothing was altered or taken out since; it is no signature, for whoever can
write the file can write the chain anew.
"""

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from planchecker.errors import PlanCheckerError
from planchecker.reports.document import to_document
from planchecker.results import Attestation, Report, Status

__all__ = ["attest", "carried_over", "read_attestations"]

_SIGNED: Final = ("finding", "status", "reason", "by", "at", "basis", "previous")
_LONGEST: Final = 2000


def attest(
    document: Mapping[str, Any], *, finding: str, reason: str, by: str, at: str
) -> dict[str, Any]:
    """Return a copy of a report's JSON document with one more attestation.

    Parameters
    ----------
    finding
        Id of the finding.
    reason, by, at
        Why, who, and when (ISO 8601).

    Raises
    ------
    PlanCheckerError
        If there is no such finding, it is a pass, reason or name is empty, the report is
        anonymised, or the chain of the earlier attestations is broken.
    """
    read_attestations(document)
    entry = next((f for f in document["findings"] if f.get("id") == finding), None)
    if entry is None:
        raise PlanCheckerError(f"the report has no finding {finding!r}; its 'id' names each one")
    if entry["status"] == Status.PASS.value:
        raise PlanCheckerError(f"finding {finding!r} is a pass; there is nothing to accept")
    for name, text in (("reason", reason), ("by", by)):
        if not text.strip() or len(text) > _LONGEST:
            raise PlanCheckerError(f"--{name} must be 1 to {_LONGEST} characters, got {text!r}")
    if not all(file["sha256"] for file in document["inputs"]) or not document["inputs"]:
        raise PlanCheckerError(
            "the report names no input hashes; attest one that is not anonymised"
        )
    earlier = document.get("attestations", [])
    signed = {
        "finding": finding,
        "status": entry["status"],
        "reason": reason.strip(),
        "by": by.strip(),
        "at": at,
        "basis": _digest(_basis(document)),
        "previous": earlier[-1]["sha256"] if earlier else _digest(_body(document)),
    }
    attested = copy.deepcopy(dict(document))
    attested["attestations"] = [*earlier, {**signed, "sha256": _digest(signed), "void": ""}]
    return attested


def read_attestations(document: Mapping[str, Any]) -> tuple[Attestation, ...]:
    """Return the attestations of a report's JSON document after checking their chain.

    Raises
    ------
    PlanCheckerError
        If the document is no report of this program, or was altered.
    """
    if not isinstance(document, Mapping) or document.get("schema") != "planchecker-report/1":
        raise PlanCheckerError("this is no JSON report (schema 'planchecker-report/1')")
    previous = _digest(_body(document))
    found = []
    try:
        for entry in document.get("attestations", []):
            signed = {key: entry[key] for key in _SIGNED}
            if entry["previous"] != previous or entry["sha256"] != _digest(signed):
                raise PlanCheckerError(
                    "the report or one of its attestations was altered since it was signed; "
                    "check the plan again"
                )
            previous = entry["sha256"]
            found.append(
                Attestation(
                    **{**signed, "status": Status(entry["status"])},
                    sha256=entry["sha256"],
                    void=str(entry.get("void", "")),
                )
            )
    except (KeyError, TypeError, ValueError) as error:
        raise PlanCheckerError("the attestations of this report are malformed") from error
    return tuple(found)


def carried_over(report: Report, document: Mapping[str, Any]) -> Report:
    """Return the report with the attestations of an earlier one, void where they no longer count.

    An attestation is void once plan, library, protocol or site file changed, or where the
    finding is gone or has another status. No status changes.
    """
    now = _as_json(report)
    changed = ", ".join(_changed(document, now))
    statuses = {f["id"]: f["status"] for f in now["findings"]}
    carried = []
    for one in read_attestations(document):
        void = one.void
        if changed:
            void = f"{changed} changed since."
        elif statuses.get(one.finding) != one.status.value:
            status = statuses.get(one.finding)
            void = f"its status is now {status}." if status else "the finding is no longer there."
        carried.append(replace(one, void=void))
    return replace(report, attestations=tuple(carried))


def _as_json(report: Report) -> dict[str, Any]:
    from dataclasses import asdict  # noqa: PLC0415

    return asdict(to_document(report))


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    words = {
        "inputs": "the plan or its files",
        "library": "the constraint library",
        "protocol": "the protocol",
        "site": "the site file",
    }
    old, new = _basis(before), _basis(after)
    yield from (word for key, word in words.items() if old[key] != new[key])


def _basis(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "inputs": sorted(file["sha256"] for file in document["inputs"]),
        "library": document["library"]["sha256"],
        "protocol": [document["protocol"], document.get("protocol_sha256", "")],
        "site": document.get("site_sha256", ""),
    }


def _body(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "attestations"}


def _digest(content: Mapping[str, Any] | Sequence[Any]) -> str:
    written = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(written.encode()).hexdigest()
