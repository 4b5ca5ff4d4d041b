"""``python -m planchecker`` and the ``planchecker`` command."""

import sys
import traceback

from planchecker.garbage import collect_for_one_plan

__all__ = ["main"]

_ERROR = 2


def main() -> None:
    """Run the command line and leave with its exit code.

    Raises
    ------
    SystemExit
        Always; an installation that cannot be loaded leaves with 2, because Python's own
        exit code for a traceback, 1, would read as a failed plan.
    """
    collect_for_one_plan()
    try:
        from planchecker.cli import app  # noqa: PLC0415 - a broken import must not exit with 1

        app(prog_name="planchecker")
    except ImportError:
        traceback.print_exc()
        sys.exit(_ERROR)


if __name__ == "__main__":
    main()
