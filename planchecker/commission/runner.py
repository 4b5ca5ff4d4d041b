"""Making the errors, checking each, and judging what came out."""

import re
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from planchecker.case import Case
from planchecker.checker import build_context, check
from planchecker.checker.centre import Centre, centre_of
from planchecker.checks import CHECKS
from planchecker.checks.context import Context
from planchecker.commission.export import Export
from planchecker.commission.memory import Memory
from planchecker.commission.model import Commissioning, Impossible, Mutation, Trial
from planchecker.commission.mutations import MUTATIONS
from planchecker.errors import PlanCheckerError, ReadError
from planchecker.reading import read_cases
from planchecker.results import ExitCode, Finding, Report, Status

__all__ = ["commission", "judged"]


def commission(
    paths: Iterable[Path | str],
    *,
    protocol: str | None = None,
    site: str | Path | None = None,
    mutations: tuple[Mutation, ...] = MUTATIONS,
    workers: int = 1,
    second_opinion: bool = True,
    program_version: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Commissioning:
    """Seed errors into a plan and see which are found.

    Parameters
    ----------
    paths
        Files and folders of one plan.
    site
        Site file: the errors are judged as the centre judges its plans.
    workers
        Processes that check side by side.
    second_opinion
        Compare the clean plan with an independent histogram engine as well.
    progress
        Called with the number of errors done and the number of all.

    Raises
    ------
    ReadError
        If the paths do not hold exactly one plan of external beams with its structures.
    """
    rules = centre_of(protocol, site)
    memory = Memory()
    case = memory.same(_one_plan(tuple(paths)))
    clean = check(
        case,
        protocol=rules.base,
        site=rules.site,
        second_opinion=second_opinion,
        histograms=memory.histograms,
    )
    identifiers = [mutation.id for mutation in mutations]
    trials: list[Trial] = []
    if workers > 1 and set(identifiers) <= {mutation.id for mutation in MUTATIONS}:
        with ProcessPoolExecutor(
            max_workers=workers, initializer=_prepare, initargs=(case, rules, _lines(clean))
        ) as pool:
            for trial in pool.map(_trial, identifiers):
                trials.append(trial)
                _tell(progress, len(trials), len(identifiers))
    else:
        _prepare(case, rules, _lines(clean), memory)
        for mutation in mutations:
            trials.append(_made(mutation, _JOBS[0]))
            _tell(progress, len(trials), len(mutations))
        _JOBS.clear()
    return Commissioning(
        plan=case.plan.label if case.plan else "",
        codes=tuple(one.code for one in CHECKS),
        clean=tuple(
            f"{f.code} {f.status.value} {f.subject}: {f.message}"
            for f in clean.ranked
            if f.status is not Status.PASS
        ),
        trials=tuple(trials),
        program_version=program_version,
    )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Job:
    """What every trial of one process shares."""

    clean: Context
    rules: Centre
    baseline: frozenset[tuple[str, ...]]
    memory: Memory


_JOBS: list[_Job] = []
"""The job of this process: the plan is measured and handed over once, not for every error."""


def _prepare(
    case: Case,
    rules: Centre,
    baseline: frozenset[tuple[str, ...]],
    memory: Memory | None = None,
) -> None:
    known = Memory() if memory is None else memory
    clean = build_context(known.same(case), rules, histograms=known.histograms)
    _JOBS[:] = [_Job(clean=clean, rules=rules, baseline=baseline, memory=known)]


def _tell(progress: Callable[[int, int], None] | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)


def _one_plan(paths: tuple[Path | str, ...]) -> Case:
    cases = [case for case in read_cases(paths) if case.plan is not None]
    if len(cases) != 1:
        raise ReadError(f"{len(cases)} plans under the paths; give a folder with one plan")
    case = cases[0]
    if case.plan is None or case.plan.brachy or case.structure_set is None:
        raise ReadError("the plan is no external beam plan with its structure set")
    return case


def _trial(identifier: str) -> Trial:
    return _made(next(one for one in MUTATIONS if one.id == identifier), _JOBS[0])


def _made(mutation: Mutation, job: _Job) -> Trial:
    known = partial(Trial, id=mutation.id, title=mutation.title, code=mutation.code)
    try:
        export = Export(job.clean)
        mutation.apply(export)
    except Impossible as reason:
        return known(detected=None, said=f"not possible: {reason}")
    with tempfile.TemporaryDirectory(prefix="planchecker-commission-") as folder:
        home = Path(folder) / "plan"
        home.mkdir()
        export.write(home)
        try:
            report = _report_of(home, export, job)
        except PlanCheckerError as error:
            return known(detected=False, said=f"could not be checked: {error}")
    return judged(mutation, report, job.baseline)


def _report_of(home: Path, export: Export, job: _Job) -> Report:
    plan, memory = job.clean.case.plan, job.memory
    earlier = [
        memory.same(case)
        for folder in export.write_earlier(home.parent)
        for case in read_cases([folder])
    ]
    for found in read_cases([home]):
        if found.plan and plan and found.plan.sop_instance_uid == plan.sop_instance_uid:
            return check(
                memory.same(found),
                protocol=job.rules.base,
                site=job.rules.site,
                prior=(*earlier, *export.earlier),
                summed=export.summed,
                second_opinion=export.second_opinion,
                histograms=memory.histograms,
            )
    raise ReadError("the mutated plan was not read")


def judged(mutation: Mutation, report: Report, baseline: frozenset[tuple[str, ...]]) -> Trial:
    """Say whether a report of the mutated plan names the error.

    Parameters
    ----------
    baseline
        Code, subject, status and message of every finding of the clean plan.
    """
    new = [f for f in report.findings if f.status is not Status.PASS and _line(f) not in baseline]
    hits = [
        f
        for f in new
        if f.code == mutation.code
        and f.status in mutation.statuses
        and re.search(mutation.says, f.message, re.IGNORECASE)
    ]
    caught = bool(hits) and report.exit_code is not ExitCode.OK
    if hits:
        said = f"{hits[0].status.value}: {hits[0].message}"
    else:
        found = sorted({f"{f.code} {f.status.value}" for f in report.findings if f in new})
        said = f"not found by {mutation.code}; new are {', '.join(found) or 'none'}"
    return Trial(
        id=mutation.id,
        title=mutation.title,
        code=mutation.code,
        detected=caught,
        status=report.status.value,
        exit_code=int(report.exit_code),
        said=said,
        others=tuple(sorted({f.code for f in new if f.code != mutation.code})),
    )


def _lines(report: Report) -> frozenset[tuple[str, ...]]:
    return frozenset(_line(finding) for finding in report.findings)


def _line(finding: Finding) -> tuple[str, ...]:
    return finding.code, finding.subject, finding.status.value, finding.message
