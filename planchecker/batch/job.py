"""One job and what comes back from it: plain values that travel between processes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from constraints.loader import library_digest
from constraints.model import Protocol
from constraints.site_model import Site
from planchecker.batch.thing import Source

__all__ = ["Failure", "Job", "Limits", "Options", "Outcome", "resume_key"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How every case of a batch is checked and written.

    Parameters
    ----------
    protocol, site, indication, second_opinion, summed
        As `planchecker.check` takes them; files are read beforehand, for a worker on another
        machine may not see them.
    protocol_sha256
        Digest of the protocol as it takes effect, as reports state it.
    lang, anonymise
        As of `planchecker check`.
    formats
        Formats of the report beside JSON; names of `planchecker.reports.RENDERERS`.
    assets
        Folder of what the pages share, relative to a page.
    program_version
        A worker of another version refuses to answer.
    """

    protocol: Protocol | None = None
    site: Site | None = None
    indication: str | None = None
    second_opinion: bool = False
    summed: bool = False
    lang: str = "en"
    anonymise: bool = False
    formats: tuple[str, ...] = ("html",)
    assets: str = "../../assets"
    program_version: str = ""
    protocol_sha256: str = ""

    def as_json(self) -> str:
        """Return everything that can move a report, in one line, the same in every run."""
        content: dict[str, Any] = {
            "anonymise": self.anonymise,
            "formats": list(self.formats),
            "indication": self.indication or "",
            "lang": self.lang,
            "prior": [],
            "second_opinion": self.second_opinion,
            "summed": self.summed,
        }
        return json.dumps(content, sort_keys=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one case may cost.

    Parameters
    ----------
    time_s
        Longest check of one case.
    memory_mb
        Most memory of the process that checks it.
    """

    time_s: float = 900.0
    memory_mb: int = 4000


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One case to check.

    Parameters
    ----------
    kind, uid
        Which of the cases that the files make is meant; see `planchecker.batch.sorting.Wanted`.
    elsewhere
        Other plans of the patient, told in the report.
    """

    key: str
    kind: str
    uid: str
    label: str
    sources: tuple[Source, ...]
    resume_key: str = ""
    elsewhere: tuple[str, ...] = ()
    conflict: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why there is no verdict.

    Parameters
    ----------
    kind
        ``crash``, ``timeout``, ``memory``, ``unreadable``, ``changed``, ``refused`` or
        ``defect``.
    """

    kind: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one job.

    Parameters
    ----------
    documents
        Content of the files of the report by name.
    case, findings, metrics, overrides
        Rows of the store.
    failure
        None where the case was checked.
    """

    key: str
    documents: Mapping[str, bytes] = field(default_factory=dict)
    case: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Mapping[str, Any], ...] = ()
    metrics: tuple[Mapping[str, Any], ...] = ()
    overrides: tuple[Mapping[str, Any], ...] = ()
    duration_s: float | None = None
    peak_mb: float | None = None
    failure: Failure | None = None


def resume_key(job: Job, options: Options) -> str:
    """Return a digest of everything the report of a job rests on.

    Where files lie does not count; what is in them does, and so does which of their plans is
    meant.
    """
    content = {
        "inputs": sorted((source.sop_instance_uid, source.sha256) for source in job.sources),
        "case": [job.kind, job.uid, *job.elsewhere],
        "library": library_digest(),
        "protocol": options.protocol_sha256,
        "site": options.site.sha256 if options.site else "",
        "options": options.as_json(),
        "program": options.program_version,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("ascii")).hexdigest()
