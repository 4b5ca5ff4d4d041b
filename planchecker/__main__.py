"""``python -m planchecker`` and the ``planchecker`` command."""

import atexit
import gc
import sys
import traceback

__all__ = ["main"]

_ERROR = 2
# Modules, models and DICOM elements are made by the hundred thousand and live to the end:
# looking for garbage among them takes a tenth of the time of a check. One plan makes fewer
# than this, so that its check never looks.
_OBJECTS_BETWEEN_COLLECTIONS = 400_000


def main() -> None:
    """Run the command line and leave with its exit code.

    Raises
    ------
    SystemExit
        Always; an installation that cannot be loaded leaves with 2, because Python's own
        exit code for a traceback, 1, would read as a failed plan.
    """
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 5, 5)
    # What is frozen is not searched either when Python ends: the process gives it back at once.
    atexit.register(gc.freeze)
    try:
        from planchecker.cli import app  # noqa: PLC0415 - a broken import must not exit with 1

        app(prog_name="planchecker")
    except ImportError:
        traceback.print_exc()
        sys.exit(_ERROR)


if __name__ == "__main__":
    main()
