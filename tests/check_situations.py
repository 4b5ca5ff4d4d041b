"""Three situations for every check: one that passes, one that fires, one it cannot evaluate.

A situation is a function without arguments that returns a context, so that a table of a hundred
checks costs nothing to import. Where a case cannot exist, the reason stands in its place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import case_factory as factory
import test_checks_anatomy as anatomy
import test_checks_beams as beams
import test_checks_coverage as coverage
import test_checks_delineation as drawing
import test_checks_dose_limits as limits
import test_checks_dose_object as dose
import test_checks_identity as identity
import test_checks_image as image
import test_checks_level as level
import test_checks_normalisation as normalised
import test_checks_prescription as scheme
import test_checks_reirradiation as courses
import test_checks_structures as structures
import test_target_quality as quality
from check_cases import BODY, CORD, CTV, PTV, context, with_plan, with_rois
from limit_factory import BOTH, CONVENTIONAL, STEREOTACTIC, guideline, limit, situation
from vertebra_factory import canal, target, vertebra

from planchecker.checker import build_context
from planchecker.plan_dose import PlanDose
from planchecker.sectors import Part

__all__ = ["SITUATIONS", "Three"]

Situation = Callable[[], Any]


@dataclass(frozen=True)
class Three:
    """Situations of one check, or why there is none."""

    passes: Situation | str
    fires: Situation | str
    open: Situation | str


LEFT_TO_ST001 = "never: what it needs and is not contoured is told by ST001"
SHOWN_ONLY = "never: it shows a figure and has no status"
LISTED = "never: what cannot be judged is listed with its reason"
NEVER_OPEN = "never: everything it reads is known, or the question does not arise"
FIRES = ("fail", "warn", "manual", "borderline")


def clean():
    return context()


def of_table(table: list[tuple[str, Any, list[str]]], code: str) -> Three:
    """Pick the three from a table of (code, context, statuses), if it has them."""

    def picked(*wanted: str) -> Situation | str:
        rows = [row for row in table if row[0] == code]
        for _, made, expected in rows:
            if expected and set(expected) <= set(wanted):
                return lambda: made
        return ""

    return Three(picked("pass"), picked(*FIRES), picked("not-evaluated"))


def of_cases(table: dict[str, tuple[Any, Any]], passes: str, fires: str, unknown: str) -> Three:
    """Pick the three by name from a table of (case, statuses)."""

    def made(name: str) -> Situation:
        return lambda: context(table[name][0])

    return Three(made(passes), made(fires), made(unknown))


def prescribed(dose_gy: float | None, fractions: int | None, kind: str = "static", **options: Any):
    def made():
        of = factory.plan(dose_gy, fractions, beams=factory.beams(kind), label="PLAN1")
        return scheme.reading_context(of, **options)

    return made


def rx(name: str, table: dict[str, tuple[Any, str]]) -> Situation:
    return lambda: scheme.reading_context(table[name][0])


def targeted(*doses: float) -> Situation:
    given = scheme.targets(*doses)
    return lambda: scheme.reading_context(scheme.prescribed(factory.plan(), targets=given))


def beam_doses(*doses: float) -> Situation:
    def made():
        one = factory.beams("static", 1)[0]
        given = tuple(factory.changed(one, number=i, dose_gy=d) for i, d in enumerate(doses))
        return scheme.reading_context(factory.plan(30, 10, beams=given))

    return made


def drawn(*rois: Any, **overrides: Any) -> Situation:
    return lambda: structures.drawn(*rois, **overrides)


def graded(**overrides: Any) -> Situation:
    def made():
        of = overrides.pop("of", None) if "of" in overrides else None
        return factory.context(of or factory.case(), **(factory.rules() | overrides))

    return made


def highest(gy: float) -> Situation:
    return graded(plan_dose=dose.plan_dose(grid=dose.coarse(6.0, gy)))


def spaced(mm: float, worlds: Any = CONVENTIONAL) -> Situation:
    reading = factory.changed(factory.technique(), worlds=worlds)
    return graded(plan_dose=dose.plan_dose(grid=dose.coarse(mm)), technique=reading)


def floor(code: str, answer: Any) -> Situation:
    metric, kind = {
        "TC001": ("D50%", "PTV"),
        "TC002": ("D95%", "PTV"),
        "TC003": ("V90%[%]", "CTV"),
        "TC004": ("Dmax", "PTV"),
    }[code]
    answers = {k: v for k, v in coverage.GOOD.items() if k != metric}
    if answer is not None:
        answers[metric] = answer
    return lambda: coverage.plan({kind: answers})


def device(answers: dict[str, float]) -> Situation:
    def made():
        of = factory.case(
            structure_set=factory.structure_set(PTV, CORD, BODY, anatomy.DEVICE),
            doses=(factory.dose(factory.uniform_dose(1.0)),),
        )
        stand_in = factory.StandInDvh(roi_number=7, roi_name="Pacemaker", answers=answers)
        return context(of, dvhs={7: stand_in})

    return made


def organ(answers: dict[str, float] | None) -> Situation:
    return lambda: situation({"Heart": answers}, guideline(limit("Heart")))


def beside(dmax: dict[str, float]) -> Situation:
    books = (guideline(limit()), guideline(limit("SpinalCord", value=13), name="beside"))
    return lambda: situation({"SpinalCord": dmax}, *books)


def cord(dmax: float | None, world: Any = STEREOTACTIC, dose_gy: float = 24, number: int = 2):
    answers = {"Dmax": dmax, "D0.03cc": dmax} if dmax else {}
    return lambda: limits.real({"SpinalCord": answers}, dose_gy, number, world)


def conventional(gy: float | None) -> Situation:
    answers = {} if gy is None else {"D0.03cc": gy, "EQD2(2):D0.03cc": gy, "Dmax": gy}
    return lambda: limits.real({"SpinalCord": answers}, 30, 10, CONVENTIONAL)


def sphere_dose(**dose_of: Any) -> Situation:
    return lambda: quality.situation(grid=quality.ball_dose(**dose_of))


def streaked(gy: float) -> Situation:
    def made():
        body = factory.box("BODY", number=9, size_mm=(100.0,) * 3, interpreted_type="EXTERNAL")
        ptv = factory.sphere("PTV", number=1, radius_mm=quality.PTV_MM)
        return quality.situation(ptv, body, grid=quality.ball_dose(streak=gy))

    return made


def leaves_grid() -> Any:
    return quality.situation(grid=factory.uniform_dose(24.0, half_mm=(40.0,) * 3))


def cold(name: str) -> Situation:
    def made():
        gtv = factory.sphere("GTV", number=3, radius_mm=16.0)
        near = factory.cylinder(centre_mm=(0.0, 22.0, 0.0))
        return quality.situation(gtv, near, grid=quality.cold_at(quality.PLACES[name][0]))

    return made


def undosed() -> Any:
    """GTV without a histogram."""
    gtv = factory.sphere("GTV", number=3, radius_mm=16.0)
    return quality.situation(gtv, grid=quality.ball_dose(), dvhs={})


def fracture(gy: float, **overrides: Any) -> Situation:
    return lambda: quality.situation(gy=gy, fractions=1, **overrides)


def apart(mm: float) -> Situation:
    def made():
        near = factory.box("PTV_1", number=1, size_mm=(20.0,) * 3)
        far = factory.box("PTV_2", number=2, size_mm=(20.0,) * 3, centre_mm=(0.0, 0.0, mm))
        grid = factory.uniform_dose(24.0, half_mm=(60.0, 60.0, 130.0))
        return quality.situation(near, far, grid=grid)

    return made


def brink(grid: Callable[[], Any]) -> Situation:
    def made():
        near = factory.cylinder(length_mm=60.0)
        ptv = factory.box(size_mm=(40.0, 40.0, 30.0))
        return quality.situation(ptv, near, fractions=2, grid=grid())

    return made


def ringed(name: str) -> Situation:
    def made():
        gtv_open, ctv_open, _ = drawing.RINGS[name]
        sac = factory.cylinder("ThecalSac", number=2, radius_mm=8)
        gtv, ctv = drawing.ring("GTV", 3, gap=gtv_open), drawing.ring("CTV", 4, gap=ctv_open)
        return drawing.context_of(sac, gtv, ctv)

    return made


def sectors(ctv: set[Part]) -> Situation:
    gtv, _, _ = drawing.ROWS["body and pedicle"]
    return lambda: drawing.context_of(
        vertebra(), canal(), target("GTV", 3, *gtv), target("CTV", 4, *ctv)
    )


def sacral(*more: Any) -> Situation:
    sacrum = factory.box("Sacrum", number=5, size_mm=(60.0, 60.0, 60.0))
    return lambda: drawing.context_of(factory.box(), sacrum, *more)


def with_courses(case: Callable[[], Any], *prior: Callable[[], Any], summed: bool = False):
    def made():
        protocol = factory.rules()["protocol"]
        given = tuple(course() for course in prior)
        return build_context(case(), protocol, prior=given, summed=summed)

    return made


def plain(gy: float = 20.0, fractions: int = 5) -> Callable[[], Any]:
    return lambda: courses.case_of(gy, fractions)


def spared() -> Any:
    return courses.case_of(24.0, 2, grid=courses.spared(9.0))


def lacking(situation: Situation, **gone: Any) -> Situation:
    return lambda: factory.changed(situation(), **gone)


def beside_another(gy: float, fractions: int, *, without_dose: bool = False, **rest: Any):
    def made():
        other = courses.rival(gy, fractions, grid=courses.uniform(gy))
        if without_dose:
            other["other_doses"] = ()
        return courses.case_of(gy, fractions, **other, **rest)

    return made


def contradicted() -> Any:
    both = (courses.registration(courses.TO_OLD), courses.registration(_identity(), uid="1.6"))
    return courses.shifted_course(courses.TO_OLD, both)


def with_organ(prior_gy: float) -> Callable[[], Any]:
    def made():
        oesophagus = factory.cylinder("Esophagus", number=7, radius_mm=5, length_mm=40.0)
        rois = (*courses.drawn().structures, oesophagus)
        return courses.case_of(prior_gy, 10, structure_set=factory.structure_set(*rois))

    return made


def stored(scale: float) -> Situation:
    """Plan whose dose holds the histogram of a PTV, its volume scaled."""

    def made():
        import numpy as np  # noqa: PLC0415 - here only

        from planchecker.case import StoredDvh  # noqa: PLC0415
        from planchecker.dosimetry.dvh import compute_dvh  # noqa: PLC0415

        grid = factory.ramp_dose() if scale < 0 else factory.uniform_dose()
        dvh = compute_dvh(PTV, grid)
        curve = StoredDvh(
            roi_number=1,
            dvh_type="CUMULATIVE",
            dose_units="GY",
            volume_units="CM3",
            dose=np.linspace(0.0, 30.0, 301),
            volume=np.full(301, dvh.volume_cc * scale),
        )
        of = factory.case(
            structure_set=factory.structure_set(PTV, CORD, BODY),
            doses=(factory.dose(grid, stored_dvhs=(curve,)),),
        )
        return context(of, dvhs={1: dvh})

    return made


def second_opinion(*, flat: bool = False, wrong: bool = False) -> Situation:
    def made():
        from planchecker.dosimetry.dvh import compute_dvh  # noqa: PLC0415

        grid = factory.uniform_dose(30.0)
        other = factory.uniform_dose(24.0) if wrong else grid
        turned = factory.changed(grid, axes=_turned(grid.axes)) if flat else grid
        dvhs = {1: compute_dvh(PTV, other)}
        of = factory.case(structure_set=factory.structure_set(PTV), doses=(factory.dose(turned),))
        whole = PlanDose(grid=turned, how="PLAN dose")
        return context(of, dvhs=dvhs, plan_dose=whole, second_opinion=True)

    return made


def _identity() -> Any:
    import numpy as np  # noqa: PLC0415 - here only

    return np.eye(4)


def _turned(axes: Any) -> Any:
    import numpy as np  # noqa: PLC0415 - here only

    c, s = np.cos(0.1), np.sin(0.1)
    return axes @ np.array([[1.0, 0, 0], [0, c, -s], [0, s, c]])


def labelled(label: str, **overrides: Any) -> Situation:
    return lambda: context(factory.case(plan=factory.plan(label=label, **overrides)))


def dated(drawn_on: Any, planned_on: Any) -> Situation:
    return lambda: context(
        factory.case(
            plan=factory.plan(planned_on=planned_on),
            structure_set=factory.structure_set(drawn_on=drawn_on),
        )
    )


def sagittal(*rois: Any) -> Situation:
    return lambda: with_rois(*rois)


TURNED_PTV, TURNED_CTV = anatomy.sagittal(PTV), anatomy.sagittal(CTV)
PRV = factory.cylinder("SpinalCord_PRV02", number=6, radius_mm=8, length_mm=90, step_mm=3.0)
ALL_SECTORS = drawing.ROWS["body and pedicle"][1]
SHORT = factory.cylinder("SpinalCord", length_mm=20.0)


def combed(aside: float) -> Any:
    of = factory.case(
        plan=beams.plan(beams=(beams.beam("vmat", control_points=beams.comb(aside)),))
    )
    return context(of, technique=factory.technique(delivery="VMAT"))


SITUATIONS: dict[str, Three] = {
    "ID001": of_cases(
        identity.ID001, "same patient", "other id in the dose", "id missing, name missing"
    ),
    "ID002": of_cases(identity.ID002, "own dose", "dose of an absent plan only", "no dose"),
    "ID003": of_cases(identity.ID003, "named", "other set", "no structure set"),
    "ID004": of_cases(identity.ID004, "one frame", "dose elsewhere", "dose states none"),
    "ID005": Three(clean, lambda: with_plan(intent="VERIFICATION"), lambda: with_plan(geometry="")),
    "ID006": Three(clean, lambda: with_plan(approval="REJECTED"), NEVER_OPEN),
    "ID007": Three(clean, lambda: context(identity.rival()), NEVER_OPEN),
    "ID008": Three(clean, dated(level.DAY, date(2024, 3, 4)), dated(None, level.DAY)),
    "ID009": Three(
        clean,
        lambda: image.scanned(image.changed(acquired_on=date(2023, 3, 4))),
        lambda: image.scanned(image.changed(acquired_on=None)),
    ),
    "ID010": Three(clean, labelled(" "), NEVER_OPEN),
    **{f"IM{n:03d}": of_table(image.CASES, f"IM{n:03d}") for n in (1, 2, 3, 4, 6, 7, 8, 11)},
    "IM005": Three(
        clean,
        lambda: context(factory.case(images=factory.images(spacing_mm=4.0))),
        lambda: context(technique=factory.changed(factory.technique(), worlds=())),
    ),
    "IM009": Three(clean, lambda: image.scanned(image.changed(contrast="IOMERON")), NEVER_OPEN),
    "IM010": Three(clean, lambda: with_rois(PTV, CORD, image.overridden(BODY, 1.0)), NEVER_OPEN),
    "ST001": Three(clean, lambda: with_rois(PTV, CORD), lambda: with_rois(CORD, BODY)),
    "ST002": Three(clean, drawn(PTV, CORD, CORD), LEFT_TO_ST001),
    "ST003": Three(clean, drawn(factory.changed(PTV, interpreted_type="ORGAN")), LEFT_TO_ST001),
    "ST004": Three(clean, drawn(PTV, structures.empty(CORD)), LEFT_TO_ST001),
    "ST005": Three(clean, drawn(factory.changed(PTV, notes=structures.NOTED), CORD), LEFT_TO_ST001),
    "ST006": Three(clean, drawn(PTV, SHORT), LEFT_TO_ST001),
    "ST010": of_table(anatomy.CASES, "ST010"),
    "ST011": Three(
        clean,
        lambda: with_rois(anatomy.stray(PTV), CORD, BODY),
        "never: ST010 tells of contours that are not axial",
    ),
    "ST012": Three(
        lambda: with_rois(anatomy.stated(PTV, 105.0), CORD, BODY),
        lambda: with_rois(anatomy.stated(PTV, 120.0), CORD, BODY),
        NEVER_OPEN,
    ),
    "ST013": Three(
        lambda: level.SIDES[0][0], lambda: level.SIDES[1][0], "cannot tell is listed without status"
    ),
    "ST014": Three(
        lambda: with_rois(PTV, CORD, BODY, CTV),
        lambda: with_rois(PTV, CORD, BODY, anatomy.moved(CTV, x=8.0)),
        sagittal(PTV, CORD, BODY, TURNED_CTV),
    ),
    "ST015": Three(
        lambda: anatomy.prv(8.0),
        lambda: anatomy.prv(6.5),
        sagittal(PTV, CORD, BODY, anatomy.sagittal(PRV)),
    ),
    "ST016": of_table(anatomy.CASES, "ST016"),
    "ST017": Three(
        lambda: anatomy.dosed(CORD, anatomy.LOCAL),
        lambda: anatomy.dosed(CORD, anatomy.local_dose(50.0)),
        sagittal(PTV, anatomy.sagittal(CORD), BODY),
    ),
    "ST018": Three(
        lambda: level.LEVELS[0][0],
        lambda: level.LEVELS[1][0],
        "cannot tell is listed without status",
    ),
    "RX001": Three(
        rx("stated", scheme.RX001), rx("beam doses", scheme.RX001), rx("missing", scheme.RX001)
    ),
    "RX002": Three(
        rx("as many beams as stated", scheme.RX002),
        rx("a beam named that is not there", scheme.RX002),
        rx("no number", scheme.RX002),
    ),
    "RX003": Three(targeted(30.0), targeted(30.0, 20.0), "never: RX001 tells of a missing dose"),
    "RX004": Three(
        beam_doses(1.5, 1.5),
        beam_doses(15.0, 15.0),
        "never: RX001 and RX002 tell of what is missing",
    ),
    "RX005": Three(
        labelled("T10 30Gy/10"),
        labelled("T10 20Gy/5"),
        labelled("T10 30Gy/10", prescription=factory.plan(None, 10).prescription),
    ),
    "RX010": Three(prescribed(30, 10), prescribed(30, 4), prescribed(None, 10)),
    "RX011": Three(
        prescribed(30, 10), prescribed(24, 2, "vmat", indication="mscc"), prescribed(None, 10)
    ),
    "RX020": Three(
        prescribed(30, 10),
        prescribed(30, 10, dvhs={1: factory.StandInDvh(answers={"D50%": 3.0})}),
        prescribed(30, 10, dvhs={}),
    ),
    "RX021": Three(
        lambda: normalised.CASES["point gets it"][0],
        lambda: normalised.CASES["2 % less"][0],
        lambda: normalised.CASES["point outside the grid"][0],
    ),
    **{f"BM{n:03d}": of_table(beams.CASES, f"BM{n:03d}") for n in (1, 2, 3, 4, 5, 6, 9, 10, 11)},
    "BM012": of_table(beams.CASES, "BM012"),
    "BM016": of_table(beams.CASES, "BM016"),
    **{
        f"BM{n:03d}": Three(
            (found := of_table(beams.CASES, f"BM{n:03d}")).passes, found.fires, NEVER_OPEN
        )
        for n in (7, 8, 13, 14)
    },
    "BM015": Three(
        lambda: combed(0.0), lambda: combed(60.0), "never: beams without moving leaves are listed"
    ),
    "DG001": Three(
        graded(plan_dose=dose.plan_dose()),
        graded(plan_dose=dose.plan_dose(how="sum of 2 BEAM doses")),
        graded(plan_dose=dose.REFUSED),
    ),
    "DG002": Three(spaced(3.0), spaced(3.5), spaced(3.0, worlds=())),
    "DG003": Three(
        graded(dvhs={1: factory.StandInDvh()}),
        "never: what is outside is not known to be wrong",
        graded(dvhs={1: factory.StandInDvh(outside_cc=0.4)}),
    ),
    "DG004": Three(highest(31.0), highest(3.1), graded(plan_dose=dose.REFUSED)),
    "DG005": Three(
        graded(of=factory.case(doses=(factory.dose(heterogeneity=("IMAGE",)),))),
        graded(of=factory.case(doses=(factory.dose(heterogeneity=("WATER",)),))),
        NEVER_OPEN,
    ),
    "DG006": Three(device({"Dmax": 1.0}), device({"Dmax": 3.0}), device({})),
    "DL001": Three(cord(11.0), cord(18.0), cord(None)),
    "DL002": Three(conventional(30.0), conventional(60.0), conventional(None)),
    "DL005": Three(
        lambda: situation({"SpinalCord": {}}),
        lambda: limits.real({"SpinalCord": {"Dmax": 1.0}}, 8, 1, BOTH),
        lambda: situation({"SpinalCord": {}}, fractions=None),
    ),
    "DL010": Three(organ({"Dmax": 10.0}), organ({"Dmax": 18.0}), organ({})),
    "DL020": Three(beside({"Dmax": 12.0}), beside({"Dmax": 15.0}), beside({})),
    "DL900": Three(
        cord(11.0),
        "never: a cord that was not tested is not evaluated",
        lambda: situation({"PTV": {}}),
    ),
    **{
        code: Three(floor(code, good), floor(code, bad), floor(code, None))
        for code, good, bad in (
            ("TC001", 30.0, 20.0),
            ("TC002", 29.0, 20.0),
            ("TC003", 100.0, 50.0),
            ("TC004", 31.5, 40.0),
        )
    },
    "TC005": Three(
        lambda: anatomy.dosed(CORD, anatomy.hot_at(0.0, 31.0)),
        lambda: anatomy.dosed(CORD, anatomy.hot_at(60.0, 37.0)),
        lambda: context(factory.case(doses=())),
    ),
    "TC010": Three(sphere_dose(rx_mm=16.0), sphere_dose(rx_mm=21.0), leaves_grid),
    "TC011": Three(sphere_dose(half_mm=24.0), sphere_dose(half_mm=28.0), leaves_grid),
    "TC012": Three(streaked(11.0), streaked(15.0), leaves_grid),
    "TC013": Three(cold("next to the cord"), cold("away"), undosed),
    "TC014": Three(fracture(18.0), fracture(24.0), fracture(18.0, dvhs={})),
    "TC015": Three(apart(40.0), apart(100.0), NEVER_OPEN),
    "TC020": Three(
        brink(lambda: factory.uniform_dose(12.0, half_mm=(55.0,) * 3)),
        brink(lambda: quality.ring(10.0)),
        brink(lambda: factory.uniform_dose(12.0, half_mm=(55.0, 55.0, 20.0))),
    ),
    "SO001": Three(stored(1.0), stored(1.2), "never: an export without curves is listed"),
    "SO002": Three(second_opinion(), second_opinion(wrong=True), second_opinion(flat=True)),
    "RI001": Three(
        with_courses(plain(), courses.older),
        with_courses(plain(), lambda: courses.typed(ended_on=date(2024, 5, 1))),
        with_courses(plain(), lambda: courses.typed(fractions=None)),
    ),
    "RI002": Three(
        with_courses(plain()),
        with_courses(beside_another(30.0, 10)),
        with_courses(beside_another(30.0, 10, without_dose=True)),
    ),
    "RI003": Three(
        with_courses(plain(), courses.older),
        with_courses(plain(), lambda: courses.older(frame=courses.OLD)),
        with_courses(plain(), contradicted),
    ),
    "RI010": Three(
        with_courses(spared, courses.older),
        with_courses(plain(30.0, 10), courses.older),
        with_courses(plain(), lambda: courses.typed(fractions=None)),
    ),
    "RI011": Three(
        with_courses(plain(8.0, 1), lambda: courses.older(20.0, 5)),
        with_courses(plain(30.0, 10), courses.older),
        with_courses(plain(), lambda: courses.typed(fractions=None)),
    ),
    "RI012": Three(
        with_courses(spared, courses.older),
        with_courses(plain(), courses.older),
        lacking(
            with_courses(plain(), courses.older),
            technique=factory.changed(factory.technique(), worlds=()),
        ),
    ),
    "RI013": Three(SHOWN_ONLY, SHOWN_ONLY, SHOWN_ONLY),
    "RI014": Three(
        with_courses(lambda: courses.case_of(24.0, 2, grid=courses.spared(11.0)), courses.older),
        with_courses(lambda: courses.case_of(24.0, 2, grid=courses.spared(13.0)), courses.older),
        lacking(
            with_courses(lambda: courses.case_of(24.0, 2), courses.older),
            dvhs={},
        ),
    ),
    "RI015": Three(SHOWN_ONLY, SHOWN_ONLY, SHOWN_ONLY),
    "RI016": Three(
        with_courses(with_organ(30.0), lambda: courses.older(grid=courses.uniform(1.0))),
        with_courses(with_organ(30.0), courses.older),
        NEVER_OPEN,
    ),
    "RI020": Three(
        with_courses(beside_another(8.0, 1), summed=True),
        with_courses(beside_another(30.0, 10), summed=True),
        with_courses(
            beside_another(8.0, 1, structure_set=factory.structure_set(factory.box())), summed=True
        ),
    ),
    "RI030": Three(SHOWN_ONLY, SHOWN_ONLY, SHOWN_ONLY),
    "DE001": Three(sectors(ALL_SECTORS), sectors(ALL_SECTORS - {Part.ARCH_RIGHT}), LISTED),
    "DE002": Three(ringed("no ring"), ringed("ring for an open tumour"), LISTED),
    "DE003": Three(
        "the rule rests on memory and has no status until a site confirms it",
        "the rule rests on memory and has no status until a site confirms it",
        LISTED,
    ),
    "DE005": Three(lambda: drawing.femur(8), lambda: drawing.femur(0), LISTED),
    "DE006": Three(
        sacral(factory.cylinder("CaudaEquina", number=6)),
        "never: the experts chose differently among the three structures",
        sacral(),
    ),
    "DE007": Three(SHOWN_ONLY, SHOWN_ONLY, SHOWN_ONLY),
}
