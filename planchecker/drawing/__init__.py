"""Pictures of a case as values: isodoses, outlines and image round the voxel of a finding."""

from planchecker.drawing.images import SliceReader
from planchecker.drawing.scenes import MOST_SCENES, draw_scenes

__all__ = ["MOST_SCENES", "SliceReader", "draw_scenes"]
