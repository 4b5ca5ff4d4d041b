import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from golden.hand_built import CLEAN, EMPTY, EVERYTHING, HOSTILE, LONG, NASTY, REPORTS

from planchecker.reports import render
from planchecker.reports.text import STATUS_WORD
from planchecker.results import Status

VOID = {"meta", "link", "br", "col", "path", "circle"}
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
        if tag not in VOID or tag == "path":
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack, f"</{tag}> closes nothing"
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.stack[-1:] != ["style"]:
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
        assert tag not in {"script", "iframe", "img", "object", "embed"}
        assert not any(key in attributes for key in FETCHING)
        assert not any(key.startswith("on") for key in attributes)
        if tag == "link":
            assert attributes["href"] == "data:,"
    assert "@import" not in text
    assert "url(" not in text
    assert "default-src 'none'" in text


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
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_strings_of_the_export_are_no_template() -> None:
    assert "{{ 7 * 7 }}" in render(NASTY, "html")


def test_a_doi_that_is_none_becomes_no_link() -> None:
    links = [a.get("href") for tag, a in Page(render(NASTY, "html")).elements if tag == "a"]
    assert links == ["https://doi.org/10.1016/j.ijrobp.2019.09.038"]


def test_long_names_are_shortened_and_kept_in_a_title() -> None:
    titles = [a.get("title") for _, a in Page(render(NASTY, "html")).elements]
    assert LONG in titles


def test_a_hostile_plan_label_stays_text_in_every_place() -> None:
    assert EVERYTHING.plan is not None
    report = replace(EVERYTHING, plan=replace(EVERYTHING.plan, label=HOSTILE))
    assert "<script" not in render([report, report], "html")


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.PASS])
def test_every_status_stands_as_a_word(status: Status) -> None:
    assert STATUS_WORD[status] in Page(render(EVERYTHING, "html")).text


def test_groups_stand_worst_first() -> None:
    elements = Page(render(EVERYTHING, "html")).elements
    names = {status.value for status in Status}
    found = [a["class"] for tag, a in elements if tag == "tbody" and a.get("class") in names]
    assert found == [status.value for status in Status]


def test_an_empty_report_says_that_nothing_was_evaluated() -> None:
    text = Page(render(EMPTY, "html")).text
    assert "NOT EVALUATED nothing was evaluated, and that is not a pass." in text


def test_numbers_limits_digests_and_notes_are_on_the_page() -> None:
    text = Page(render(EVERYTHING, "html")).text
    shown = ("18.42 Gy", "18.31 to 18.60", "≤ 17 Gy", "1.42 Gy over", "at −3.2, 41.5, −120.0 mm")
    for words in (*shown, EVERYTHING.library_sha256, "no transfer syntax", "No earlier course"):
        assert words in text


def test_several_plans_are_listed_with_their_verdicts() -> None:
    text = Page(render([CLEAN, EVERYTHING], "html")).text
    assert text.startswith("FAIL: 2 plans – planchecker 2 plans")
