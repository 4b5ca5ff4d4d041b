"""Large cells are cut finer where the dose asks for it, and nothing else changes."""

import numpy as np
import pytest
from boxes import stack, structure

from planchecker.dosimetry.cells import Cells
from planchecker.dosimetry.dose import DoseGrid
from planchecker.dosimetry.dvh import compute_dvh
from planchecker.dosimetry.frame import Frame
from planchecker.dosimetry.lattice import lattice_for
from planchecker.dosimetry.planes import stack_planes
from planchecker.dosimetry.refining import refined

HALF_MM, SPACING_MM = 90.0, 2.0
CORNERS = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]) * HALF_MM
PLANES_MM = np.arange(-88.5, 89.0, 3.0)
AXIS = np.arange(-100.0, 101.0, SPACING_MM)


def grid_of(dose_gy):
    z, y, x = np.meshgrid(AXIS, AXIS, AXIS, indexing="ij")
    return DoseGrid.regular(
        dose_gy(x, y, z), spacing_mm=(SPACING_MM,) * 3, origin_mm=(AXIS[0],) * 3
    )


BODY = structure(stack(CORNERS, PLANES_MM))
HOT_SPOT = grid_of(lambda x, y, z: 10 + 20 * np.exp(-(x**2 + y**2 + z**2) / (2 * 6.0**2)))
FIELD_EDGE = grid_of(lambda x, y, z: 30 / (1 + np.exp(-(x - 3.3) / 1.5)))  # noqa: ARG005


def test_the_body_is_cut_into_cells_larger_than_a_voxel():
    assert lattice_for(stack_planes(BODY), HOT_SPOT).step_mm > 1.5 * SPACING_MM


def test_a_hot_spot_in_a_large_structure_keeps_its_dose():
    # 20 exp(-r2 / 72) of a ball of 1 cc, whose radius is 6.204 mm.
    found = compute_dvh(BODY, HOT_SPOT).metric("D1cc").value
    assert found == pytest.approx(10 + 20 * np.exp(-(6.204**2) / 72), abs=0.25)


def test_a_field_edge_across_a_large_structure_keeps_its_volume():
    found = compute_dvh(BODY, FIELD_EDGE).metric("V27Gy[cc]").value
    # The dose between nodes is linear: that is where 27 Gy lie, not where the edge itself has them.
    edge_mm = np.interp(27.0, FIELD_EDGE.values_gy[0, 0], AXIS)
    assert found == pytest.approx(180 * 180 * (HALF_MM - edge_mm) / 1000, rel=0.002)


def test_cutting_keeps_the_volume_and_every_cell_of_an_even_dose():
    count = 500
    lattice = lattice_for(stack_planes(BODY), HOT_SPOT)
    rng = np.random.default_rng(0)
    cells = Cells(
        dose_gy=np.full(count, 10.0),
        spread_gy=np.zeros(count),
        volume_mm3=np.full(count, 30.0),
        cell=rng.integers(0, lattice.shape[0] * lattice.shape[1], count),
        position_mm=rng.uniform(-50, 50, count),
    )
    even = grid_of(lambda x, y, z: 10.0 + 0 * (x + y + z))
    found = Cells.joined(refined([cells], lattice=lattice, frame=Frame(axes=np.eye(3)), dose=even))
    assert found.volume_mm3.sum() == pytest.approx(cells.volume_mm3.sum())
    assert found.dose_gy == pytest.approx(10.0)
