"""TC005 and DG006: where the dose is highest, and what a device receives."""

from collections.abc import Iterator

import numpy as np

from constraints.metric import Metric
from constraints.model import Technique
from planchecker.checks.body import inside
from planchecker.checks.context import Context, Outcome
from planchecker.checks.image_extent import target_planes
from planchecker.checks.ladder import climb
from planchecker.checks.limits.asking import measure
from planchecker.checks.limits.nesting import drawn_structures
from planchecker.checks.saying import moot, say, words_in
from planchecker.results import Status

__all__ = ["device_dose", "hottest_voxel"]

_MAXIMUM = Metric.parse("Dmax")
_HOTTEST_2CC = Metric.parse("D2cc")


def hottest_voxel(context: Context) -> Iterator[Outcome]:
    """Ask where the highest dose lies, and whether that is a place for it.

    What
    ----
    The voxel of highest dose, whether it lies in a target, and in a conventional plan the
    hottest 2 cc of the body.

    Why
    ---
    A maximum outside the target burns tissue that nobody chose, and points to a wrong beam
    weight.

    Passes
    ------
    The maximum lies in a target and, in a stereotactic plan, is at most
    ``hot_spot.max_percent_stereotactic``; in a conventional plan it may lie outside while the
    hottest 2 cc of the body stay at ``hot_spot.body_d2cc_percent_conventional``.

    Fires
    -----
    `manual` where it lies outside every target in a stereotactic plan, or in a conventional
    one above ``scaling.conventional_max``; `warn` for the other excesses.

    Not evaluated
    -------------
    Without dose, stated prescription, axial target or known technique.

    References
    ----------
    raystation-scripts for the percentages; rule of a published tool for the place.
    """
    grid, worlds = context.plan_dose.grid, context.technique.worlds
    stated = context.case.plan.prescription.dose_gy if context.case.plan else None
    targets = target_planes(context)
    if grid is None or not stated or not targets or not worlds:
        yield say(
            "TC005",
            "dose",
            Status.NOT_EVALUATED,
            "The place of the highest dose is not judged: dose, prescription, target or technique "
            "are missing.",
            remedy=context.plan_dose.remedy or "Export plan, dose and axial target contours.",
        )
        return
    plane, row, column = np.unravel_index(int(np.argmax(grid.values_gy)), grid.values_gy.shape)
    place = grid.node_mm(int(plane), int(row), int(column))
    held = bool(inside(targets, np.array([place]))[0])
    percent = 100 * grid.max_gy / stated
    where = "in a target" if held else "outside every target"
    said = f"The highest dose, {percent:.0f} % of the prescription, lies {where}"
    stereotactic = Technique.STEREOTACTIC in worlds
    most = context.criterion("hot_spot.max_percent_stereotactic")
    gross = 100 * context.criterion("scaling.conventional_max")
    body = None if stereotactic else _body_percent(context, stated)
    usual = context.criterion("hot_spot.body_d2cc_percent_conventional")
    status, message = climb(
        (stereotactic and not held, Status.MANUAL, f"{said}."),
        (stereotactic and percent > most, Status.WARN, f"{said}; usual are {most:g} %."),
        (
            not stereotactic and not held and percent > gross,
            Status.MANUAL,
            f"{said}; usual are {gross:g} %.",
        ),
        (
            body is not None and body > usual,
            Status.WARN,
            f"{said}; the hottest 2 cc of the body receive {body or 0.0:.0f} %.",
        ),
        (True, Status.PASS, f"{said}."),
    )
    yield say(
        "TC005",
        "dose",
        status,
        message,
        remedy="Look at the voxel, and at the weights of the beams.",
        metric="Dmax",
        value=grid.max_gy,
        unit="Gy",
        location_mm=place,
        **context.cited("hot_spot.max_percent_stereotactic")
        if stereotactic
        else context.cited("hot_spot.body_d2cc_percent_conventional"),
    )


def _body_percent(context: Context, stated_gy: float) -> float | None:
    values = [
        measure(context, match.roi_number, _HOTTEST_2CC).value
        for match in context.matches
        if match.category == "external"
    ]
    known = [value for value in values if value is not None]
    return 100 * max(known) / stated_gy if known else None


def device_dose(context: Context) -> Iterator[Outcome]:
    """Ask what a cardiac or other electronic device receives.

    What
    ----
    The highest dose to every structure that is named as a device, and the highest dose within
    ``device.near_mm`` of it.

    Why
    ---
    Dose can stop a pacemaker; one that is not contoured cannot be found here.

    Passes
    ------
    Both are at most ``device.max_gy``.

    Fires
    -----
    `manual` where the device receives more; `warn` where only its surroundings do.

    Not evaluated
    -------------
    Where the device has no dose.

    References
    ----------
    ray_scripts; AAPM TG-203 for the management of such patients.
    """
    drawn = drawn_structures(context)
    found = [s for s in drawn.values() if words_in(context, "devices", s.name)]
    if not found:
        yield moot("DG006", "device", "no structure is named as an electronic device")
        return
    limit, near = context.criterion("device.max_gy"), context.criterion("device.near_mm")
    for structure in found:
        measured = measure(context, structure.roi_number, _MAXIMUM)
        around = _highest_near(context, structure.roi_number, near)
        value = measured.value
        status, message = climb(
            (
                value is None,
                Status.NOT_EVALUATED,
                f"{structure.name} has no dose: {measured.reason}.",
            ),
            (
                (value or 0.0) > limit,
                Status.MANUAL,
                f"{structure.name} receives up to {value or 0.0:.2f} Gy.",
            ),
            (
                around is not None and around > limit,
                Status.WARN,
                f"{limit:g} Gy come within {near:g} mm of {structure.name}.",
            ),
            (True, Status.PASS, f"{structure.name} receives up to {value or 0.0:.2f} Gy."),
        )
        yield say(
            "DG006",
            structure.name,
            status,
            message,
            roi_number=structure.roi_number,
            remedy="Follow the rules for patients with a device, and plan away from it.",
            metric="Dmax",
            value=value,
            unit="Gy",
            comparison="<=",
            limit=limit,
            margin=None if value is None else limit - value,
            **context.cited("device.max_gy"),
            location_mm=measured.location_mm,
        )


def _highest_near(context: Context, roi_number: int, near_mm: float) -> float | None:
    """Return the highest dose in the box round a structure, widened by a distance."""
    grid = context.plan_dose.grid
    if grid is None:
        return None
    structure = drawn_structures(context)[roi_number]
    points = np.concatenate([c.points_mm for c in structure.contours])
    low, high = points.min(axis=0) - near_mm, points.max(axis=0) + near_mm
    axes = [np.arange(a, b, 5.0) for a, b in zip(low, high, strict=True)]
    lattice = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    doses = grid.at(lattice[:200_000])
    return None if np.isnan(doses).all() else float(np.nanmax(doses))
