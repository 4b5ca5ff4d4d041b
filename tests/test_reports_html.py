import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from golden.hand_built import (
    BESIDE,
    CANAL,
    CLEAN,
    EMPTY,
    EVERYTHING,
    HOSTILE,
    LONG,
    NASTY,
    REPORTS,
    SCENE,
    view,
)

from planchecker.drawing.png import grey_png
from planchecker.reports import Style, render
from planchecker.reports.text import STATUS_WORD
from planchecker.results import Report, Status

VOID = {"meta", "link", "br", "col", "path", "circle", "rect", "image"}
FETCHING = ("src", "srcset", "action", "poster", "data", "background")


class Page(HTMLParser):
    """Collects elements and checks that they nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("td", "th"):
            self.words.append(" ")
        if tag not in VOID or tag == "path":
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack, f"</{tag}> closes nothing"
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.stack[-1:] not in (["style"], ["script"]):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


@pytest.mark.parametrize("name", REPORTS)
def test_elements_nest(name: str) -> None:
    assert Page(render(REPORTS[name], "html")).stack == []


@pytest.mark.parametrize("name", REPORTS)
def test_the_page_asks_for_nothing(name: str) -> None:
    text = render(REPORTS[name], "html")
    for tag, attributes in Page(text).elements:
        assert tag not in {"iframe", "img", "object", "embed"}
        assert not any(key in attributes for key in FETCHING)
        if tag == "image":
            assert str(attributes["href"]).startswith("data:image/png;base64,")
        assert not any(key.startswith("on") for key in attributes)
        if tag in {"link", "a"}:
            href = str(attributes["href"])
            assert href == "data:," or href.startswith(("#", "https://doi.org/"))
    assert "@import" not in text
    assert "url(" not in text
    assert "default-src 'none'" in text


@pytest.mark.parametrize("name", REPORTS)
def test_the_policy_allows_the_packaged_script_and_no_other(name: str) -> None:
    text = render(REPORTS[name], "html")
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text
    assert "'unsafe-inline'; script" not in text.replace("style-src 'unsafe-inline'", "")
    opened = re.findall(r"<script[^>]*>", text)
    assert set(opened) <= {"<script>", '<script type="application/json">'}


def test_the_data_of_the_figure_cannot_end_their_element() -> None:
    text = render(NASTY, "html")
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', text, re.DOTALL)
    assert not set(data) & set("<>&")
    assert json.loads(data)["curves"][0]["name"].startswith("<script>")


@pytest.mark.parametrize("name", REPORTS)
def test_headings_skip_no_level_and_the_first_is_the_only_h1(name: str) -> None:
    elements = Page(render(REPORTS[name], "html")).elements
    levels = [int(tag[1]) for tag, _ in elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))


@pytest.mark.parametrize("name", REPORTS)
def test_every_table_header_has_a_scope_and_ids_are_unique(name: str) -> None:
    elements = Page(render(REPORTS[name], "html")).elements
    assert all("scope" in attributes for tag, attributes in elements if tag == "th")
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_language_and_title_are_given() -> None:
    text = render(EVERYTHING, "html")
    assert '<html lang="en">' in text
    assert "<title>FAIL: Plan T8 SBRT – planchecker</title>" in text


def test_strings_of_the_export_are_escaped_and_stripped() -> None:
    text = render(NASTY, "html")
    assert text.count("<script") == 2
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_strings_of_the_export_are_no_template() -> None:
    assert "{{ 7 * 7 }}" in render(NASTY, "html")


def test_a_doi_that_is_none_becomes_no_link() -> None:
    links = {a.get("href") for tag, a in Page(render(NASTY, "html")).elements if tag == "a"}
    assert links == {"https://doi.org/10.1016/j.ijrobp.2019.09.038"}


def test_long_names_are_shortened_and_kept_in_a_title() -> None:
    titles = [a.get("title") for _, a in Page(render(NASTY, "html")).elements]
    assert LONG in titles


def test_a_hostile_plan_label_stays_text_in_every_place() -> None:
    assert EVERYTHING.plan is not None
    report = replace(EVERYTHING, plan=replace(EVERYTHING.plan, label=HOSTILE))
    assert "<script>alert" not in render([report, report], "html")


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.PASS])
def test_every_status_stands_as_a_word(status: Status) -> None:
    assert STATUS_WORD[status] in Page(render(EVERYTHING, "html")).text


def test_at_most_seven_cards_stand_first_worst_first() -> None:
    many = Report(findings=(*(replace(CANAL, subject=f"S{n}") for n in range(9)), BESIDE))
    text = render(many, "html")
    cards = re.findall(r'<li class="card ([a-z-]+)">', text)
    assert cards == ["fail"] * 7
    assert "3 further findings that need a person" in Page(text).text


def test_cards_run_from_fail_to_warn() -> None:
    cards = re.findall(r'<li class="card ([a-z-]+)">', render(EVERYTHING, "html"))
    order = [status.value for status in Status]
    assert cards == sorted(cards, key=order.index)
    assert "pass" not in cards


def test_a_governing_finding_stands_before_one_beside_it() -> None:
    beside = replace(BESIDE, status=Status.FAIL)
    assert Report(findings=(beside, CANAL)).attention == (CANAL, beside)


def test_families_hold_every_finding() -> None:
    text = render(EVERYTHING, "html")
    rows = re.findall(r'<tr class="([a-z-]+)">', text)
    assert len(rows) == len(EVERYTHING.findings)


def test_the_voxel_is_drawn_in_every_plane_with_its_cross() -> None:
    text = render(EVERYTHING, "html")
    assert text.count('<svg class="view"') == len(SCENE.views)
    assert text.count('<path class="cross"') == len(SCENE.views)
    assert "sagittal, x = −3.2 mm" in Page(text).text
    assert "without image: there is no CT" in Page(text).text


def test_what_would_make_it_pass_is_told_with_its_cost() -> None:
    text = Page(render(EVERYTHING, "html")).text
    assert "1.60 Gy less there, or all dose times 0.914" in text
    assert "PTV_T8 23.90 Gy 21.84 Gy 95.2 % – %" in text


def test_guidelines_that_disagree_stand_side_by_side() -> None:
    text = Page(render(EVERYTHING, "html")).text
    assert "hytec_cord_2021 governs ≤ 17 Gy" in text
    assert "another_2020 ≤ 18.4 Gy" in text


def test_an_acceptance_is_shown_with_why_it_no_longer_counts() -> None:
    text = Page(render(EVERYTHING, "html")).text
    assert "no longer valid: the plan or its files changed since. Accepted by Dr Example" in text


def test_a_page_with_seven_scenes_stays_below_two_megabytes() -> None:
    rng = np.random.default_rng(1)
    png = grey_png(rng.integers(0, 255, (120, 120), dtype=np.uint8))
    drawn = tuple(replace(view("axial", 0.0), image_png=png) for _ in range(3))
    findings = tuple(replace(CANAL, subject=f"S{n}") for n in range(7))
    scenes = tuple(replace(SCENE, finding=one.id, views=drawn) for one in findings)
    text = render(replace(EVERYTHING, findings=findings, scenes=scenes), "html")
    assert len(text.encode()) < 2_000_000


def test_french_has_its_words_and_its_decimal_comma() -> None:
    text = Page(render(EVERYTHING, "html", style=Style(lang="fr"))).text
    for words in ("NON CONFORME", "18,42 Gy", "Ce qui demande une personne", "Baisser la dose à"):
        assert words in text


def test_an_empty_report_says_that_nothing_was_evaluated() -> None:
    text = Page(render(EMPTY, "html")).text
    assert "NOT EVALUATED nothing was evaluated, and that is not a pass." in text


def test_numbers_limits_digests_and_notes_are_on_the_page() -> None:
    text = Page(render(EVERYTHING, "html")).text
    shown = ("18.42 Gy", "18.31 to 18.60", "≤ 17 Gy", "1.42 Gy over", "at −3.2; 41.5; −120.0 mm")
    for words in (*shown, EVERYTHING.library_sha256, "no transfer syntax", "No earlier course"):
        assert words in text


def test_several_plans_are_listed_with_their_verdicts() -> None:
    text = Page(render([CLEAN, EVERYTHING], "html")).text
    assert text.startswith("FAIL: 2 plans – planchecker 2 plans")
