"""Where text goes: to a file as a whole, or to the terminal in characters it knows."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TextIO

import typer

from planchecker.errors import PlanCheckerError
from planchecker.whole_file import write_file

if TYPE_CHECKING:
    from planchecker.reports.style import Style

__all__ = [
    "OutputOption",
    "PathsArgument",
    "emit",
    "emit_bytes",
    "printable",
    "progress",
    "screen_style",
    "write_file",
]

PathsArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH", exists=True, help="Files or folders; known by content, not by name."
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="PATH", help="Write to this file, not to stdout."),
]
_PLAIN_WIDTH: Final = 120
_REDRAWN_AFTER_S: Final = 0.1
_SYMBOLS: Final = "≤≥±–…·→×αβ"


def screen_style(
    *, to_file: bool, verbose: bool = False, lang: str = "en", paper: str = "A4"
) -> "Style":
    """Settle width, colour and characters for the place the text goes to, and the time."""
    from datetime import datetime  # noqa: PLC0415

    from planchecker.reports.style import Style  # noqa: PLC0415

    now = datetime.now().astimezone()
    if to_file:
        return Style(width=_PLAIN_WIDTH, verbose=verbose, lang=lang, paper=paper, made_at=now)
    from rich.console import Console  # noqa: PLC0415 - rich is needed only when printing

    console = Console(file=sys.stdout)
    colour = console.is_terminal and console.color_system is not None
    return Style(
        width=console.width if console.is_terminal else _PLAIN_WIDTH,
        colour=colour and not console.no_color and not console.legacy_windows,
        symbols=_encodes(_SYMBOLS, sys.stdout),
        verbose=verbose,
        lang=lang,
        paper=paper,
        made_at=now,
    )


def emit(text: str, output: Path | None, *, binary: bool = False) -> None:
    """Write text to `output`, or to stdout where there is none.

    Parameters
    ----------
    text
        What to write.
    output
        File to replace; None for stdout.
    binary
        On stdout, write UTF-8 whatever the code page of the terminal: for formats that state
        their own encoding.
    """
    if output is not None:
        write_file(output, text)
        return
    buffer = getattr(sys.stdout, "buffer", None)
    if binary and buffer is not None:
        sys.stdout.flush()
        buffer.write(text.encode("utf-8", errors="replace"))
        buffer.flush()
        return
    sys.stdout.write(printable(text, sys.stdout))
    sys.stdout.flush()


def emit_bytes(content: bytes, output: Path | None) -> None:
    """Write bytes to `output`, or to a stdout that is no terminal.

    Raises
    ------
    PlanCheckerError
        If they would go to a terminal.
    """
    if output is not None:
        write_file(output, content)
        return
    if sys.stdout.isatty():
        raise PlanCheckerError("this format is no text; name a file with -o")
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def printable(text: str, stream: TextIO) -> str:
    """Return `text` with what the encoding of `stream` lacks spelt out or replaced.

    Examples
    --------
    >>> import io
    >>> printable("≤ 17 Gy", io.TextIOWrapper(io.BytesIO(), encoding="cp1252"))
    '<= 17 Gy'
    """
    if _encodes(text, stream):
        return text
    from planchecker.reports.tables import spell  # noqa: PLC0415 - only on old code pages

    encoding = stream.encoding or "ascii"
    return spell(text).encode(encoding, errors="replace").decode(encoding)


@contextlib.contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None] | None]:
    """Show a progress bar on stderr while the block runs; None where nobody watches.

    Yields
    ------
    callable or None
        Takes (done, total).
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    # Drawn when there is news, for a process with a thread that draws cannot be copied.
    with Progress(console=Console(file=sys.stderr), transient=True, auto_refresh=False) as bar:
        task = bar.add_task(label, total=None)
        drawn = time.monotonic()

        def tick(done: int, total: int) -> None:
            nonlocal drawn
            now = time.monotonic()
            due = done == total or now - drawn > _REDRAWN_AFTER_S
            drawn = now if due else drawn
            bar.update(task, completed=done, total=total, refresh=due)

        yield tick


def _encodes(text: str, stream: TextIO) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
