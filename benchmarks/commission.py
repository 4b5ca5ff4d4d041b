"""Seeded errors on every sample: sensitivity by check, false flags, and the time of the checks.

Run ``python -m benchmarks.commission [SAMPLE ...] [--workers N] [--write README.md]``. The table
is printed, and with ``--write`` put between the two markers of the file. With ``--from FOLDER``
the files ``SAMPLE.json`` of ``planchecker commission --format json`` are read instead of running.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sample_dicom import available, write
from sample_dicom.scenarios import scenarios, write_scenario

__all__ = ["BEGIN", "CLEAN", "END", "main", "tables"]

BEGIN, END = "<!-- seeded errors: begin -->", "<!-- seeded errors: end -->"
INTEGRITY = ("ID", "IM", "ST", "RX", "BM", "DG", "SO")
CLEAN = (
    "spine-sbrt-24-in-2",
    "cord-compression-30-in-10",
    "long-bone-8-in-1",
    "sacrum-24-in-2",
    "femur-35-in-5",
)
INFORMS = ("RI013", "RI015", "RI030", "DE003", "DE007")
"""Checks that show something and have no status, so that no error can be seeded for them."""
SCENARIOS = ("missed-sector", "sacrum-24-in-2", "femur-35-in-5")
"""Scenarios that allow errors which no plain sample does."""

Run = dict[str, Any]


def main() -> int:
    """Run or read, print or write; 1 where an error was missed or a clean sample is flagged."""
    given = _options()
    runs = (
        {name: json.loads((given.from_ / f"{name}.json").read_text()) for name in given.samples}
        if given.from_
        else dict(_measured(given.samples, given.workers))
    )
    text = tables(runs)
    if given.write:
        _put(given.write, text)
    else:
        print(text)
    wrong = [f"missed in {name}: {one}" for name, run in runs.items() for one in run["missed"]]
    wrong += [f"{name} is flagged: {line}" for name in CLEAN for line in _flags(runs, name)]
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


def tables(runs: dict[str, Run]) -> str:
    """Return both tables as Markdown: by sample, and by check over all samples."""
    lines = ["| sample | seeded | not possible | found | flags on the unchanged plan |"]
    lines.append("|---|---:|---:|---:|---|")
    for name, run in runs.items():
        made, found = run["possible"], run["possible"] - len(run["missed"])
        flags = _by_code(run["clean"]) or "none"
        lines.append(f"| {name} | {made} | {len(run['trials']) - made} | {found} | {flags} |")
    lines += ["", "<details><summary>By check, over these samples</summary>", ""]
    lines += ["| check | different errors | seeded | found |", "|---|---:|---:|---:|"]
    for code in dict.fromkeys(row["code"] for run in runs.values() for row in run["checks"]):
        trials = [t for run in runs.values() for t in run["trials"] if t["code"] == code]
        made = [trial for trial in trials if trial["detected"] is not None]
        kinds = len({trial["id"] for trial in trials})
        counts = f"{len(made)} | {sum(trial['detected'] for trial in made)}" if made else "– | –"
        lines.append(f"| {code} | {'informs' if code in INFORMS else kinds or '–'} | {counts} |")
    return "\n".join([*lines, "", "</details>"])


def time_of_checks(home: Path) -> float:
    """CPU seconds of the integrity families on a case that was read and measured."""
    from constraints.loader import load_protocol  # noqa: PLC0415 - heavy
    from planchecker.checker import build_context  # noqa: PLC0415
    from planchecker.checks import CHECKS  # noqa: PLC0415
    from planchecker.reading import read_cases  # noqa: PLC0415

    (case,) = read_cases([home])
    context = build_context(case, load_protocol("bone_metastases"))
    start = time.process_time()
    for check in CHECKS:
        if check.code.startswith(INTEGRITY):
            list(check.run(context))
    return time.process_time() - start


def _measured(samples: Iterable[str], workers: int) -> Iterable[tuple[str, Run]]:
    from planchecker.commission import commission, render  # noqa: PLC0415 - heavy

    with tempfile.TemporaryDirectory(prefix="planchecker-benchmarks-") as root:
        for sample in samples:
            home = Path(root) / sample
            if sample in scenarios():
                home = write_scenario(sample, home)[0]
            else:
                write(sample, home)
            print(f"{sample}: checks of integrity {time_of_checks(home):.2f} s", file=sys.stderr)
            run = commission([home], workers=workers)
            yield sample, json.loads(render(run, "json"))


def _by_code(lines: Iterable[str]) -> str:
    """Return code and status of each flag, with how often, such as ``DL001 fail (3)``."""
    counted: dict[str, int] = {}
    for line in lines:
        key = " ".join(line.split(" ", 2)[:2])
        counted[key] = counted.get(key, 0) + 1
    return ", ".join(f"{key} ({n})" if n > 1 else key for key, n in counted.items())


def _flags(runs: dict[str, Run], name: str) -> list[str]:
    return list(runs[name]["clean"]) if name in runs else []


def _put(path: Path, text: str) -> None:
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.commission", description=__doc__)
    known = [*available(), *scenarios()]
    parser.add_argument(
        "samples", nargs="*", default=[*available(), *SCENARIOS], help=", ".join(known)
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", type=Path, help="file with the two markers")
    parser.add_argument("--from", dest="from_", type=Path, help="folder of SAMPLE.json")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
