"""Following an Orthanc: every study that has become stable goes into the spool."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from planchecker.errors import PlanCheckerError, ReadError
from planchecker.hooks.header import Header, is_uid, read_header
from planchecker.hooks.metrics import Metrics
from planchecker.hooks.orthanc_rest import Orthanc
from planchecker.hooks.spool import Spool, SpoolFullError
from planchecker.reading.sop_classes import Kind

__all__ = ["OrthancFeed"]

_RT_MODALITIES: Final = ("RTPLAN", "RTSTRUCT", "RTDOSE")
_TAKEN_TOO: Final = ("REG",)


class OrthancFeed:
    """Download the plans of stable studies, with what they name.

    Parameters
    ----------
    server
        Which Orthanc.
    spool
        Where the objects go.
    memory
        File that keeps the number of the last change and what each study held.
    """

    def __init__(self, server: Orthanc, spool: Spool, memory: Path, metrics: Metrics) -> None:
        self._server = server
        self._spool = spool
        self._memory = memory
        self._metrics = metrics
        self._known: dict[tuple[str, str], Path] = {}
        try:
            state = json.loads(memory.read_text("ascii"))
            self._since = int(state["since"])
            self._studies: dict[str, str] = {str(k): str(v) for k, v in state["studies"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            self._since, self._studies = 0, {}

    def poll(self) -> None:
        """Take in everything that has become stable since the last time.

        A change is done with only when its study lies in the spool: what fails is tried again.

        Raises
        ------
        PlanCheckerError
            If the server cannot be reached or the spool is full.
        """
        if self._server.last_change() < self._since:
            # The server was set up anew; its numbers begin again.
            self._since = 0
        while True:
            answer = self._server.changes(self._since)
            for change in answer.get("Changes", []):
                if change.get("ChangeType") == "StableStudy":
                    self._take(str(change.get("ID", "")))
                self._since = int(change["Seq"])
                self._remember()
            if answer.get("Done", True):
                return

    def _take(self, study: str) -> None:
        try:
            series = self._server.series_of(study)
        except PlanCheckerError as error:
            if "(404)" not in str(error):
                raise
            return  # it was deleted meanwhile
        wanted = [row for row in series if _modality(row) in (*_RT_MODALITIES, *_TAKEN_TOO)]
        if not any(_modality(row) in _RT_MODALITIES for row in wanted):
            return
        instances = sorted({str(i) for row in wanted for i in row.get("Instances", [])})
        stamps = {instance: self._server.md5(instance) for instance in instances}
        digest = hashlib.sha256(repr(sorted(stamps.items())).encode()).hexdigest()
        if self._studies.get(study) == digest:
            return  # only results of ours, or images that no structure set names, are new
        headers = [
            header
            for instance, stamp in stamps.items()
            if (header := self._download(instance, stamp)) is not None
        ]
        self._follow(headers)
        self._studies[study] = digest
        self._metrics.event("study-taken", study=study, objects=len(instances))

    def _follow(self, headers: list[Header]) -> None:
        """Download the structure sets and doses that plans name elsewhere, and the images."""
        here = {header.sop_instance_uid for header in headers}
        for header in [h for h in headers if h.kind is Kind.PLAN]:
            for uid in sorted(header.names - here):
                for instance in self._server.lookup(uid, "Instance") if is_uid(uid) else ():
                    found = self._download(instance)
                    if found is not None:
                        headers.append(found)
        owners = {header.owner for header in headers}
        for uid in sorted(self._image_series(owners)):
            for series in self._server.lookup(uid, "Series") if is_uid(uid) else ():
                for instance in self._server.series(series).get("Instances", []):
                    self._download(str(instance))

    def _image_series(self, owners: set[str]) -> Iterator[str]:
        from planchecker.reading import read_cases  # noqa: PLC0415 - heavy

        paths = [
            path
            for path, header in self._spool.headers().items()
            if header.kind is Kind.STRUCTURES and header.owner in owners
        ]
        if not paths:
            return
        try:
            cases = read_cases(paths)
        except ReadError:
            return
        for case in cases:
            if case.structure_set is not None:
                yield from case.structure_set.series_uids

    def _download(self, instance: str, stamp: str = "") -> Header | None:
        """Put one object into the spool; None, with an event, where it cannot be used."""
        known = self._known.get((instance, stamp))
        if known is not None and known.exists():
            return self._spool.headers().get(known)
        data = self._server.file(instance)
        try:
            header = read_header(data)
        except ReadError as error:
            self._metrics.event("object-refused", instance=instance, reason=str(error))
            return None
        if not is_uid(header.sop_instance_uid):
            self._metrics.event("object-refused", instance=instance, reason="no valid UID")
            return None
        try:
            stored = self._spool.store(data, header)
        except SpoolFullError as error:
            raise PlanCheckerError(f"no room for objects of the Orthanc: {error}") from error
        self._known[instance, stamp] = stored.path
        return header

    def _remember(self) -> None:
        temporary = self._memory.with_suffix(".part")
        content = {"since": self._since, "studies": self._studies}
        try:
            temporary.write_text(json.dumps(content), "ascii")
            temporary.replace(self._memory)
        except OSError as error:
            raise PlanCheckerError(
                f"cannot write {str(self._memory)!r}: {error.strerror or error}"
            ) from error


def _modality(row: dict[str, Any]) -> str:
    tags = row.get("MainDicomTags")
    return str(tags.get("Modality", "")) if isinstance(tags, dict) else ""
