"""``python -m benchmarks``: everything on one machine in one run."""

import argparse
import os
import platform
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

from benchmarks.comparison import compare
from benchmarks.datasets import closed_form_phantoms, published_benchmark, stored_dvhs
from benchmarks.scaling import scaling
from benchmarks.whole_process import whole_process
from sample_dicom import write

_DATA = Path(__file__).resolve().parents[2] / "shared" / "real-dicom"
_PUBLISHED, _STORED, _STORED_GY = "nelms-benchmark", "eclipse-breast-storeddvh", 14.0
_SAMPLE = "spine-sbrt-24-in-2"
_MANY_FOLDERS = 10


def main() -> None:
    """Print every table."""
    options = _options()
    print(_machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="planchecker-benchmarks-") as scratch:
        home = Path(scratch)
        data = [closed_form_phantoms(home / "phantoms")]
        folders = {_SAMPLE: home / _SAMPLE}
        write(_SAMPLE, folders[_SAMPLE])
        if (options.data / _PUBLISHED).is_dir():
            data.append(published_benchmark(options.data / _PUBLISHED, home / "published"))
        if (options.data / _STORED).is_dir():
            stored = options.data / _STORED
            data.append(stored_dvhs(stored, home / "stored", scale_gy=_STORED_GY))
            folders[_STORED] = stored
        for one in data:
            # Many folders are many measurements already.
            runs = 1 if len(one.truth) >= _MANY_FOLDERS else options.runs
            print(f"\n{compare(one, runs=runs)}", flush=True)
        print(f"\n{whole_process(folders, runs=options.runs)}", flush=True)
        print(f"\n{scaling(runs=options.runs)}", flush=True)
    print(f"\n{_left_out(options.data)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="rounds; medians are printed")
    parser.add_argument(
        "--data",
        type=Path,
        default=_DATA,
        help=f"folder with {_PUBLISHED} and {_STORED}; left out where they are absent",
    )
    return parser.parse_args()


def _machine() -> str:
    packages = ("planchecker", "numpy", "pydicom", "dicompyler-core")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"{platform.system()}, Python {platform.python_version()}, {versions}, {_cores()} cores"


def _cores() -> int:
    return os.cpu_count() or 1


def _left_out(data: Path) -> str:
    missing = [name for name in (_PUBLISHED, _STORED) if not (data / name).is_dir()]
    if shutil.which("plastimatch") is None:
        missing.append("plastimatch (not installed)")
    return f"left out: {', '.join(missing)}" if missing else "nothing left out"


if __name__ == "__main__":
    main()
