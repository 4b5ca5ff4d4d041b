"""Making the errors, checking each, and judging what came out."""

import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from constraints.loader import load_protocol
from constraints.model import Protocol
from planchecker.case import Case
from planchecker.checker import build_context, check
from planchecker.checks import CHECKS
from planchecker.checks.context import Context
from planchecker.commission.export import Export
from planchecker.commission.model import Commissioning, Impossible, Mutation, Trial
from planchecker.commission.mutations import MUTATIONS
from planchecker.errors import PlanCheckerError, ReadError
from planchecker.reading import read_cases
from planchecker.results import ExitCode, Finding, Report, Status

__all__ = ["commission"]

_PROTOCOL = "bone_metastases"


def commission(
    paths: Iterable[Path | str],
    *,
    protocol: str | None = None,
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
    rules = load_protocol(protocol or _PROTOCOL)
    case = _one_plan(tuple(paths))
    clean = check(case, protocol=rules, second_opinion=second_opinion)
    work = partial(_trial, case=case, rules=rules, baseline=_lines(clean))
    identifiers = [mutation.id for mutation in mutations]
    trials: list[Trial] = []
    if workers > 1 and set(identifiers) <= {mutation.id for mutation in MUTATIONS}:
        with ProcessPoolExecutor(
            max_workers=workers, initializer=_prepare, initargs=(case, rules)
        ) as pool:
            for trial in pool.map(work, identifiers):
                trials.append(trial)
                _tell(progress, len(trials), len(identifiers))
    else:
        _prepare(case, rules)
        for mutation in mutations:
            trials.append(_made(mutation, case=case, rules=rules, baseline=_lines(clean)))
            _tell(progress, len(trials), len(mutations))
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


_measured: dict[str, Context] = {}
"""The clean plan of this process, measured once."""


def _prepare(case: Case, rules: Protocol) -> None:
    _measured["clean"] = build_context(case, rules)


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


def _trial(
    identifier: str, *, case: Case, rules: Protocol, baseline: frozenset[tuple[str, ...]]
) -> Trial:
    mutation = next(one for one in MUTATIONS if one.id == identifier)
    return _made(mutation, case=case, rules=rules, baseline=baseline)


def _made(
    mutation: Mutation, *, case: Case, rules: Protocol, baseline: frozenset[tuple[str, ...]]
) -> Trial:
    known = partial(Trial, id=mutation.id, title=mutation.title, code=mutation.code)
    try:
        export = Export(_measured["clean"])
        mutation.apply(export)
    except Impossible as reason:
        return known(detected=None, said=f"not possible: {reason}")
    with tempfile.TemporaryDirectory(prefix="planchecker-commission-") as folder:
        export.write(Path(folder))
        try:
            report = _report_of(Path(folder), case, rules)
        except PlanCheckerError as error:
            return known(detected=False, said=f"could not be checked: {error}")
    return _judged(mutation, report, baseline)


def _report_of(folder: Path, case: Case, rules: Protocol) -> Report:
    wanted = case.plan.sop_instance_uid if case.plan else ""
    for found in read_cases([folder]):
        if found.plan is not None and found.plan.sop_instance_uid == wanted:
            return check(found, protocol=rules)
    raise ReadError("the mutated plan was not read")


def _judged(mutation: Mutation, report: Report, baseline: frozenset[tuple[str, ...]]) -> Trial:
    new = [f for f in report.findings if f.status is not Status.PASS and _line(f) not in baseline]
    hits = [f for f in new if f.code == mutation.code and f.status in mutation.statuses]
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
