"""Family ST, second part: what needs real geometry."""

from planchecker.checks.anatomy_margins import prv_contains, targets_nested
from planchecker.checks.anatomy_place import cord_beyond_target, inside_body
from planchecker.checks.anatomy_shape import missing_slices, stated_volume, stray_pieces
from planchecker.checks.context import Check
from planchecker.checks.level import right_level, right_side

__all__ = ["CHECKS"]

CHECKS: tuple[Check, ...] = (
    Check(code="ST010", title="No slice missing inside a structure", run=missing_slices),
    Check(code="ST011", title="Stray pieces", run=stray_pieces),
    Check(code="ST012", title="Volume as the export states it", run=stated_volume),
    Check(code="ST013", title="Left and right", run=right_side),
    Check(code="ST014", title="Targets contain each other", run=targets_nested),
    Check(code="ST015", title="PRV contains its organ", run=prv_contains),
    Check(code="ST016", title="Nothing outside the body", run=inside_body),
    Check(code="ST017", title="Cord contoured beyond the target", run=cord_beyond_target),
    Check(code="ST018", title="Vertebral level", run=right_level),
)
