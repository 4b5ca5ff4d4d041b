"""The dashboard over a store whose rows were counted by hand."""

import os
import re
import shutil
import sqlite3
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest
from batch_store_factory import C, F, M, many_cases, write_store
from test_browser import CONTRAST

from constraints.loader import load_protocol
from planchecker.batch.archive import archive
from planchecker.batch.dashboard import write_dashboard
from planchecker.batch.dashboard.cord import is_of_canal, spreads
from planchecker.batch.dashboard.counting import COLUMNS, by_finding, by_plan, overall
from planchecker.batch.dashboard.listing import cases, margins, overrides, report_link
from planchecker.batch.dashboard.pictures import spread_svg
from planchecker.errors import PlanCheckerError, ReadError

HOSTILE = "<script>alert(1)</script>\x1b[2J\u202e\"'&"


def cord(value: float, status: str, roi: int = 1) -> F:
    return F(
        code="DL001",
        status=status,
        subject="Cord",
        metric="Dmax",
        value=value,
        unit="Gy",
        bound=17.0,
        comparison="<=",
        guideline="hytec-cord-2021",
        roi_number=roi,
    )


def dose(value: float | None, structure: str = "SpinalCord", roi: int = 1) -> M:
    return M(
        structure=structure, expression="D0.03cc", value=value, roi_number=roi, roi_name="Cord"
    )


RULE = ("limit", "SpinalCord Dmax", "17 Gy", "16 Gy", "One Gy in reserve", "Head of physics")
# Two pass, one fail, one not evaluated, one that could not be judged.
FIVE = (
    C(
        key="a",
        status="pass",
        plan_label="Alpha",
        machine="L1",
        planned_on="2024-01-31",
        findings=[cord(10.0, "pass"), F(code="ID001", status="pass")],
        metrics=[dose(9.0)],
        overrides=[RULE],
    ),
    C(
        key="b",
        status="pass",
        plan_label="Beta",
        machine="L1",
        planned_on="2024-02-01",
        findings=[cord(16.0, "pass"), F(code="ID001", status="pass")],
        metrics=[dose(15.0)],
        overrides=[RULE, ("machine", "L1", "", "added", "New", "Physicist")],
    ),
    C(
        key="c",
        status="fail",
        exit_code=1,
        plan_label="Gamma",
        machine="L2",
        planned_on="2024-02-29",
        findings=[
            cord(18.7, "fail"),
            cord(12.0, "pass", roi=2),
            F(code="ID001", status="not-evaluated"),
            F(code="ID001", status="pass"),
        ],
        metrics=[dose(18.0), dose(None, "ThecalSac", 2)],
    ),
    C(
        key="d",
        status="not-evaluated",
        exit_code=3,
        plan_label="Delta",
        machine="",
        planned_on=None,
    ),
    C(key="e", status=None, exit_code=2, machine="L2", errors=[("crash", "went away")]),
)


def counted(**counts: int) -> tuple[int, ...]:
    assert set(counts) <= {name.replace("-", "_") for name in COLUMNS}
    return tuple(counts.get(name.replace("-", "_"), 0) for name in COLUMNS)


@pytest.fixture
def store(tmp_path):
    with archive(write_store(tmp_path / "store.sqlite", FIVE)) as opened:
        yield opened


def page_of(tmp_path: Path, stored: object, **options: bool) -> str:
    path = write_store(tmp_path / "store.sqlite", stored)
    return write_dashboard(path, tmp_path / "out", **options).read_text(encoding="utf-8")


def test_all_cases_are_counted_by_status_and_none_without_a_verdict_as_a_pass(store):
    whole = overall(store)
    assert whole.counts == counted(**{"pass": 2}, fail=1, not_evaluated=1, error=1)
    assert (whole.total, whole.passed) == (5, 2)


def test_a_plan_counts_once_by_its_worst_finding_on_a_check(store):
    found = {share.name: share.counts for share in by_finding(store, "code")}
    assert found == {
        "DL001": counted(**{"pass": 2}, fail=1),
        "ID001": counted(**{"pass": 2}, not_evaluated=1),
    }
    assert by_finding(store, "code")[0].title == "Governing cord limit, stereotactic"


def test_findings_without_a_guideline_are_in_no_row_of_guidelines(store):
    (share,) = by_finding(store, "guideline")
    assert (share.name, share.counts) == ("hytec-cord-2021", counted(**{"pass": 2}, fail=1))


def test_groups_of_cases_keep_those_without_a_verdict_in_the_denominator(store):
    assert {one.name: one.counts for one in by_plan(store, "machine")} == {
        "L1": counted(**{"pass": 2}),
        "L2": counted(fail=1, error=1),
        "unknown": counted(not_evaluated=1),
    }
    assert [(one.name, one.total) for one in by_plan(store, "month")] == [
        ("2024-01", 1),
        ("2024-02", 2),
        ("2024-03", 1),
        ("no date", 1),
    ]


def test_a_status_this_program_does_not_know_is_no_verdict(tmp_path):
    odd = C(key="x", status="splendid", findings=[F(code="ID001", status="splendid")])
    with archive(write_store(tmp_path / "s.sqlite", [odd])) as opened:
        assert overall(opened).counts == counted(error=1)
        assert by_finding(opened, "code")[0].counts == counted(error=1)
        assert [one.status for one in cases(opened, anonymise=False)] == ["error"]


def test_findings_can_be_grouped_by_two_columns_only(store):
    with pytest.raises(ValueError, match="'subject'"):
        by_finding(store, "subject")


def test_doses_are_grouped_by_scheme_and_structure_with_the_limits_that_governed(store):
    cord_, sac = spreads(store)
    assert (cord_.structure, cord_.values_gy, cord_.unanswered) == (
        "SpinalCord",
        (9.0, 15.0, 18.0),
        0,
    )
    assert cord_.median_gy == 15.0
    assert [(b.metric, b.value, b.plans) for b in cord_.bounds] == [("Dmax", 17.0, 3)]
    assert (sac.values_gy, sac.unanswered, sac.median_gy) == ((), 1, None)


def test_a_limit_that_does_not_govern_is_not_drawn(tmp_path):
    beside = F(**{**_fields(cord(10.0, "pass")), "governs": False})
    stored = [C(key="a", findings=[beside], metrics=[dose(9.0)])]
    with archive(write_store(tmp_path / "s.sqlite", stored)) as opened:
        (found,) = spreads(opened)
    assert found.bounds == ()
    assert "bound" not in spread_svg("x", [found])


def _fields(one: F) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


def test_the_picture_shows_as_many_contours_as_there_are(store):
    drawn = spread_svg("x", spreads(store))
    counts = [int(count) for count in re.findall(r"<rect[^>]*><title>(\d+)</title>", drawn)]
    assert sum(counts) == 3
    assert drawn.count('class="bound other"') == 1
    assert "Dmax ≤ 17 Gy, hytec-cord-2021" in drawn


def test_structures_of_the_canal_are_those_the_protocol_names():
    rules = load_protocol("bone_metastases")
    of_canal = ("SpinalCord", "SpinalCord_PRV05", "ThecalSac", "SpinalCanal", "CaudaEquina")
    assert all(is_of_canal(name, rules) for name in of_canal)
    assert not any(is_of_canal(name, rules) for name in ("Esophagus", "SpinalCordX", "PTV"))


def test_margins_are_ranked_in_percent_of_the_limit(store):
    found = list(margins(store, 2, anonymise=False))
    assert [(one.plan, round(one.finding.margin, 6)) for one in found] == [
        ("Gamma", -1.7),
        ("Beta", 1.0),
    ]
    assert found[0].link == "cases/c/report.html"


def test_overrides_are_counted_by_case(store):
    found = [(one.subject, one.cases) for one in overrides(store, anonymise=False)]
    assert found == [("SpinalCord Dmax", 2), ("L1", 1)]


def test_cases_stand_with_those_without_a_verdict_first(store):
    found = list(cases(store, anonymise=False))
    assert [one.status for one in found] == ["error", "fail", "not-evaluated", "pass", "pass"]
    assert [one.reason for one in found[:2]] == ["crash: went away", "DL001 Cord"]
    assert [one.link for one in found[:2]] == ["", "cases/c/report.html"]


LINKS = [
    ("ab12", "cases/ab12/report.html"),
    ("cases/ab12", "cases/ab12/report.html"),
    ("a b#c", "cases/a%20b%23c/report.html"),
    ("../../etc", ""),
    ("/etc", ""),
    ("javascript:alert(1)", ""),
    ("a\\..\\b", ""),
    ("", ""),
]


@pytest.mark.parametrize(("folder", "link"), LINKS)
def test_a_link_never_leaves_the_folder_of_the_cases(folder, link):
    assert report_link(folder) == link


def test_the_page_prints_counts_with_their_denominators(tmp_path):
    text = " ".join(re.sub(r"<[^>]+>", " ", page_of(tmp_path, FIVE)).split())
    assert "2 pass 40.0 % of 5" in text
    assert "1 not-evaluated 20.0 % of 5" in text
    assert "1 error 20.0 % of 5" in text
    assert "DL001 Governing cord limit, stereotactic 3 2 66.7 % 0 0 0 0 1 0" in text
    assert "Dmax ≤ 17 Gy hytec-cord-2021, 3" in text
    assert "crash 1 1" in text


def test_an_empty_store_is_no_pass(tmp_path):
    page = page_of(tmp_path, [])
    assert "No case was checked, and that is not a pass." in page
    assert "100.0 %" not in page


def test_a_run_that_was_interrupted_says_so(tmp_path):
    path = write_store(tmp_path / "store.sqlite", FIVE, state="running")
    page = write_dashboard(path, tmp_path).read_text(encoding="utf-8")
    assert "The last run is running, not complete." in page


def hostile() -> list[C]:
    finding = F(
        code=HOSTILE,
        status="fail",
        subject=HOSTILE,
        metric=HOSTILE,
        value=2.0,
        unit=HOSTILE,
        bound=1.0,
        comparison="<=",
        guideline=HOSTILE,
    )
    text = dict.fromkeys(
        ("plan_label", "patient_id", "patient_name", "machine", "technique", "scheme"), HOSTILE
    )
    metrics = [M(structure="SpinalCord_PRV" + HOSTILE, expression="D0.03cc", value=1.0)]
    override = (HOSTILE,) * 6
    return [
        C(key="a", status="fail", findings=[finding], metrics=metrics, overrides=[override],
          errors=[(HOSTILE, HOSTILE)], planned_on=HOSTILE, **text),
        C(key="</script><b>", status="fail", findings=[finding], **text),
        C(key="c", status=None, errors=[(HOSTILE, HOSTILE)], **text),
    ]  # fmt: skip


def test_every_string_of_the_store_is_escaped(tmp_path):
    page = page_of(tmp_path, hostile())
    for tag in ("<script>alert", "\x1b", "\u202e", "</script><b>"):
        assert tag not in page
    assert page.count("<script") == page.count("</script>") == 2
    assert HOSTILE[:25] in unescape(page)


def test_without_names_nothing_leads_back_to_a_patient(tmp_path):
    secret = "Zweistein"
    named = C(
        key=secret,
        plan_uid=secret,
        plan_label=secret,
        patient_id=secret,
        patient_name=secret,
        planned_on="2024-03-07",
        findings=[F(**{**_fields(cord(18.0, "fail")), "subject": secret, "roi_number": 9}),
                  F(code="ST001", status="warn", subject=secret, message=secret)],
        metrics=[M(structure="", expression="Dmax", value=1.0, roi_number=9, roi_name=secret)],
        overrides=[("limit", "Cord", "17", "16", secret, secret)],
        errors=[("defect", secret)],
    )  # fmt: skip
    page = page_of(tmp_path, [named], anonymise=True)
    assert secret not in page
    assert "2024-03-07" not in page
    assert "/plans" not in page
    assert "report.html" not in page
    assert "withheld" in page
    assert 'href="cases/' not in page
    linked = write_dashboard(
        tmp_path / "store.sqlite", tmp_path / "linked", anonymise=True, link_reports=True
    )
    assert f'href="cases/{secret}/report.html"' in linked.read_text(encoding="utf-8")
    shown = write_dashboard(tmp_path / "store.sqlite", tmp_path / "named")
    assert secret in shown.read_text(encoding="utf-8")


def test_the_same_store_gives_the_same_bytes(tmp_path):
    path = write_store(tmp_path / "store.sqlite", FIVE)
    first = write_dashboard(path, tmp_path / "a").read_bytes()
    assert write_dashboard(path, tmp_path / "b").read_bytes() == first


def test_five_thousand_cases_give_one_page_of_less_than_two_megabytes(tmp_path):
    path = write_store(tmp_path / "store.sqlite", list(many_cases(5000)))
    page = write_dashboard(path, tmp_path)
    assert page.stat().st_size < 2_000_000
    text = page.read_text(encoding="utf-8")
    assert text.count("<tr>") < 500
    assert text.count("DOE^JANE") >= 5000


def test_the_store_is_never_written_to(tmp_path):
    path = write_store(tmp_path / "store.sqlite", FIVE)
    before = path.read_bytes()
    write_dashboard(path, tmp_path)
    assert path.read_bytes() == before
    with pytest.raises(ReadError, match="readonly"), archive(path) as opened:
        opened.execute("DELETE FROM metric")


def test_what_is_no_store_is_refused(tmp_path):
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as other, other:
        other.execute("CREATE TABLE batch (id)")
    for name in ("absent.sqlite", "other.sqlite"):
        with pytest.raises(ReadError, match=name):
            write_dashboard(tmp_path / name, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_store_of_a_newer_program_is_refused(tmp_path):
    path = write_store(tmp_path / "store.sqlite", FIVE)
    with closing(sqlite3.connect(path)) as opened, opened:
        opened.execute("PRAGMA user_version = 2")
    with pytest.raises(ReadError, match="has schema 2, this program knows 1"):
        write_dashboard(path, tmp_path / "out")


def test_a_store_that_is_being_written_is_read_as_it_was_at_one_moment(tmp_path):
    path = write_store(tmp_path / "store.sqlite", FIVE)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        with archive(path) as opened:
            writer.execute("UPDATE \"case\" SET status = 'pass', state = 'checked'")
            assert overall(opened).passed == 2
        with archive(path) as opened:
            assert overall(opened).passed == 5


def test_a_store_is_read_where_nothing_can_be_written_beside_it(tmp_path):
    path = write_store(tmp_path / "store.sqlite", FIVE)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
    # A folder in its place keeps SQLite from making the file it wants, even for root.
    (tmp_path / "store.sqlite-shm").mkdir()
    with archive(path) as opened:
        assert overall(opened).total == 5


def test_a_log_that_was_left_behind_is_read_with_its_store(tmp_path):
    path = write_store(tmp_path / "store.sqlite", FIVE)
    left = tmp_path / "left"
    left.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("UPDATE \"case\" SET status = 'pass', state = 'checked'")
        for name in ("store.sqlite", "store.sqlite-wal"):
            shutil.copy(tmp_path / name, left / name)
    (left / "store.sqlite-shm").mkdir()
    with archive(left / "store.sqlite") as opened:
        assert overall(opened).passed == 5


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    path = write_store(tmp_path / "store.sqlite", FIVE)
    (tmp_path / "out").write_text("a file")
    with pytest.raises(PlanCheckerError, match="out"):
        write_dashboard(path, tmp_path / "out")


def test_in_a_browser_the_list_is_searched_and_nothing_is_asked_of_a_network(tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    browser_path = os.environ.get("PLANCHECKER_CHROMIUM") or shutil.which("chromium")
    if browser_path is None:
        pytest.skip("no chromium: install it or name it in PLANCHECKER_CHROMIUM")
    path = write_store(tmp_path / "store.sqlite", [*many_cases(250), *hostile()])
    page_path = write_dashboard(path, tmp_path)
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browser_path)
        page = browser.new_page()
        said, asked = [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url))
        page.emulate_media(color_scheme="dark")
        page.goto(page_path.as_uri())
        assert page.evaluate(CONTRAST) == []
        page.emulate_media(color_scheme="light")
        assert page.evaluate(CONTRAST) == []
        bare = "[...document.querySelectorAll('table')].filter((one) => !one.caption).length"
        assert page.evaluate(bare) == 0
        rows = page.locator("#cases tbody tr")
        assert page.locator("#controls output").text_content() == "1 to 100 of 253"
        page.get_by_role("button", name="On").click()
        assert page.locator("#controls output").text_content() == "101 to 200 of 253"
        page.get_by_label("Search").fill("P000012")
        assert (rows.count(), rows.locator("th").text_content()) == (1, "Plan 12")
        page.get_by_label("Search").fill("")
        page.get_by_label("Status", exact=True).select_option(label="error")
        assert rows.count() == 1
        page.get_by_label("Status", exact=True).select_option(label="Status: all")
        page.get_by_role("button", name="Patient").click()
        first = rows.locator("td").nth(1).text_content()
        page.get_by_role("button", name="Patient").click()
        assert rows.locator("td").nth(1).text_content() != first
        browser.close()
    assert said == []
    assert {url.split("/")[-1] for url in asked} <= {"index.html", "dashboard.css", "dashboard.js"}
