"""Which contours the cord rules are tested on."""

from planchecker.checks.context import Context
from planchecker.checks.limits.nesting import (
    CAUDA,
    CORD,
    Role,
    StandIn,
    base_of,
    contoured,
    in_family,
    position,
    stand_ins,
)
from planchecker.naming import Match

__all__ = ["any_contours", "nearest_contours", "round_cord", "tested_contours"]

# The stereotactic rule is worded for the outermost of thecal sac, cord PRV and cord; a canal is
# wider than any of them and only stands in where none of them is contoured.
_TESTED = (CORD, "ThecalSac")


def any_contours(context: Context) -> tuple[Match, ...]:
    """Return whatever a cord rule can be tested on: the cord's family, else the cauda equina."""
    drawn = tuple(contoured(context))
    family = tuple(m for m in drawn if in_family(context.protocol, m.name))
    return family or tuple(m for m in drawn if m.name == CAUDA)


def round_cord(context: Context) -> tuple[Match, ...]:
    """Return thecal sac, cord PRV and cord as far as they are contoured, the outermost first."""
    home = position(context.protocol, CORD)

    def outward(match: Match) -> float:
        place = position(context.protocol, match.name, match.prv_mm)
        return max((place[c] - home[c] for c in home if c in place), default=0.0)

    tested = (m for m in any_contours(context) if base_of(m.name) in _TESTED)
    return tuple(sorted(tested, key=outward, reverse=True))


def tested_contours(context: Context) -> tuple[StandIn, ...]:
    """Return the contours of the stereotactic rule; the first one is the outermost."""
    found = tuple(StandIn(asked=CORD, match=m, role=Role.SAME) for m in round_cord(context))
    return found or nearest_contours(context)


def nearest_contours(context: Context) -> tuple[StandIn, ...]:
    """Return the cord, else what lies nearest round it, else the cauda equina."""
    found = stand_ins(context, CORD)
    return found or tuple(
        StandIn(asked=CORD, match=m, role=Role.SAME) for m in any_contours(context)
    )
