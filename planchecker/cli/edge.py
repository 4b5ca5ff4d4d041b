"""Where errors leave the program: the user's by a line, ours by a traceback, none as a verdict."""

import errno
import os
import sys
import traceback
from typing import Any, Final, NoReturn

import typer
from typer.core import TyperGroup

from constraints.errors import LibraryError
from planchecker.cli.commands import COMMANDS, load
from planchecker.errors import PlanCheckerError

__all__ = ["ERROR", "INTERRUPTED", "Edge"]

ERROR: Final = 2
"""Wrong use, unreadable input or a defect of the program: `planchecker.results.ExitCode.ERROR`."""
INTERRUPTED: Final = 130
"""Stopped from the keyboard, as shells have it."""


class Edge(TyperGroup):
    """The group of all commands; turns every error into an exit code that is no verdict.

    Python and typer leave with 1 after a traceback, an abort or a closed pipe; here 1 means
    that a plan failed, so none of them may keep it.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands, in the order of the help."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load a command; where there is none of that name, all, to say which is near."""
        del ctx
        for name in (cmd_name,) if cmd_name in COMMANDS else COMMANDS:
            if name not in self.commands:
                self.commands[name] = load(name)
        return self.commands.get(cmd_name)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except (PlanCheckerError, LibraryError) as error:
            _say(f"error: {error}")
            raise typer.Exit(ERROR) from None
        except (typer.Abort, KeyboardInterrupt, EOFError):
            _say("stopped")
            raise typer.Exit(INTERRUPTED) from None
        except OSError as error:
            if error.errno == errno.EPIPE:
                _leave_broken_pipe()
            return _defect()
        except Exception as error:
            # The framework's own exceptions (usage errors, Exit) know their exit code.
            if hasattr(error, "exit_code"):
                raise
            return _defect()


def _say(message: str) -> None:
    from planchecker.cli.output import printable  # noqa: PLC0415 - errors are rare
    from planchecker.reports.text import clean  # noqa: PLC0415

    line = clean(" ".join(message.split()))
    sys.stderr.write(printable(f"planchecker: {line}", sys.stderr) + "\n")


def _defect() -> NoReturn:
    traceback.print_exc()
    sys.stderr.write("planchecker: this is a defect of the program; the plan was not judged\n")
    raise typer.Exit(ERROR)


def _leave_broken_pipe() -> NoReturn:
    # Python would flush stdout once more at exit and complain; give it somewhere to write.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(ERROR)
