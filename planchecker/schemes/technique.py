"""How a plan is delivered, and which world of limits it belongs to."""

from collections.abc import Mapping

from constraints.model import Guideline, Protocol, Technique
from planchecker.case import Beam, Plan, Prescription
from planchecker.schemes.inference import INFERRED
from planchecker.schemes.tables import is_one_of, named, ranges
from planchecker.schemes.values import TechniqueReading

__all__ = ["delivery_of", "is_modulated", "read_technique"]

_CONVENTIONAL = (Technique.CONVENTIONAL,)
_STEREOTACTIC = (Technique.STEREOTACTIC,)
_BOTH = _CONVENTIONAL + _STEREOTACTIC
_PARTICLES = {"PROTON": "proton", "ELECTRON": "electron"}
# From the most to the least modulated: a plan that mixes beams is named after the first.
_PHOTON_DELIVERIES = ("VMAT", "IMRT", "conformal arc", "static conformal")


def delivery_of(plan: Plan) -> str:
    """Name the delivery from the treatment beams.

    Returns
    -------
    str
        ``"static conformal"``, ``"IMRT"``, ``"conformal arc"``, ``"VMAT"``, ``"proton"``,
        ``"electron"``, or ``""`` where there are no beams, they mix particles, or one of them
        holds no control points.
    """
    beams = plan.treatment_beams
    particles = {beam.radiation for beam in beams}
    if len(particles) != 1:
        return ""
    particle = particles.pop()
    if particle in _PARTICLES:
        return _PARTICLES[particle]
    if particle != "PHOTON" or not all(beam.control_points for beam in beams):
        return ""
    deliveries = {_photon_delivery(beam) for beam in beams}
    return next(name for name in _PHOTON_DELIVERIES if name in deliveries)


def _photon_delivery(beam: Beam) -> str:
    if beam.is_arc:
        return "VMAT" if beam.has_moving_leaves else "conformal arc"
    return "IMRT" if beam.has_moving_leaves else "static conformal"


def is_modulated(delivery: str) -> bool:
    """Tell whether a delivery can shape dose steeply: arcs, intensity modulation, protons.

    Examples
    --------
    >>> is_modulated("VMAT"), is_modulated("static conformal")
    (True, False)
    """
    return delivery in ("VMAT", "IMRT", "conformal arc", "proton")


def read_technique(
    plan: Plan,
    prescription: Prescription,
    protocol: Protocol,
    guidelines: Mapping[str, Guideline],
) -> TechniqueReading:
    """Read delivery and world of limits from beams, dose per fraction and scheme.

    A plan that may belong to either world is given both: the limits of both are evaluated and
    the worse decides. An inferred prescription never makes a plan stereotactic alone.
    """
    delivery = delivery_of(plan)
    dose, fractions = prescription.dose_gy, prescription.fractions
    if dose is None or not fractions:
        worlds: tuple[Technique, ...] = ()
        why = "the prescription is unknown, and with it the dose per fraction"
    else:
        worlds, why = _worlds(plan, delivery, dose, fractions, protocol, guidelines)
        if prescription.source == INFERRED and worlds == _STEREOTACTIC:
            worlds, why = _BOTH, "the prescription was inferred from the dose; " + why
    if worlds == _STEREOTACTIC:
        cell = "SBRT"
    else:
        cell = {"static conformal": "3DCRT", "conformal arc": "3DCRT"}.get(delivery, "")
        cell = "IMRT" if delivery in ("IMRT", "VMAT") else cell
    return TechniqueReading(delivery=delivery, cell=cell, worlds=worlds, why=why)


def _worlds(
    plan: Plan,
    delivery: str,
    dose_gy: float,
    fractions: int,
    protocol: Protocol,
    guidelines: Mapping[str, Guideline],
) -> tuple[tuple[Technique, ...], str]:
    entries = named(dose_gy, fractions, protocol=protocol, guidelines=guidelines)
    stereotactic = any(entry.is_stereotactic for entry in entries)
    conventional = any(not entry.is_stereotactic for entry in entries) or bool(
        ranges(dose_gy, fractions, protocol=protocol, guidelines=guidelines)
    )
    per_fraction = dose_gy / fractions
    beams = delivery or "beams that do not tell their delivery"
    said = f"{dose_gy:g} Gy in {fractions} by {beams}"
    stated = any("SRS" in b.high_dose_technique for b in plan.treatment_beams)
    shaped = stated or is_modulated(delivery)
    precise = shaped or delivery == ""
    low = fractions > 1 and per_fraction <= _number(protocol, "conventional_dose_per_fraction_gy")
    threshold = _number(
        protocol,
        "stereotactic_single_fraction_gy"
        if fractions == 1
        else "stereotactic_dose_per_fraction_gy",
    )
    either = is_one_of(protocol.ambiguous_pairs, dose_gy, fractions, protocol)
    # Read from top to bottom; the first that holds decides, and what none settles is both.
    rules = (
        (either and precise, _BOTH, "may be conventional or stereotactic"),
        (stereotactic and conventional, _BOTH, "is named for either technique"),
        (stereotactic and not precise, _BOTH, "is a stereotactic scheme, but not modulated"),
        (stereotactic, _STEREOTACTIC, "is named for stereotactic treatment only"),
        (stated and low, _BOTH, "has a low dose per fraction and beams labelled stereotactic"),
        (low, _CONVENTIONAL, "has a conventional dose per fraction"),
        (conventional and not precise, _CONVENTIONAL, "is a conventional scheme, not modulated"),
        (
            not conventional and shaped and per_fraction >= threshold,
            _STEREOTACTIC,
            "has a stereotactic dose per fraction",
        ),
        (True, _BOTH, "may be conventional or stereotactic"),
    )
    worlds, why = next((worlds, why) for holds, worlds, why in rules if holds)
    return worlds, f"{said} {why}"


def _number(protocol: Protocol, name: str) -> float:
    return protocol.criteria[f"technique.{name}"].value
