"""A commissioning run as text, JSON or HTML."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from planchecker.commission.model import Commissioning, Trial
from planchecker.reports.style import Style
from planchecker.reports.text import clean, clip

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render"]

_SCHEMA = "planchecker-commissioning/1"
_TEMPLATE = "commission.html.jinja"
_LONGEST = 300


def render(run: Commissioning, format: str, *, style: Style | None = None) -> str:  # noqa: A002
    """Write a run as ``"terminal"``, ``"json"`` or ``"html"``.

    Raises
    ------
    ValueError
        If the format is unknown.

    Examples
    --------
    >>> run = Commissioning(plan="T10", codes=("ID001",), clean=(), trials=())
    >>> render(run, "terminal").splitlines()[0]
    'T10: no error could be seeded'
    """
    if format == "json":
        return _json(run)
    if format == "html":
        return _environment().get_template(_TEMPLATE).render(run=run, rows=_rows(run))
    if format == "terminal":
        return _terminal(run, style or Style())
    raise ValueError(f"unknown format {format!r}; known are terminal, json, html")


def _headline(run: Commissioning) -> str:
    label = clip(clean(run.plan), 64) or "plan"
    if run.sensitivity is None:
        return f"{label}: no error could be seeded"
    made = run.possible
    found = len(made) - len(run.missed)
    return (
        f"{label}: {found} of {len(made)} seeded errors found ({100 * run.sensitivity:.0f} %); "
        f"{len(run.trials) - len(made)} not possible in this plan"
    )


def _rows(run: Commissioning) -> tuple[tuple[str, str, str], ...]:
    """Return code, found of made, and whether the check flags the clean plan."""
    rows = []
    for code in run.codes:
        found, made = run.of(code)
        flagged = "flags the clean plan" if code in run.false_flags else ""
        rows.append((code, f"{found} of {made}" if made else "none possible", flagged))
    return tuple(rows)


def _terminal(run: Commissioning, style: Style) -> str:
    lines = [_headline(run)]
    if run.clean:
        lines += ["", f"The clean plan is flagged by {len(run.false_flags)} checks:"]
        lines += [f"  {clip(clean(line), _LONGEST)}" for line in run.clean]
    else:
        lines += ["", f"The clean plan is flagged by none of {len(run.codes)} checks."]
    lines += ["", "Check   seeded errors found"]
    lines += [f"{code}   {count}{'   ' + note if note else ''}" for code, count, note in _rows(run)]
    if run.missed:
        lines += ["", "Missed:"]
        lines += [_one(trial) for trial in run.missed]
    if style.verbose:
        lines += ["", "Every error:"]
        lines += [_one(trial) for trial in run.trials]
    return "\n".join(lines) + "\n"


def _one(trial: Trial) -> str:
    word = {True: "found", False: "MISSED", None: "not possible"}[trial.detected]
    return f"  {word:12}  {trial.code}  {trial.id}: {clip(clean(trial.said), _LONGEST)}"


def _json(run: Commissioning) -> str:
    content = {
        "schema": _SCHEMA,
        "program": {"version": run.program_version},
        "plan": run.plan,
        "sensitivity": run.sensitivity,
        "possible": len(run.possible),
        "missed": [trial.id for trial in run.missed],
        "clean": list(run.clean),
        "checks": [
            {"code": code, "found": run.of(code)[0], "made": run.of(code)[1]} for code in run.codes
        ],
        "trials": [asdict(trial) for trial in run.trials],
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - html only

    environment = Environment(
        loader=PackageLoader("planchecker.commission"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["prose"] = lambda value: clip(clean(value), _LONGEST)
    environment.globals["headline"] = _headline
    return environment
