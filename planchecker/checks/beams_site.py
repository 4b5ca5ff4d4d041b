"""The machines of the centre, where its site file lists them."""

import re
from collections.abc import Iterable, Iterator

from constraints.site_model import Machine
from planchecker.case import Beam
from planchecker.checks.context import Context

__all__ = ["foreign_to_site"]

_ENERGY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:MV|MeV|X|E)?\s*-?\s*(FFF|SRS)?\s*", re.IGNORECASE)


def foreign_to_site(context: Context) -> tuple[str, ...]:
    """Return what the machine list of the site file does not hold; empty without a list.

    Names are compared without case and outer blanks. An energy such as ``10FFF`` is known by
    its number, and where the plan states a fluence mode by that as well.
    """
    plan, site = context.case.plan, context.site
    if plan is None or site is None or not site.machines:
        return ()
    return tuple(dict.fromkeys(_foreign(context, plan.treatment_beams, site.machines)))


def _foreign(
    context: Context, beams: Iterable[Beam], machines: tuple[Machine, ...]
) -> Iterator[str]:
    listed = ", ".join(machine.name for machine in machines)
    for beam in beams:
        machine = next((m for m in machines if _fold(beam.machine) in _names(m)), None)
        if machine is None:
            # A beam without a machine is told of by itself.
            if beam.machine:
                yield f"Machine {beam.machine!r} is not in the site file's list: {listed}."
            continue
        worlds = context.technique.worlds
        if machine.techniques and not set(worlds) <= set(machine.techniques):
            named = " or ".join(world.value for world in worlds)
            kept = ", ".join(technique.value for technique in machine.techniques)
            yield f"The site file lists {machine.name} for {kept} plans, the plan is {named}."
        for energy in sorted(_energies(beam)) if machine.energies else ():
            if not any(_fits(text, energy, beam.fluence_mode) for text in machine.energies):
                mode = f" {beam.fluence_mode}" if beam.fluence_mode else ""
                yield (
                    f"The site file lists {', '.join(machine.energies)} for {machine.name}, beam "
                    f"{beam.name or beam.number} has {energy:g}{mode}."
                )


def _names(machine: Machine) -> set[str]:
    return {_fold(name) for name in (machine.name, *machine.aliases)}


def _fold(name: str) -> str:
    return " ".join(name.split()).casefold()


def _energies(beam: Beam) -> set[float]:
    return {point.energy for point in beam.control_points if point.energy is not None}


def _fits(text: str, energy: float, mode: str) -> bool:
    read = _ENERGY.fullmatch(text)
    if read is None or float(read[1]) != energy:
        return False
    if not mode:
        return True
    # Only FFF is told apart: other modes of the standard have the flattened spectrum.
    return (read[2] or "").upper().startswith("FFF") is ("FFF" in mode.upper())
