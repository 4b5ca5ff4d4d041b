"""Pulling one plan with everything it names."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from planchecker.errors import PlanCheckerError
from planchecker.hooks.archive import Archive, Row, exact
from planchecker.hooks.spool import Spool
from planchecker.reading.header import Header, is_uid
from planchecker.reading.sop_classes import Kind

__all__ = ["Fetched", "Wanted", "fetch_plan"]

_PLACE = {"StudyInstanceUID": "", "SeriesInstanceUID": ""}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which plan: at least the patient or the plan UID; the label narrows it down."""

    patient_id: str = ""
    plan_uid: str = ""
    plan_label: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """The files of one plan, and what was left out, in plain words."""

    plan_uid: str
    paths: tuple[Path, ...]
    notes: tuple[str, ...]


def fetch_plan(
    archive: Archive,
    inbox: Spool,
    wanted: Wanted,
    *,
    say: Callable[[str], None] = lambda _line: None,
) -> Fetched:
    """Have a plan, its structure set, its doses and its images sent to us.

    The doses of the plan's study are all asked for, because no query tells which plan a dose
    belongs to; those whose Referenced RT Plan Sequence names another plan are left out.

    Parameters
    ----------
    inbox
        Where the receiver puts what the node sends.
    say
        Told each step.

    Raises
    ------
    PlanCheckerError
        If there is no such plan, or more than one, or the node does not send it.
    """
    fetch = _Fetch(archive, inbox, wanted)
    say("plan")
    plan_path, plan = fetch.plan()
    say("structure set")
    paths = [plan_path, *fetch.structures(plan)]
    say("doses")
    doses, notes = fetch.doses(plan)
    say("images")
    paths += [*doses, *fetch.images(paths)]
    return Fetched(plan_uid=plan.sop_instance_uid, paths=tuple(paths), notes=tuple(notes))


class _Fetch:
    def __init__(self, archive: Archive, inbox: Spool, wanted: Wanted) -> None:
        self._archive = archive
        self._inbox = inbox
        self._uid = wanted.plan_uid.strip()
        if self._uid and not is_uid(self._uid):
            raise PlanCheckerError(f"{wanted.plan_uid!r} is no UID")
        self._label = wanted.plan_label.strip()
        self._patient = exact(wanted.patient_id, what="Patient ID") if wanted.patient_id else ""
        if not self._uid and not self._patient:
            raise PlanCheckerError("say which plan: give the patient or the plan UID")
        self._studies: list[str] = []

    def plan(self) -> tuple[Path, Header]:
        if self._patient:
            for study in self._studies_of(self._patient):
                for series in self._series(study, "RTPLAN"):
                    self._archive.move("SERIES", StudyInstanceUID=study, SeriesInstanceUID=series)
        else:
            self._move_by_uid(self._uid)
        found = [
            (path, header)
            for path, header in self._objects(Kind.PLAN)
            if self._uid in ("", header.sop_instance_uid)
            and self._label in ("", header.label.strip())
            and (not self._patient or header.patient_id.strip() == self._patient)
        ]
        if len(found) != 1:
            raise PlanCheckerError(self._not_one([header for _, header in found]))
        plan = found[0][1]
        # The plan's own study first: there the rest is most likely.
        rest = self._studies or (self._studies_of(plan.patient_id) if plan.patient_id else [])
        self._studies = list(dict.fromkeys([plan.study_uid, *rest]))
        return found[0]

    def _move_by_uid(self, uid: str) -> None:
        place = self._place(uid)
        try:
            self._archive.move("IMAGE", **place, SOPInstanceUID=uid)
        except PlanCheckerError as error:
            if place:
                raise
            raise PlanCheckerError(
                f"{self._archive.node} finds no object {uid!r}; is it there? A node that answers "
                f"no question by UID alone wants the patient as well ({error})"
            ) from error

    def structures(self, plan: Header) -> Iterator[Path]:
        doses = {header.sop_instance_uid for _, header in self._objects(Kind.DOSE)}
        for uid in sorted(plan.names - doses):
            if not self._has(uid):
                place = self._place(uid) or self._search(uid, "RTSTRUCT")
                if not place and len(plan.names) > 1:
                    continue  # a dose the plan names; the doses come by their study
                self._archive.move("IMAGE", **place, SOPInstanceUID=uid)
            yield from (
                path
                for path, header in self._objects(Kind.STRUCTURES)
                if header.sop_instance_uid == uid
            )

    def doses(self, plan: Header) -> tuple[list[Path], list[str]]:
        for study in self._studies:
            for series in self._series(study, "RTDOSE"):
                self._archive.move("SERIES", StudyInstanceUID=study, SeriesInstanceUID=series)
            if any(plan.sop_instance_uid in h.plans for _, h in self._objects(Kind.DOSE)):
                break
        every = list(self._objects(Kind.DOSE))
        mine = [
            path
            for path, header in every
            if not header.plans or plan.sop_instance_uid in header.plans
        ]
        left = len(every) - len(mine)
        return mine, [f"{left} doses of other plans were left out"] if left else []

    def images(self, paths: list[Path]) -> list[Path]:
        from planchecker.reading import read_cases  # noqa: PLC0415 - heavy

        structures = read_cases(paths)[0].structure_set
        series = structures.series_uids if structures is not None else ()
        for uid in series:
            study = self._study_of_series(uid)
            if study:
                self._archive.move("SERIES", StudyInstanceUID=study, SeriesInstanceUID=uid)
        return [path for path, header in self._objects(Kind.IMAGE) if header.series_uid in series]

    def _objects(self, kind: Kind) -> Iterator[tuple[Path, Header]]:
        return ((p, h) for p, h in sorted(self._inbox.headers().items()) if h.kind is kind)

    def _has(self, uid: str) -> bool:
        return any(h.sop_instance_uid == uid for h in self._inbox.headers().values())

    def _studies_of(self, patient_id: str) -> list[str]:
        rows = self._archive.find(
            "STUDY", PatientID=exact(patient_id, what="Patient ID"), StudyInstanceUID=""
        )
        self._studies = [row["StudyInstanceUID"] for row in rows if is_uid(row["StudyInstanceUID"])]
        return self._studies

    def _series(self, study: str, modality: str) -> list[str]:
        rows = self._archive.find(
            "SERIES", StudyInstanceUID=study, Modality=modality, SeriesInstanceUID=""
        )
        return [row["SeriesInstanceUID"] for row in rows if is_uid(row["SeriesInstanceUID"])]

    def _place(self, uid: str) -> Row:
        """Ask for study and series by the UID alone; empty where the node does not tell."""
        try:
            rows = self._archive.find("IMAGE", SOPInstanceUID=uid, **_PLACE)
        except PlanCheckerError:
            return {}  # not every node answers such a question; some send on it all the same
        places = [{key: row[key] for key in _PLACE} for row in rows]
        return next((place for place in places if all(map(is_uid, place.values()))), {})

    def _search(self, uid: str, modality: str) -> Row:
        """Go through the series of the patient's studies."""
        for study in self._studies:
            for series in self._series(study, modality):
                rows = self._archive.find(
                    "IMAGE", StudyInstanceUID=study, SeriesInstanceUID=series, SOPInstanceUID=""
                )
                if any(row["SOPInstanceUID"] == uid for row in rows):
                    return {"StudyInstanceUID": study, "SeriesInstanceUID": series}
        return {}

    def _study_of_series(self, uid: str) -> str:
        for study in self._studies:
            rows = self._archive.find("SERIES", StudyInstanceUID=study, SeriesInstanceUID=uid)
            if rows:
                return study
        return ""

    def _not_one(self, found: list[Header]) -> str:
        known = found or [header for _, header in self._objects(Kind.PLAN)]
        known.sort(key=lambda header: header.sop_instance_uid)
        listed = "; ".join(f"{h.label!r} {h.sop_instance_uid}" for h in known[:20]) or "none"
        asked = ", ".join(
            f"{name} {value!r}"
            for name, value in (
                ("patient", self._patient),
                ("plan UID", self._uid),
                ("plan label", self._label),
            )
            if value
        )
        count = len(found) or "no"
        return f"{count} plans on {self._archive.node} fit {asked}; plans there: {listed}"
