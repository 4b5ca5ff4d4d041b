"""The benchmarks: their truth is right and they run; how long anything takes is never asserted."""

import json
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import launch, whole_process
from benchmarks.comparison import compare
from benchmarks.datasets import DataSet, closed_form_phantoms
from benchmarks.engines import IN_PROCESS
from benchmarks.shapes import closed_form, cone, cylinder, lying, ring, sphere
from benchmarks.timing import cost_of_process
from sample_dicom import write

VOLUMES_CC = [
    (sphere(10.0), 4 / 3 * np.pi),
    (cylinder(10.0, 20.0), 2 * np.pi),
    (lying(10.0, 20.0), 2 * np.pi),
    (ring(20.0, 10.0, 10.0), 3 * np.pi),
    (cone(10.0, 30.0), np.pi),
]
DOSE = {"centre_gy": 20.0, "gradient_gy_mm": 0.5}


@pytest.mark.parametrize(("solid", "volume_cc"), VOLUMES_CC, ids=lambda v: getattr(v, "name", ""))
def test_sections_add_up_to_the_volume_along_both_axes(solid, volume_cc):
    for section, half in (
        (solid.section_z_mm2, solid.half_mm[2]),
        (solid.section_y_mm2, solid.half_mm[1]),
    ):
        if section is not None:
            truth = closed_form(section, half_mm=half, **DOSE)
            assert truth["volume"] == pytest.approx(volume_cc, rel=1e-4)


def test_dose_of_a_cylinder_along_its_axis_is_linear():
    solid = cylinder(10.0, 20.0)
    truth = closed_form(solid.section_z_mm2, half_mm=10.0, **DOSE)
    assert truth["Dmean"] == pytest.approx(20.0)
    assert truth["D99%"] == pytest.approx(20 - 5 + 0.1, abs=1e-3)
    assert truth["D5%"] == pytest.approx(20 + 5 - 0.5, abs=1e-3)


def test_outlines_have_the_area_of_their_section():
    for solid in (sphere(10.0), ring(20.0, 10.0, 10.0), cone(10.0, 30.0), lying(10.0, 20.0)):
        areas = []
        for loop in solid.outlines(2.0, 90):
            x, y = loop.T
            areas.append(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
        area = areas[0] - sum(areas[1:])
        assert area == pytest.approx(float(solid.section_z_mm2(np.array([2.0]))[0]), rel=1e-6)


def test_both_engines_answer_for_the_phantoms(tmp_path):
    data = closed_form_phantoms(tmp_path)
    folder, truth = next(iter(data.truth.items()))
    for name, engine in IN_PROCESS.items():
        answers = engine.answer(engine.load(folder), truth)
        volume = answers["cylinder 24x24"]["volume"]
        assert volume == pytest.approx(truth["cylinder 24x24"]["volume"], rel=0.03), name


def test_a_comparison_prints_a_row_for_each_engine(tmp_path):
    data = closed_form_phantoms(tmp_path)
    folder, truth = next(iter(data.truth.items()))
    small = DataSet(title="two", scale_gy=20.0, truth={folder: dict(list(truth.items())[2:4])})
    title, _, _, *rows = compare(small, runs=1).splitlines()
    assert title.startswith("two; ")
    assert [row.split("  ")[0] for row in rows][: len(IN_PROCESS)] == list(IN_PROCESS)


def test_a_process_that_fails_is_not_measured():
    with pytest.raises(subprocess.CalledProcessError):
        cost_of_process([sys.executable, "-c", "raise SystemExit(5)"])
    assert cost_of_process([sys.executable, "-c", "raise SystemExit(3)"], allowed=(3,)).wall_s > 0


def test_measured_processes_keep_their_bytecode(monkeypatch, capsys):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    code = "import sys; sys.exit(7 if sys.dont_write_bytecode else 0)"
    launch.main([sys.executable, "-c", code])
    assert json.loads(capsys.readouterr().out)["code"] == 0


def test_whole_processes_are_compared_with_reading_alone(tmp_path):
    write("spine-sbrt-24-in-2", tmp_path)
    table = whole_process.whole_process({"sample": tmp_path}, runs=1)
    head, *lines = table.splitlines()[1:]
    assert "x pydicom opens the files" in head
    assert "x planchecker reads the files" in head
    reading = next(line for line in lines if "planchecker reads the files" in line)
    assert reading.split()[-1] == "1.00/1.00"
