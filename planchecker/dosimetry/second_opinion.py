"""A second opinion on a DVH: the curve stored by the planning system, and dicompyler-core.

The only module that imports dicompyler-core. Its 0.5.6 asks pydicom for a name that pydicom 3
no longer has; the alias is set here, before the import, and nowhere else.
"""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from planchecker.dosimetry.slabs import Reading
from planchecker.errors import MetricError

if TYPE_CHECKING:
    import dicompylercore.dvh

    from planchecker.dosimetry.dvh import DVH

__all__ = ["as_dicompyler"]

_BIN_GY = 0.01


def _dicompyler(module: str) -> ModuleType:
    dicomio = importlib.import_module("pydicom.dicomio")
    if not hasattr(dicomio, "read_file"):
        dicomio.read_file = dicomio.dcmread  # type: ignore[attr-defined]
    return importlib.import_module(f"dicompylercore.{module}")


def as_dicompyler(dvh: "DVH") -> "dicompylercore.dvh.DVH":
    """Return the curve as a dicompyler-core DVH.

    Returns
    -------
    dicompylercore.dvh.DVH
        Cumulative, dose in Gy on 0.01 Gy bins from 0, volume in cm3.

    Raises
    ------
    MetricError
        If the structure lies outside the dose grid.
    """
    if dvh.curves is None:
        raise MetricError(f"{dvh.roi_name} lies outside the dose grid: there is no curve")
    edges, volume = dvh.curves.edges_gy, dvh.curves.volume_mm3[Reading.BASE] / 1000
    bins = _BIN_GY * np.arange(int(np.ceil(edges[-1] / _BIN_GY)) + 2)
    counts = np.interp(bins[:-1], edges, volume, left=volume[0], right=0.0)
    module = _dicompyler("dvh")
    return module.DVH(
        counts=counts,
        bins=bins,
        dvh_type="cumulative",
        dose_units="Gy",
        volume_units="cm3",
        name=dvh.roi_name,
    )
