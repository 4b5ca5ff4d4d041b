"""Following an Orthanc: every study that has become stable goes into the spool."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from planchecker.errors import PlanCheckerError, ReadError
from planchecker.hooks.metrics import Metrics
from planchecker.hooks.orthanc_rest import Orthanc, TooLargeError
from planchecker.hooks.spool import Spool, SpoolFullError
from planchecker.reading.header import Header, is_uid, read_header
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
        self._series_of: dict[Path, tuple[str, ...]] = {}
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
            for number, kind, study in _changes(answer):
                if kind == "StableStudy":
                    self._take(study)
                self._since = number
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
        stamps = self._stamps(series)
        if not stamps or self._studies.get(study) == _digest(stamps):
            return  # only results of ours, or images that no structure set names, are new
        headers = [
            header
            for instance, stamp in stamps.items()
            if (header := self._download(instance, stamp)) is not None
        ]
        self._follow(headers)
        # Now that the structure sets are here, their images in this study count as well.
        self._studies[study] = _digest(self._stamps(series))
        self._metrics.event("study-taken", study=study, objects=len(stamps))

    def _stamps(self, series: list[dict[str, Any]]) -> dict[str, str]:
        """Return the digest of each object of a study that matters, by its identifier."""
        images = frozenset(self._image_series(None))
        wanted = [
            row
            for row in series
            if _modality(row) in (*_RT_MODALITIES, *_TAKEN_TOO) or _uid(row) in images
        ]
        if not any(_modality(row) in _RT_MODALITIES or _uid(row) in images for row in wanted):
            return {}
        instances = sorted({str(i) for row in wanted for i in row.get("Instances", [])})
        return {instance: self._server.md5(instance) for instance in instances}

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
                    self._download(str(instance), self._server.md5(str(instance)))

    def _image_series(self, owners: set[str] | None) -> Iterator[str]:
        """Yield what the structure sets here are drawn on; of all owners where none are given."""
        paths = {
            path: header.owner
            for path, header in self._spool.headers().items()
            if header.kind is Kind.STRUCTURES
        }
        self._series_of = {
            path: self._series_of[path] if path in self._series_of else _series_named_by(path)
            for path in paths
        }
        for path, owner in paths.items():
            if owners is None or owner in owners:
                yield from self._series_of[path]

    def _download(self, instance: str, stamp: str = "") -> Header | None:
        """Put one object into the spool; None, with an event, where it cannot be used."""
        known = self._known.get((instance, stamp))
        if known is not None and known.exists():
            return self._spool.headers().get(known)
        try:
            data = self._server.file(instance)
            header = read_header(data)
        except TooLargeError:
            self._metrics.event("object-refused", instance=instance, reason="too large")
            return None
        except ReadError:
            self._metrics.event("object-refused", instance=instance, reason="cannot be read")
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


def _changes(answer: dict[str, Any]) -> Iterator[tuple[int, str, str]]:
    """Yield number, kind and identifier of every change."""
    try:
        for change in answer.get("Changes", []):
            yield (
                int(change["Seq"]),
                str(change.get("ChangeType", "")),
                str(change.get("ID", "")),
            )
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise PlanCheckerError("the Orthanc lists its changes in another form") from error


def _digest(stamps: dict[str, str]) -> str:
    return hashlib.sha256(repr(sorted(stamps.items())).encode()).hexdigest()


def _series_named_by(path: Path) -> tuple[str, ...]:
    from planchecker.reading import read_cases  # noqa: PLC0415 - heavy

    try:
        structures = read_cases([path])[0].structure_set
    except ReadError:
        return ()
    return structures.series_uids if structures is not None else ()


def _modality(row: dict[str, Any]) -> str:
    return _tag(row, "Modality")


def _uid(row: dict[str, Any]) -> str:
    return _tag(row, "SeriesInstanceUID")


def _tag(row: dict[str, Any], name: str) -> str:
    tags = row.get("MainDicomTags")
    return str(tags.get(name, "")) if isinstance(tags, dict) else ""
