"""Telling on every finding what a site file had to do with it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from constraints.site_model import Change
from planchecker.checker.centre import Centre, Watched
from planchecker.checks.context import Context, Outcome
from planchecker.naming import Match
from planchecker.results import Finding

__all__ = ["Teller"]

# What chose technique, scheme and dose is told where they are reported.
_BASIS = ("DL005", "RX")


class Teller:
    """Adds to each finding what the site file decided about it.

    Parameters
    ----------
    centre
        The rules in use.
    context
        The plan as it was measured by them; criteria that were read so far are its basis.
    """

    def __init__(self, centre: Centre, context: Context) -> None:
        self._centre = centre
        self._matches: Mapping[int, Match] = {m.roi_number: m for m in context.matches}
        self._basis = self._taken()

    def begin(self) -> None:
        """Forget which criteria were read; called before each check."""
        criteria = self._centre.protocol.criteria
        if isinstance(criteria, Watched):
            criteria.forget()

    def tell(self, outcome: Outcome) -> Outcome:
        """Return the outcome, a finding with what was decided about it."""
        if self._centre.site is None or not isinstance(outcome, Finding):
            return outcome
        said = tuple(dict.fromkeys(self._sentences(outcome)))
        if not said:
            return outcome
        words = " ".join(said)
        return replace(outcome, message=f"{outcome.message} {words}", decided=words)

    def _sentences(self, finding: Finding) -> Iterator[str]:
        if finding.decided:
            yield finding.decided
        else:
            yield from map(_row_words, self._rows(finding))
        match = self._matches.get(finding.roi_number) if finding.roi_number is not None else None
        if match is not None and match.how.startswith("site alias"):
            yield f"Site file: {match.roi_name!r} stands for {match.name}."
        based = self._basis if finding.code.startswith(_BASIS) else ()
        for change in (*self._taken(), *based):
            yield f"Site file: {change.where} is {_instead(change)}."
        yield from self._precedence(finding, match)

    def _rows(self, finding: Finding) -> Iterator[Change]:
        """Yield the changes of the row a finding rests on, where its check does not say."""
        guideline = self._centre.guidelines.get(finding.guideline)
        if guideline is None:
            return
        rows = {row.id: row for row in guideline.rows}
        for change in self._centre.changes:
            id_, _, name = change.where.partition(" ")
            row = rows.get(name) if id_ == finding.guideline else None
            if row is None or not row.where or row.where not in finding.source:
                continue
            metric = getattr(row, "metric", None)
            if metric is None or not finding.metric or str(metric) == finding.metric:
                yield change

    def _precedence(self, finding: Finding, match: Match | None) -> Iterator[str]:
        """Yield which guideline decides here by the word of the site file."""
        for change in self._centre.changes:
            if change.subject != "governing" or not finding.code.startswith("DL"):
                continue
            names, *_ = change.where.rpartition(", ")[0].rpartition(", ")
            spoken = {finding.subject, *((match.name, match.base) if match else ())}
            listed = set(names.split(", "))
            concerned = bool(listed & spoken) or listed == {"every other structure"}
            decides = change.after if finding.governs else change.before
            if concerned and finding.guideline and finding.guideline in decides.split(", "):
                yield f"Site file: {names} judged by {_instead(change)}."

    def _taken(self) -> tuple[Change, ...]:
        criteria = self._centre.protocol.criteria
        return criteria.taken() if isinstance(criteria, Watched) else ()


def _row_words(change: Change) -> str:
    return f"Site file: {_instead(change)}."


def _instead(change: Change) -> str:
    who = ", ".join(filter(None, (change.approver, change.date)))
    why = f", {change.direction}: {change.reason}" if change.reason else f", {change.direction}"
    return f"{change.after} instead of {change.before}{why}" + (f" ({who})" if who else "")
