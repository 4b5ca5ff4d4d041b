"""Seeded errors on every sample: sensitivity by check as a table, and the time of the checks.

Run ``python benchmarks/commission.py [SAMPLE ...] [--workers N]``.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from constraints.loader import load_protocol
from planchecker.checker import build_context
from planchecker.checks import CHECKS
from planchecker.commission import commission
from planchecker.reading import read_cases
from sample_dicom import available, write

INTEGRITY = ("ID", "IM", "ST", "BM")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("samples", nargs="*", default=list(available()))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    runs, seconds = {}, {}
    with tempfile.TemporaryDirectory() as root:
        for sample in given.samples:
            home = Path(root) / sample
            write(sample, home)
            seconds[sample] = time_of_checks(home)
            runs[sample] = commission([home], workers=given.workers, second_opinion=False)
    print(f"| check | {' | '.join(runs)} |")
    print(f"|---|{'---|' * len(runs)}")
    for code in (check.code for check in CHECKS):
        cells = (
            f"{found} of {made}" if made else "–"
            for found, made in (run.of(code) for run in runs.values())
        )
        print(f"| {code} | {' | '.join(cells)} |")
    totals = (f"{len(r.possible) - len(r.missed)} of {len(r.possible)}" for r in runs.values())
    print(f"| all | {' | '.join(totals)} |")
    print(
        f"| flags on the unchanged plan | {' | '.join(str(len(r.clean)) for r in runs.values())} |"
    )
    print(f"| integrity checks, s | {' | '.join(f'{s:.2f}' for s in seconds.values())} |")
    for sample, run in runs.items():
        for trial in run.missed:
            print(f"missed in {sample}: {trial.id}: {trial.said}")
    return 1 if any(run.missed for run in runs.values()) else 0


def time_of_checks(home: Path) -> float:
    """Seconds of the integrity families on a case that was read and measured."""
    (case,) = read_cases([home])
    context = build_context(case, load_protocol("bone_metastases"))
    start = time.perf_counter()
    for check in CHECKS:
        if check.code.startswith(INTEGRITY):
            list(check.run(context))
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
