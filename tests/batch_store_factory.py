"""A store of a batch filled with rows that can be counted by hand."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

SCHEMA = files("planchecker.batch") / "store" / "schema_1.sql"
AT = "2026-01-31T12:00:00+00:00"


@dataclass(frozen=True, kw_only=True)
class F:
    """A row of the table ``finding``."""

    code: str
    status: str
    subject: str = "plan"
    message: str = "said"
    metric: str = ""
    value: float | None = None
    unit: str = ""
    bound: float | None = None
    comparison: str = ""
    guideline: str = ""
    governs: bool = True
    roi_number: int | None = None

    @property
    def margin(self) -> float | None:
        if self.value is None or self.bound is None:
            return None
        over = self.value - self.bound
        return over if self.comparison.startswith(">") else -over


@dataclass(frozen=True, kw_only=True)
class M:
    """A row of the table ``metric``."""

    structure: str
    expression: str
    value: float | None
    roi_number: int = 1
    roi_name: str = ""
    unit: str = "Gy"


@dataclass(frozen=True, kw_only=True)
class C:
    """A row of the table ``case`` with what belongs to it; without a status it failed."""

    key: str
    status: str | None = "pass"
    exit_code: int = 0
    plan_uid: str = ""
    plan_label: str = "PLAN"
    patient_id: str = "ID"
    patient_name: str = "DOE^JANE"
    planned_on: str | None = "2024-03-07"
    machine: str = "LINAC_A"
    technique: str = "VMAT, stereotactic"
    scheme: str = "SC24-1/24-2"
    prescribed_dose_gy: float | None = 24.0
    fractions: int | None = 2
    duration_s: float | None = 1.5
    findings: Sequence[F] = ()
    metrics: Sequence[M] = ()
    overrides: Sequence[tuple[str, str, str, str, str, str]] = ()
    errors: Sequence[tuple[str, str]] = field(default=())
    """Kind and message."""


def write_store(path: Path, cases: Sequence[C] = (), *, state: str = "complete") -> Path:
    """Write a store of one batch with these cases."""
    with closing(sqlite3.connect(path)) as store, store:
        store.executescript(SCHEMA.read_text(encoding="utf-8"))
        store.execute("PRAGMA user_version = 1")
        failed = sum(case.status is None for case in cases)
        store.execute(
            "INSERT INTO batch VALUES (1,?,?,?,?,'pool','1.0','lib','bone_metastases','pro','',"
            "?,?,?,?,0)",
            ("/plans", AT, AT, state, json.dumps({}), len(cases), len(cases) - failed, failed),
        )
        for number, case in enumerate(cases, start=1):
            _case(store, number, case)
    return path


def _case(store: sqlite3.Connection, number: int, case: C) -> None:
    state = "failed" if case.status is None else "checked"
    row = (
        number, case.key, 1, state, f"resume-{number}", AT, case.duration_s, 200.0, case.status,
        case.exit_code, case.plan_uid, case.plan_label, case.patient_id, case.patient_name,
        case.planned_on, case.machine, case.technique, case.scheme, "spine",
        case.prescribed_dose_gy, case.fractions, case.key if case.status else "", "",
    )  # fmt: skip
    _insert(store, "case", [row])
    path = f"{case.key}/RP.dcm"
    _insert(store, "file", [(path, 10, 1, "aa", "object", "", "1.2", f"1.{number}", "{}", 1)])
    _insert(store, "case_input", [(number, path, f"1.{number}", "aa")])
    _insert(store, "finding", [_finding(number, i, one) for i, one in enumerate(case.findings)])
    _insert(
        store,
        "metric",
        [
            (number, m.roi_number, m.roi_name or m.structure, m.structure, m.expression, m.value,
             m.unit, None, None, "" if m.value is not None else "no dose")
            for m in case.metrics
        ],
    )  # fmt: skip
    _insert(store, "override", [(number, *one) for one in case.overrides])
    _insert(store, "error", [(None, 1, number, path, k, words, AT) for k, words in case.errors])


def _finding(number: int, position: int, one: F) -> tuple[object, ...]:
    return (
        number, position, f"{one.code}-{position}", one.code, one.subject, one.roi_number,
        one.status, one.message, one.metric, one.value, one.unit, None, None, one.comparison,
        one.bound, one.margin, one.guideline, "Table 1", "", "A", int(one.governs), "", "",
    )  # fmt: skip


def _insert(store: sqlite3.Connection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        marks = ",".join("?" * len(rows[0]))
        store.executemany(f'INSERT INTO "{table}" VALUES ({marks})', rows)  # noqa: S608


def many_cases(count: int) -> Iterator[C]:
    """Cases of a large archive: every status, machine and month in turn."""
    statuses = ("pass", "warn", "manual", "borderline", "not-evaluated", "fail")
    for i in range(count):
        status = statuses[i % 6]
        yield C(
            key=f"case-{i:05d}",
            status=status,
            exit_code={"fail": 1, "pass": 0, "warn": 0}.get(status, 3),
            plan_uid=f"1.2.{i}",
            plan_label=f"Plan {i}",
            patient_id=f"P{i:06d}",
            patient_name=f"DOE^JANE{i}",
            planned_on=f"20{20 + i % 5}-{1 + i % 12:02d}-15",
            machine=f"LINAC_{i % 3}",
            scheme=("SC24-1/24-2", "T7-01/30-10")[i % 2],
            technique=("VMAT, stereotactic", "static conformal, conventional")[i % 2],
            findings=[
                F(
                    code="DL001",
                    status=status,
                    subject="SpinalCord",
                    metric="D0.03cc",
                    value=10.0 + i % 10,
                    unit="Gy",
                    bound=17.0,
                    comparison="<=",
                    guideline="hytec-cord-2021",
                ),
                *(F(code=f"ID{n:03d}", status="pass") for n in range(20)),
            ],
            metrics=[M(structure="SpinalCord", expression="D0.03cc", value=10.0 + i % 10)],
        )
