"""A report does not depend on how many processes made it."""

import subprocess
import sys

import pytest

from sample_dicom import write

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux copies a process safely"
)

SAMPLES = ("spine-sbrt-24-in-2-cord-over", "postoperative-8-in-1", "cord-compression-30-in-10")
SITE = """
id = "site"
title = "A hospital"
[[limit]]
guideline = "hytec-cord-2021"
limit = "HYT/2"
value = 15
reason = "House rule"
approver = "Dr A"
"""
BOTH_WAYS = """
import sys
from planchecker import check, read, render, side_by_side
side_by_side.os.sched_getaffinity = lambda pid: range(3)
assert side_by_side.processes_at_hand() == 3
started = []
copy = side_by_side._copy
side_by_side._copy = lambda *asked: started.append(copy(*asked)) or started[-1]
case, site = read(sys.argv[1]), sys.argv[2] or None
alone, shared = (render(check(case, site=site, processes=n), "json") for n in (1, 3))
assert alone == shared
print(len(started))
"""


def helpers(sample, home, site=""):
    """Check a sample alone and shared, and tell how many processes helped."""
    write(sample, home)
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", BOTH_WAYS, str(home), str(site)],
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return int(done.stdout)


@pytest.mark.parametrize("sample", SAMPLES)
def test_several_processes_find_the_same(sample, tmp_path):
    # Two for the histograms and two for the checks.
    assert helpers(sample, tmp_path) == 4


def test_under_a_site_file_the_checks_are_asked_one_after_the_other(tmp_path):
    # Which finding first read a decision of the centre depends on their order.
    site = tmp_path / "site.toml"
    site.write_text(SITE, encoding="utf-8")
    assert helpers(SAMPLES[0], tmp_path / "plan", site) == 2
