"""One engine in a process of its own: ``python -m benchmarks.alone ENGINE FOLDER ROI...``.

Several folders are parted by ``--``. Prints nothing; the caller measures the process.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.engines import IN_PROCESS

__all__ = ["command", "main"]

_NEXT = "--"


def command(engine: str, rois: Mapping[Path, Sequence[str]]) -> list[str]:
    """Return the command that runs an engine on some ROIs of some folders."""
    parts = [[str(folder), *names] for folder, names in rois.items()]
    joined = parts[0] + [word for part in parts[1:] for word in (_NEXT, *part)]
    return [sys.executable, "-m", "benchmarks.alone", engine, *joined]


def main(arguments: Sequence[str]) -> None:
    """Read and answer, and forget the answers."""
    name, *words = arguments
    engine = IN_PROCESS[name]
    folder, rois = "", list[str]()
    for word in (*words, _NEXT):
        if word == _NEXT:
            engine.answer(engine.load(Path(folder)), rois)
            folder, rois = "", []
        elif folder:
            rois.append(word)
        else:
            folder = word


if __name__ == "__main__":
    main(sys.argv[1:])
