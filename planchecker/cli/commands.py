"""Every command by name, and where it is; a module is loaded when its command is asked for."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
import typer.main

__all__ = ["COMMANDS", "load"]

COMMANDS: Mapping[str, str] = {
    "demo": "demo:demo",
    "check": "check:check",
    "batch": "batch:batch",
    "compare": "compare:compare",
    "attest": "attest:attest",
    "commission": "commission:commission",
    "batch-export": "batch_export:batch_export",
    "dvh": "dvh:dvh",
    "structures": "structures:structures",
    "explain": "explain:explain",
    "listen": "listen:listen",
    "fetch": "fetch:fetch",
    "watch": "watch:watch",
    "guidelines": "guidelines:app",
    "audit": "audit:app",
}
"""Module and name of each command, in the order of the help; a group is an ``app``."""


def load(name: str) -> Any:
    """Return the command as typer's group holds it.

    Examples
    --------
    >>> load("batch-export").name
    'batch-export'
    """
    module, _, attribute = COMMANDS[name].partition(":")
    found = getattr(import_module(f"planchecker.cli.{module}"), attribute)
    alone = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name)
    else:
        alone.command(name)(found)
    return typer.main.get_group(alone).commands[name]
