"""RX010 and RX011: the prescription scheme and the technique its table recommends."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from constraints.model import Course, Standing, Technique
from planchecker.checks.context import Context, Outcome
from planchecker.checks.ladder import climb
from planchecker.checks.limits.asking import measure
from planchecker.checks.limits.judging import Answer, compare
from planchecker.checks.limits.nesting import Role, in_family, stand_ins, transfers
from planchecker.checks.limits.selection import cord_governors, questions
from planchecker.results import Finding, NotApplicable, Status, worst
from planchecker.schemes.inference import INFERRED
from planchecker.schemes.tables import Entry, cells, full_dose_eqd2_gy, named, ranges

__all__ = ["recognised", "technique_of_scheme"]

_USED = (Standing.RECOMMENDED, Standing.ALSO)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pair:
    """The prescription as the tables see it."""

    dose_gy: float
    fractions: int
    entries: tuple[Entry, ...]
    held: frozenset[str]
    """Indications of the house table whose range holds the pair."""


def recognised(context: Context) -> Iterator[Outcome]:
    """Ask whether dose and fractions are a scheme of the guideline tables.

    What
    ----
    The pair of total dose and fractions against the schemes that the house table and the
    other guidelines name, for the indications that remain possible. A pair that lies in a
    range of the house table without being named is judged by the EQD2 of a cord that
    receives the full dose.

    Why
    ---
    A wrong number of fractions is the gravest slip in a prescription: 20 Gy in 4 is not
    20 Gy in 5, and a range of doses and fractions also holds pairs that harm the cord.

    Passes
    ------
    The house table names the pair; a stereotactic pair may be named by any table, since the
    house table gives no stereotactic figures.

    Fires
    -----
    `warn` for a pair named as an exception or by another guideline only, and for an unnamed
    one in range whose full-dose cord EQD2 is low; `manual` for one in between, one named for
    another indication, an unknown or inferred pair, a second course, hints that contradict
    each other, a name of another bone on a plan of the spine, and any plan that may be
    conventional or stereotactic; `fail` for an unnamed
    pair in range above ``cord.eqd2_fail_gy``, unless the plan is stereotactic and its
    measured cord meets the governing limit.

    Not evaluated
    -------------
    Where dose, fractions or technique are unknown.

    References
    ----------
    House table and guidelines of the protocol; ``cord.eqd2_pass_gy``, ``cord.eqd2_fail_gy``,
    ``cord.eqd2_alpha_beta_gy``.
    """
    plan = context.case.plan
    if plan is None:
        return
    stated, match = plan.prescription, context.scheme.match
    if stated.dose_gy is None or not stated.fractions:
        yield _finding(Status.NOT_EVALUATED, match.why, match.id)
        return
    if stated.source == INFERRED:
        yield _finding(Status.MANUAL, match.why, match.id)
        return
    pair = _look_up(context, stated.dose_gy, stated.fractions)
    worlds = context.technique.worlds
    judges = {Technique.CONVENTIONAL: _conventional, Technique.STEREOTACTIC: _stereotactic}
    readings = [judges[world](context, pair) for world in worlds]
    floors = tuple(_floors(context))
    statuses = [status for status, _ in readings] + [status for status, _ in floors]
    reasons = dict.fromkeys(text for _, text in (*readings, *floors))
    yield _finding(worst(statuses), "; ".join((match.why, *reasons)), match.id)


def _finding(status: Status, message: str, scheme: str) -> Finding:
    return Finding(
        code="RX010",
        subject="scheme",
        status=status,
        message=f"{message[:1].upper()}{message[1:]}.",
        source=scheme,
        remedy=""
        if status is Status.PASS
        else "Check total dose, fractions and indication against the prescription.",
    )


def _look_up(context: Context, dose_gy: float, fractions: int) -> _Pair:
    rows = {row.id: row for row in context.protocol.indications}
    second = bool(context.scheme.told) and all(
        rows[i].course is Course.REIRRADIATION for i in context.scheme.indications if i in rows
    )
    entries = named(
        dose_gy,
        fractions,
        protocol=context.protocol,
        guidelines=context.guidelines,
        reirradiation=second,
    )
    held = ranges(dose_gy, fractions, protocol=context.protocol, guidelines=context.guidelines)
    return _Pair(
        dose_gy=dose_gy,
        fractions=fractions,
        entries=entries,
        held=frozenset(row.indication for row in held),
    )


def _floors(context: Context) -> Iterator[tuple[Status, str]]:
    """Yield what keeps the finding from passing whatever the tables say."""
    rows = {row.id: row for row in context.protocol.indications}
    reading, worlds = context.scheme, context.technique.worlds
    second = any(rows[i].course is Course.REIRRADIATION for i in reading.indications if i in rows)
    if not worlds:
        yield Status.NOT_EVALUATED, "the technique is unknown"
    if len(worlds) > 1:
        yield Status.MANUAL, f"the technique is not clear: {context.technique.why}"
    if reading.told and second:
        yield Status.MANUAL, "re-irradiation is judged by the doses already received"
    if reading.conflicting:
        yield Status.MANUAL, f"names and labels contradict each other: {reading.told}"
    if reading.elsewhere:
        yield Status.MANUAL, f"{reading.elsewhere!r} tells of a bone outside the spine"


def _conventional(context: Context, pair: _Pair) -> tuple[Status, str]:
    usual = [entry for entry in pair.entries if not entry.is_stereotactic]
    possible = context.scheme.indications
    speaking = [entry for entry in usual if entry.house and _covers(context, entry)]
    house = [entry for entry in speaking if entry.scheme.indication in possible] or speaking
    others = [entry for entry in usual if not entry.house and _covers(context, entry)]
    if house:
        exceptional = all(entry.scheme.standing not in _USED for entry in house)
        rows = _listed(entry.scheme.indication for entry in house)
        return (
            (Status.WARN, f"the house table names it for {rows} as an exception only")
            if exceptional
            else (Status.PASS, f"the house table names it for {rows}")
        )
    found = []
    if others:
        found.append((Status.WARN, f"only {_listed(e.guideline for e in others)} names it"))
    if pair.held and not any(entry.house for entry in usual):
        found.append(_in_range(context, pair))
    if not others and not pair.held.intersection(context.scheme.indications):
        found.append(_for_others(context, usual))
    return worst(status for status, _ in found), "; ".join(text for _, text in found)


def _for_others(context: Context, usual: list[Entry]) -> tuple[Status, str]:
    told = f" of {_listed(context.scheme.indications)}" if context.scheme.told else ""
    if usual:
        rows = _listed(entry.scheme.indication for entry in usual)
        return Status.MANUAL, f"it is named for {rows}, not for this treatment{told}"
    return Status.MANUAL, f"no table names it for conventional treatment{told}"


def _stereotactic(context: Context, pair: _Pair) -> tuple[Status, str]:
    precise = [entry for entry in pair.entries if entry.is_stereotactic]
    tables = _listed(entry.guideline for entry in precise)
    allowed = [i for i in context.scheme.indications if "SBRT" in _cells(context, i)]
    silent = [i for i in context.scheme.indications if not _cells(context, i)]
    if precise and (allowed or silent):
        return Status.PASS, f"{tables} names it for stereotactic treatment"
    if precise:
        asked = _listed(context.scheme.indications)
        return (
            Status.MANUAL,
            f"{tables} names it, but the house table has no stereotaxy for {asked}",
        )
    if pair.held and not any(entry.house for entry in pair.entries):
        return _in_range(context, pair)
    return Status.MANUAL, "no table names it for stereotactic treatment"


def _covers(context: Context, entry: Entry) -> bool:
    """Tell whether an entry speaks for an indication that remains possible.

    An indication that is no row of the house table is served by any row that is of the same
    course: the house table is then silent, not against it.
    """
    possible = context.scheme.indications
    return entry.scheme.indication in possible or (
        entry.house and any(not _cells(context, i) for i in possible)
    )


def _cells(context: Context, indication: str) -> tuple[str, ...]:
    return cells(indication, protocol=context.protocol, guidelines=context.guidelines)


def _in_range(context: Context, pair: _Pair) -> tuple[Status, str]:
    """Judge an unnamed pair inside a range by the EQD2 of a cord at full dose."""
    alpha_beta = context.criterion("cord.eqd2_alpha_beta_gy")
    eqd2 = full_dose_eqd2_gy(pair.dose_gy, pair.fractions, alpha_beta_gy=alpha_beta)
    low, high = context.criterion("cord.eqd2_pass_gy"), context.criterion("cord.eqd2_fail_gy")
    said = f"it lies in a range unnamed; a cord at full dose has EQD2({alpha_beta:g}) {eqd2:.1f} Gy"
    worlds = context.technique.worlds
    kept = Technique.STEREOTACTIC in worlds and _measured_cord_meets(context)
    return climb(
        (eqd2 <= low, Status.WARN, said),
        (
            eqd2 > high and kept,
            Status.WARN if worlds == (Technique.STEREOTACTIC,) else Status.MANUAL,
            f"{said}, but the measured cord meets the governing stereotactic limit",
        ),
        (eqd2 <= high, Status.MANUAL, said),
        (context.scheme.spine is False, Status.MANUAL, f"{said}; the target is not spine"),
        (True, Status.FAIL, f"{said}, above {high:g} Gy"),
    )


def _measured_cord_meets(context: Context) -> bool:
    """Tell whether the governing stereotactic cord limits are proved to be met."""
    world = Technique.STEREOTACTIC
    deciding = cord_governors(context, world)
    answers = []
    for question in questions(context, world):
        limit = question.limit
        if question.guideline.id not in deciding or limit.unit != limit.metric.unit:
            continue
        if not in_family(context.protocol, question.structure):
            continue
        if not transfers(limit.metric, limit.comparison):
            continue
        for stand_in in stand_ins(context, question.structure):
            if stand_in.role is not Role.INSIDE:
                value = measure(context, stand_in.match.roi_number, limit.metric)
                answers.append(compare(value, limit.comparison, limit.value, unit=limit.unit))
    return bool(answers) and all(answer is Answer.MET for answer in answers)


def technique_of_scheme(context: Context) -> Iterator[Outcome]:
    """Ask whether the table recommends this technique for the indication.

    What
    ----
    The technique of the plan against the technique cell of the house table, for each
    indication that remains possible.

    Why
    ---
    After surgery and in cord compression the table recommends no stereotaxy: target and
    dose follow other rules there.

    Passes
    ------
    The row of at least one possible indication recommends the technique; where nothing told
    the indication, the rows that do not are named.

    Fires
    -----
    `manual` where no row of the possible indications recommends it, where hints contradict
    each other and one row does not, or where the plan may be stereotactic and such a row
    does not allow that; `warn` for protons and electrons, which the table does not name.

    Not evaluated
    -------------
    Where the technique is unknown.

    References
    ----------
    House table of the protocol, technique cells.
    """
    if context.case.plan is None:
        return
    rows = {i: found for i in context.scheme.indications if (found := _cells(context, i))}
    if not rows:
        reason = f"the house table has no row for {_listed(context.scheme.indications)}"
        yield NotApplicable(code="RX011", subject="technique", reason=reason)
        return
    reading = context.technique
    wanted = {"SBRT" if w is Technique.STEREOTACTIC else reading.cell for w in reading.worlds}
    without = [i for i, found in rows.items() if not wanted <= set(found)]
    strict = bool(context.scheme.told) and (context.scheme.conflicting or len(rows) == 1)
    against = len(without) == len(rows) or (strict and bool(without))
    name = reading.delivery or "an unknown delivery"
    said = f"{' or '.join(sorted(wanted - {''})) or name} ({name})"
    status, message = climb(
        (not reading.worlds or not reading.delivery, Status.NOT_EVALUATED, reading.why),
        ("" in wanted, Status.WARN, f"The house table does not speak of {name}"),
        (
            against,
            Status.MANUAL,
            f"The house table does not recommend {said} for {_listed(without)}",
        ),
        (bool(without), Status.PASS, f"{said} is recommended, but not for {_listed(without)}"),
        (True, Status.PASS, f"{said} is recommended for {_listed(rows)}"),
    )
    yield Finding(
        code="RX011",
        subject="technique",
        status=status,
        message=f"{message[:1].upper()}{message[1:]}.",
        remedy=""
        if status is Status.PASS
        else "Check technique and indication; a deviation from the table is the physician's.",
    )


def _listed(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words)) or "none"
