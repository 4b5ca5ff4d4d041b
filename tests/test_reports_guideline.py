import pytest

from constraints.model import Guideline, Limit, Scheme, SchemeRange, Source, Statement
from planchecker.reports import Style
from planchecker.reports.guideline import render_guideline


def limit(id_: str, value: float, fractions: int | None, **rest: object) -> Limit:
    known: dict[str, object] = {
        "structures": ("SpinalCord",),
        "metric": "Dmax",
        "comparison": "<=",
        "unit": "Gy",
        "kind": "reported",
        "technique": "stereotactic",
        "course": "first",
        "endpoint": "myelopathy",
        "evidence": "A",
        "where": "Table 1",
        "fractions": () if fractions is None else (fractions,),
    }
    return Limit.model_validate({"id": id_, "value": value, **known, **rest})


GUIDELINE = Guideline(
    id="example-2020",
    source=Source(title="An example", authors="Doe J", year=2020, doi="10.1000/1"),
    limits=(
        limit("cord/1", 12.4, 1),
        limit("cord/2", 17.0, 2, evidence="C", note="derived by arithmetic"),
        limit("cord/3", 20.3, 3),
        limit("canal", 110.0, None, unit="%Rx", technique="conventional", metric="D0.03cc"),
        limit("plexus", 99.5, 1, structures=("SacralPlexus",), evidence="D"),
    ),
    schemes=(
        Scheme(
            id="s",
            indication="spine",
            dose_gy=30,
            fractions=10,
            standing="recommended",
            evidence="A",
            where="row 1",
        ),
        Scheme(
            id="off",
            indication="unsure",
            dose_gy=99,
            fractions=3,
            standing="practice",
            evidence="D",
            where="memory",
        ),
    ),
    ranges=(
        SchemeRange(
            id="r",
            indication="spine",
            dose_gy=(20, 30),
            fractions=(4, 10),
            standing="recommended",
            evidence="A",
            where="row 1",
        ),
    ),
    statements=(Statement(id="x", summary="No figure.", evidence="A", where="row 2"),),
)


def page(width: int = 200, **style: object) -> str:
    return render_guideline(GUIDELINE, Style(width=width, **style))


def line(*words: str) -> str:
    return next(li for li in page().splitlines() if all(word in li for word in words))


def test_fractions_are_columns_and_every_figure_has_its_strength() -> None:
    assert line("Structure", "1 fx").split()[3:9] == ["1", "fx", "2", "fx", "3", "fx"]
    assert line("SpinalCord", "Dmax").split()[4:10] == ["12.4", "A", "17", "C", "20.3", "A"]


def test_limits_of_strength_d_stand_under_switched_off_only() -> None:
    before, _, after = page().partition("Switched off: strength D")
    assert "SacralPlexus" not in before
    assert "99.5 D" in after


def test_schemes_of_strength_d_stand_under_switched_off_only() -> None:
    before, _, after = page().partition("Switched off schemes")
    assert "unsure" not in before
    assert "99 / 3" in after


@pytest.mark.parametrize(
    "words",
    [
        ("https://doi.org/10.1000/1",),
        ("Doe J, 2020",),
        ("Limits: conventional, first course",),
        ("% of Rx", "110 A"),
        ("spine", "30 / 10", "recommended"),
        ("spine", "20 to 30 / 4 to 10"),
        ("No figure.",),
        ("cord ", "derived by arithmetic"),
    ],
)
def test_the_page_holds(words: tuple[str, ...]) -> None:
    assert line(*words)


def test_without_symbols_the_page_is_ascii() -> None:
    assert page(symbols=False).isascii()
    assert "Dmax <=" in page(symbols=False)


def test_the_page_keeps_to_the_width() -> None:
    assert max(map(len, page(width=120).splitlines())) <= 120
