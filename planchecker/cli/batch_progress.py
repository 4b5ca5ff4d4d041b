"""The progress of a batch on a terminal."""

import sys
from contextlib import AbstractContextManager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

__all__ = ["Bar", "shown"]


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Show how many a minute."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed * 60:.1f}/min")


def shown() -> AbstractContextManager[Progress]:
    """Return a bar on stderr that goes when it is done."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
        # A case takes seconds to minutes: what came in within the hour tells the rate.
        speed_estimate_period=3600,
    )


class Bar:
    """Moves the bar: first with the files, then with the cases."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._files = progress.add_task("looking at files", total=None)
        self._cases = progress.add_task("checking", total=None, visible=False)

    def files(self, done: int) -> None:
        """So many files were looked at."""
        self._progress.update(self._files, completed=done)

    def cases(self, done: int, total: int) -> None:
        """So many of the cases are settled."""
        self._progress.update(self._files, visible=False)
        self._progress.update(self._cases, completed=done, total=total, visible=True)
