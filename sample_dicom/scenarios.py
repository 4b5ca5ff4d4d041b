"""Samples of more than one plan or with a planned mistake, beside the plain ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

__all__ = ["SCENARIOS", "Scenario", "scenarios", "write_scenario"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """A sample and what is known about it.

    Parameters
    ----------
    title
        One line for a person.
    folders
        What is written: the first is the plan to check, the others go with it.
    expected
        What a sound check finds.
    """

    id: str
    title: str
    folders: tuple[str, ...]
    expected: str


_ALL = (
    Scenario(
        id="reirradiation-registered",
        title="Stereotactic retreatment of T10 after 20 Gy in 5, with a registration",
        folders=("plan", "earlier"),
        expected="The courses are added voxel by voxel: the sac keeps the cumulative bound and the "
        "bound of the new course. The aorta lies in the high dose of both, which is `manual`, and "
        "the GTV is cold near the sac, which warns. Without registration the sum is bounded only.",
    ),
    Scenario(
        id="missed-sector",
        title="Tumour of body and left pedicle, CTV of the body alone",
        folders=("plan",),
        expected="The left pedicle and the left transverse process with lamina are missing in the "
        "CTV, each with a place; that the GTV leaves the CTV is `manual`.",
    ),
    Scenario(
        id="two-targets",
        title="T10 and T12 with one isocentre",
        folders=("plan",),
        expected="Both targets are covered and nothing is wrong; a rotation of one degree shifts "
        "the second by just under 1 mm, which is said.",
    ),
    Scenario(
        id="sacrum-24-in-2",
        title="Stereotactic treatment of the sacrum",
        folders=("plan",),
        expected="Nothing is wrong: the thecal sac is contoured and keeps its limit.",
    ),
    Scenario(
        id="femur-35-in-5",
        title="Stereotactic treatment of the shaft of the left femur",
        folders=("plan",),
        expected="Nothing is wrong: the CTV holds the bone round the tumour, and the dose falls "
        "off as the table by volume asks.",
    ),
)

SCENARIOS: Mapping[str, Scenario] = MappingProxyType({one.id: one for one in _ALL})
"""Every scenario by its id."""


def scenarios() -> tuple[str, ...]:
    """Return the ids of all scenarios.

    Examples
    --------
    >>> scenarios()[0]
    'reirradiation-registered'
    """
    return tuple(SCENARIOS)


def write_scenario(scenario_id: str, directory: str | Path) -> tuple[Path, ...]:
    """Calculate a scenario and write it, each of its folders below `directory`.

    Parameters
    ----------
    scenario_id
        One of `scenarios`.

    Returns
    -------
    tuple of Path
        The folders, in the order of `Scenario.folders`.

    Raises
    ------
    ValueError
        If there is no such scenario.
    """
    if scenario_id not in SCENARIOS:
        known = ", ".join(SCENARIOS)
        raise ValueError(f"there is no scenario {scenario_id!r}; there are {known}")
    # Numerical code and the DICOM library are only needed once something is written.
    from sample_dicom import scenario_recipes  # noqa: PLC0415

    writers: Mapping[str, Callable[[Path], None]] = {
        "reirradiation-registered": scenario_recipes.reirradiation,
        "missed-sector": scenario_recipes.missed_sector,
        "two-targets": scenario_recipes.two_targets,
        "sacrum-24-in-2": scenario_recipes.sacrum,
        "femur-35-in-5": scenario_recipes.femur_in_five,
    }
    folder = Path(directory)
    writers[scenario_id](folder)
    return tuple(folder / name for name in SCENARIOS[scenario_id].folders)
