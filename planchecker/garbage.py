"""How often Python looks for garbage, by what a process has to do.

Modules, models and DICOM elements are made by the hundred thousand and live to the end: looking
for garbage among them is mostly in vain, and takes a tenth of the time of a check.
"""

import atexit
import gc

__all__ = ["collect_for_many_plans", "collect_for_one_plan"]


def collect_for_one_plan() -> None:
    """Have it looked for after more objects than one plan makes: its check never looks."""
    gc.set_threshold(400_000, 5, 5)
    # What is frozen is not searched either when Python ends: the process gives it back at once.
    atexit.register(gc.freeze)


def collect_for_many_plans() -> None:
    """Have it looked for often enough that none piles up in a process that goes on for hours."""
    gc.set_threshold(50_000, 20, 20)
