"""What checking an archive costs: ``python -m benchmarks.batch``.

Throughput with one and two workers, the parent's memory while the cases grow, a resumed run with
nothing changed, the cost of a case against one ``planchecker check``, and the sizes of what is
written. The cases are those of `benchmarks.many`. ``--dask`` adds the overhead of a task.
"""

import argparse
import contextlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final

from benchmarks.many import KINDS, write_many
from benchmarks.table import format_table
from benchmarks.timing import Cost, cost_of_process, interleaved, medians

__all__ = ["Growth", "Sample", "grown", "main", "sizes"]

_VERDICTS: Final = (0, 1, 3)
_STORE: Final = "planchecker.sqlite"
_WORKERS: Final = (1, 2)
_MARKS: Final = (1, 100, 250, 500, 1000, 2500, 5000, 10000)
_NO_OP: Final = """
import time
from distributed import Client, LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            client.gather(client.map(abs, range(100), pure=False))
            start = time.perf_counter()
            client.gather(client.map(abs, range(5000), pure=False))
            print((time.perf_counter() - start) / 5000)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """Memory in MB and CPU seconds of the parent when so many cases were in the store."""

    cases: int
    resident_mb: float
    cpu_s: float
    after_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Growth:
    """A run that was watched."""

    wall_s: float
    code: int
    samples: tuple[Sample, ...]


def main() -> None:
    """Print every table."""
    given = _options()
    load = f"; load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{os.cpu_count()} cores{load} at the start", flush=True)
    with tempfile.TemporaryDirectory(prefix="planchecker-benchmarks-") as scratch:
        home = given.home or Path(scratch)
        few = list(write_many(home / "few", given.few))
        by_kind(few[: len(KINDS)])
        print(f"\n{by_kind(few[: len(KINDS)])}", flush=True)
        costs = _throughput(given, home, few)
        print(f"\n{_against_one(given, few[0], costs[1], given.few)}", flush=True)
        start = time.perf_counter()
        made = sum(1 for _ in write_many(home / "many", given.count))
        print(f"\n{made} cases written in {time.perf_counter() - start:.0f} s", flush=True)
        command = _batch(given, home / "many", home / "out", given.workers)
        print(f"\n{_growing(grown(command, home / 'out'))}", flush=True)
        print(f"\n{_resumed(command, home / 'out', given.count)}", flush=True)
        print(f"\n{_sizes(home / 'out', given.python)}", flush=True)
        if given.dask:
            each = _run([given.python, "-c", _NO_OP]).strip()
            print(f"\nDask, two local workers, an empty task: {1000 * float(each):.2f} ms")


def by_kind(folders: Sequence[Path]) -> str:
    """Return one table: CPU seconds of reading, checking and writing a case of each kind."""
    from planchecker.checker import check  # noqa: PLC0415 - heavy
    from planchecker.reading import read_cases  # noqa: PLC0415
    from planchecker.reading.pixels import read_hounsfield  # noqa: PLC0415
    from planchecker.reports import render  # noqa: PLC0415

    rows = []
    for folder in folders:
        times = [time.process_time()]
        (case,) = read_cases([folder])
        times.append(time.process_time())
        report = check(case, pictures=True, pixels=read_hounsfield)
        times.append(time.process_time())
        render(report, "json")
        render(report, "html")
        times.append(time.process_time())
        label = report.plan.label if report.plan else folder.name
        steps = [f"{after - before:.2f}" for before, after in pairwise(times)]
        rows.append((label, *steps, f"{times[-1] - times[0]:.2f}"))
    head = ("CPU s", "read", "check, pictures", "JSON, HTML", "all")
    return format_table("a case in a process that is warm", head, rows)


def grown(command: Sequence[str], out: Path, *, every_s: float = 0.5) -> Growth:
    """Run a batch and read how much memory its parent holds as the store fills.

    Notes
    -----
    Memory and CPU time are those of the one process, not of its workers. Where the system does
    not show them (elsewhere than on Linux) there are no samples.
    """
    start = time.perf_counter()
    samples: list[Sample] = []
    # Without output a process could fill a pipe and wait for ever.
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        while child.poll() is None:
            after = time.perf_counter() - start
            memory, cpu = _of_process(child.pid)
            samples.append(Sample(cases=_stored(out), resident_mb=memory, cpu_s=cpu, after_s=after))
            time.sleep(every_s)
    return Growth(
        wall_s=time.perf_counter() - start,
        code=child.returncode,
        samples=tuple(sample for sample in samples if sample.resident_mb > 0),
    )


def sizes(out: Path) -> dict[str, int]:
    """Return the bytes of store, reports, page and what else lies in an output folder."""
    found = {"store": 0, "reports": 0, "dashboard": 0, "other": 0}
    for path in out.rglob("*"):
        if not path.is_file():
            continue
        parts = path.relative_to(out).parts
        if parts[0].startswith(_STORE):
            kind = "store"
        elif parts[0] == "cases":
            kind = "reports"
        else:
            kind = "dashboard" if parts[0] in ("assets", "index.html") else "other"
        found[kind] += path.stat().st_size
    return found


def _throughput(given: argparse.Namespace, home: Path, few: Sequence[Path]) -> Mapping[int, Cost]:
    def run(workers: int) -> Cost:
        # A folder of its own each time: nothing may be found done already.
        with tempfile.TemporaryDirectory(prefix="out-", dir=home) as out:
            command = _batch(given, few[0].parent, Path(out) / "out", workers)
            return cost_of_process(command, allowed=_VERDICTS)

    calls = {str(workers): partial(run, workers) for workers in _WORKERS}
    found = {
        int(name): medians(costs) for name, costs in interleaved(calls, runs=given.runs).items()
    }
    rows = [
        (
            str(workers),
            f"{cost.wall_s:.1f}",
            f"{cost.cpu_s:.1f}",
            f"{len(few) / cost.wall_s:.2f}",
            f"{found[1].wall_s / cost.wall_s:.2f}",
        )
        for workers, cost in found.items()
    ]
    head = ("workers", "wall s", "CPU s", "cases/s", "x one worker")
    print(f"\n{format_table(f'throughput, {len(few)} cases', head, rows)}", flush=True)
    return found


def _against_one(given: argparse.Namespace, folder: Path, batch: Cost, cases: int) -> str:
    check = [given.python, "-m", "planchecker", "check", str(folder), "--format", "json"]
    alone = medians([cost_of_process(check, allowed=_VERDICTS) for _ in range(3)])
    rows = [
        ("planchecker check --format json", f"{alone.wall_s:.2f}", f"{alone.cpu_s:.2f}"),
        ("a case of the batch, one worker", f"{batch.wall_s / cases:.2f}",
         f"{batch.cpu_s / cases:.2f}"),
    ]  # fmt: skip
    return format_table("cost of a case", ("what", "wall s", "CPU s"), rows)


def _growing(growth: Growth) -> str:
    rows = [
        (str(one.cases), f"{one.resident_mb:.0f}", f"{one.cpu_s:.1f}", f"{one.after_s:.0f}")
        for one in _at_marks(growth.samples)
    ]
    title = f"the parent alone; the run took {growth.wall_s:.0f} s, exit code {growth.code}"
    return format_table(title, ("cases in the store", "MB", "CPU s", "after s"), rows)


def _at_marks(samples: Sequence[Sample]) -> Iterator[Sample]:
    """Yield the first sample at each mark, and the last of all."""
    for mark in _MARKS:
        first = next((one for one in samples if one.cases >= mark), None)
        if first is not None:
            yield first
    if samples:
        yield samples[-1]


def _resumed(command: Sequence[str], out: Path, count: int) -> str:
    cost = cost_of_process([*command, "--resume"], allowed=_VERDICTS)
    rows = [(f"{count} cases, nothing changed", f"{cost.wall_s:.1f}", f"{cost.cpu_s:.1f}")]
    title = f"resumed; {_stored(out)} cases in the store"
    return format_table(title, ("what", "wall s", "CPU s"), rows)


def _sizes(out: Path, python: str) -> str:
    code = (
        "import sys, time; from pathlib import Path; "
        "from planchecker.batch.dashboard import write_dashboard; start = time.perf_counter(); "
        "write_dashboard(Path(sys.argv[1]), Path(sys.argv[2])); "
        "print(time.perf_counter() - start)"
    )
    with tempfile.TemporaryDirectory(prefix="page-") as page:
        took = float(_run([python, "-c", code, str(out / _STORE), page]))
        dashboard = sizes(Path(page))["dashboard"]
    cases = max(_stored(out), 1)
    found = {**sizes(out), "dashboard": dashboard}
    rows = [
        (what, f"{size / 1e6:.1f}", f"{size / 1e3 / cases:.2f}") for what, size in found.items()
    ]
    title = f"what is written for {cases} cases; the dashboard took {took:.1f} s"
    return format_table(title, ("what", "MB", "kB a case"), rows)


def _batch(given: argparse.Namespace, root: Path, out: Path, workers: int) -> list[str]:
    command = [given.python, "-m", "planchecker", "batch", str(root), "-o", str(out)]
    return [*command, "--workers", str(workers), "--report-format", given.report_format]


def _stored(out: Path) -> int:
    store = out / _STORE
    if not store.is_file():
        return 0
    # The writer may be about to make the tables.
    with contextlib.suppress(sqlite3.Error):
        opened = sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True)
        with contextlib.closing(opened):
            return int(opened.execute('SELECT COUNT(*) FROM "case"').fetchone()[0])
    return 0


def _of_process(pid: int) -> tuple[float, float]:
    """Return resident memory in MB and CPU seconds of one process, without its children."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        # The name in brackets may hold blanks.
        after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    except OSError:
        return 0.0, 0.0
    kilobytes = (line.split()[1] for line in lines if line.startswith("VmRSS:"))
    user, system = after_name.split()[11:13]
    ticks = os.sysconf("SC_CLK_TCK")
    return int(next(kilobytes, "0")) / 1024, (int(user) + int(system)) / ticks


def _run(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.batch", description=__doc__)
    parser.add_argument("--count", type=int, default=5000, help="cases of the long run")
    parser.add_argument("--few", type=int, default=100, help="cases of the throughput")
    parser.add_argument("--runs", type=int, default=1, help="rounds; medians are printed")
    parser.add_argument("--workers", type=int, default=2, help="of the long run")
    parser.add_argument("--report-format", default="html", help="of the batch; none for JSON alone")
    parser.add_argument("--home", type=Path, help="keep the files here")
    parser.add_argument("--python", default=sys.executable, help="whose planchecker is measured")
    parser.add_argument("--dask", action="store_true", help="the overhead of a Dask task as well")
    return parser.parse_args()


if __name__ == "__main__":
    main()
