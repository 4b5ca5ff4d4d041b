"""How much the reader takes on before it says no."""

from dataclasses import dataclass

__all__ = ["DEFAULT_LIMITS", "ReadLimits"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadLimits:
    """Sizes that are checked before anything is allocated.

    Parameters
    ----------
    max_file_bytes
        Larger files are listed as foreign and not read; also the most that a deflated file may
        unpack to. The default holds the largest dose grid below at four bytes a voxel.
    max_dose_voxels
        Rows x columns x frames of a dose grid. The default is a whole-body scan of 760 slices
        at CT resolution (512 x 512), 0.8 GB once read; plan exports stay below a tenth of it.
    max_files
        Most files under all paths together.
    """

    max_file_bytes: int = 1_000_000_000
    max_dose_voxels: int = 200_000_000
    max_files: int = 100_000


DEFAULT_LIMITS = ReadLimits()
