"""DE001: sectors of a vertebra that GTV and CTV hold, against the published table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from constraints.model import Evidence, SectorRule, Technique
from planchecker.checks.context import Context, Outcome
from planchecker.checks.delineation_drawn import Vertebra, vertebrae
from planchecker.checks.limits.nesting import drawn_structures
from planchecker.checks.saying import moot, say, words_in
from planchecker.checks.targets import targets
from planchecker.errors import PlanCheckerError
from planchecker.naming import Match
from planchecker.results import Status
from planchecker.sectors import SECTORS_OF, Part, VertebraSectors, shares

__all__ = ["ctv_sectors", "is_postoperative", "recommended"]

CODE = "DE001"
_SIDES = ("left", "right")


@dataclass(frozen=True, kw_only=True, slots=True)
class Recommended:
    """What the table asks for.

    Parameters
    ----------
    needed, allowed
        Sectors that belong to the CTV, and those that may.
    rows
        Ids of the rows that were used.
    single
        Whether one of them rests on a single transcription.
    complete
        Whether rows that are not from memory settle the pattern, so that more than they ask is
        superfluous.
    """

    needed: frozenset[Part]
    allowed: frozenset[Part]
    rows: tuple[str, ...]
    single: bool
    complete: bool


def ctv_sectors(context: Context) -> Iterator[Outcome]:
    """Ask whether the CTV holds the sectors of the vertebra that go with those of the GTV.

    What
    ----
    The six sectors of the vertebra as they are contoured, such as ``T10_pedicle_L``, else divided
    by its canal (`planchecker.sectors`). A sector belongs to the GTV from
    ``delineation.touched_percent`` or ``delineation.touched_cc`` on, and to the CTV from
    ``delineation.covered_percent`` on. The rows of the table whose pattern the GTV has say which
    sectors belong to the CTV.

    Why
    ---
    Recurrence comes in the next sector that was left out; dose comes to the cord from one that
    nobody needed.

    Passes
    ------
    Every recommended sector is in the CTV and no other one.

    Fires
    -----
    `warn` for a sector that is missing or superfluous, `manual` where the row rests on one
    transcription. The finding points to the middle of the sector.

    Not evaluated
    -------------
    Listed as not applicable: conventional and post-operative plans, and where the whole
    vertebra, its canal, GTV or CTV is not contoured.

    Where the technique of the plan is unknown.

    References
    ----------
    Cox et al. 2012, doi 10.1016/j.ijrobp.2012.03.009; the sector table as a vendor's manual
    gives it. The division into sectors is geometric and ours.
    """
    reason = _not_asked(context)
    gtvs, ctvs = targets(context, "GTV"), targets(context, "CTV")
    missing = not gtvs or not ctvs
    found = () if reason or missing else tuple(vertebrae(context, gtvs))
    if not reason and not found:
        reason = "vertebra, canal, GTV or CTV is not contoured, so sectors are not known"
    if reason:
        yield moot(CODE, "CTV", reason)
    for one in found:
        if one.sectors is None:
            yield moot(CODE, one.name, one.problem)
            continue
        try:
            yield from _vertebra(context, one, one.sectors, gtvs, ctvs)
        except PlanCheckerError as error:
            yield moot(CODE, one.name, f"sectors cannot be told: {error}")


def recommended(rules: Iterator[SectorRule], touched: frozenset[Part]) -> Recommended:
    """Return the sectors that go with those the GTV touches.

    Every row whose pattern lies in what is touched counts, and a sector that is touched always
    belongs. Rows from memory only widen what is allowed.
    """
    needed, allowed = set(touched), set(touched)
    rows: list[str] = []
    single = False
    explained: set[Part] = set()
    for rule in rules:
        side = _pattern(rule, touched)
        if side is None:
            continue
        asked = _parts(rule.ctv, side)
        allowed |= asked | _parts((*rule.optional, *rule.disputed), side)
        if rule.evidence is Evidence.D:
            continue
        needed |= asked
        rows.append(rule.id)
        single |= rule.evidence is Evidence.C
        explained |= _parts(rule.gtv, side)
    return Recommended(
        needed=frozenset(needed),
        allowed=frozenset(allowed | needed),
        rows=tuple(rows),
        single=single,
        complete=bool(rows) and explained >= touched,
    )


def is_postoperative(context: Context) -> bool:
    """Tell whether indication or implants show that the bone was operated."""
    if set(context.scheme.indications) == {"postoperative"}:
        return True
    return any(words_in(context, "implants", s.name) for s in drawn_structures(context).values())


def _not_asked(context: Context) -> str:
    if context.technique.worlds != (Technique.STEREOTACTIC,):
        return "asked of stereotactic plans only"
    return "the table is for the intact spine" if is_postoperative(context) else ""


def _vertebra(
    context: Context,
    bone: Vertebra,
    sectors: VertebraSectors,
    gtvs: tuple[Match, ...],
    ctvs: tuple[Match, ...],
) -> Iterator[Outcome]:
    arch = sum(sectors.volume_cc(p) for p in Part if p is not Part.BODY)
    gross = _together(context, sectors, gtvs)
    percent = context.criterion("delineation.touched_percent") / 100
    least_cc = context.criterion("delineation.touched_cc")
    touched = frozenset(p for p, (s, cc) in gross.items() if s >= percent or cc >= least_cc)
    if not touched:
        yield moot(CODE, bone.name, "no GTV lies in this vertebra")
        return
    if arch < least_cc:
        yield moot(CODE, bone.name, "it is the body alone; contour the vertebra with its arch")
        return
    clinical = _together(context, sectors, ctvs)
    asked = recommended(
        (rule for guideline in context.guidelines.values() for rule in guideline.sectors), touched
    )
    full = context.criterion("delineation.covered_percent") / 100
    half = context.criterion("delineation.superfluous_percent") / 100
    missing = [p for p in Part if p in asked.needed and clinical[p][0] < full]
    excess = [p for p in Part if p not in asked.allowed and clinical[p][0] >= half]
    named = ", ".join(p.value for p in Part if p in touched)
    rows = f" ({', '.join(asked.rows)})" if asked.rows else ""
    status = Status.MANUAL if asked.single else Status.WARN
    for part in missing:
        message = (
            f"{bone.name}: the GTV is in {named}; the {part.value} belongs to the CTV{rows}, "
            f"and {100 * clinical[part][0]:.0f} % of it is in."
        )
        remedy = f"Add the {part.value} to the CTV, or note why not."
        yield say(
            CODE, bone.name, status, message, remedy=remedy, location_mm=sectors.middle_mm(part)
        )
    for part in excess if asked.complete else ():
        message = (
            f"{bone.name}: the GTV is in {named}; the {part.value} is in the CTV and not asked "
            f"for{rows}."
        )
        remedy = f"Take the {part.value} out of the CTV, or note why not."
        yield say(
            CODE, bone.name, status, message, remedy=remedy, location_mm=sectors.middle_mm(part)
        )
    if not missing and not (excess and asked.complete):
        message = f"{bone.name}: the GTV is in {named}; the CTV holds what goes with it{rows}."
        yield say(CODE, bone.name, Status.PASS, message)


def _together(
    context: Context, sectors: VertebraSectors, found: tuple[Match, ...]
) -> Mapping[Part, tuple[float, float]]:
    """Return share and volume of each sector that the targets hold together."""
    drawn = drawn_structures(context)
    return shares(sectors, *(drawn[m.roi_number] for m in found))


def _pattern(rule: SectorRule, touched: frozenset[Part]) -> str | None:
    """Return the side of a row whose pattern the GTV has, "" without a side, None otherwise."""
    onesided = [name for name in rule.gtv if name.endswith("_uni")]
    names = [name for name in rule.gtv if name not in onesided]
    # A tumour in one half of the body, or throughout it, cannot be told apart by sectors.
    plain = [name.removesuffix("_lateral").removesuffix("_diffuse") for name in names]
    if not all(SECTORS_OF.get(name) in touched for name in plain):
        return None
    if not onesided:
        return ""
    for side, other in (_SIDES, _SIDES[::-1]):
        here = [SECTORS_OF[name.replace("_uni", f"_{side}")] for name in onesided]
        there = [SECTORS_OF[name.replace("_uni", f"_{other}")] for name in onesided]
        if all(p in touched for p in here) and not any(p in touched for p in there):
            return side
    return None


def _parts(names: tuple[str, ...], side: str) -> set[Part]:
    found: set[Part] = set()
    for name in names:
        stem = name.removesuffix("_lateral").removesuffix("_diffuse")
        for ending in ("_ipsi", "_uni"):
            stem = stem.replace(ending, f"_{side}")
        if stem in SECTORS_OF:
            found.add(SECTORS_OF[stem])
            continue
        # Without a known side both are meant.
        found |= {SECTORS_OF[f"{stem}{s}"] for s in _SIDES if f"{stem}{s}" in SECTORS_OF}
    return found
