"""The samples against an independent reading: own lattice, own interpolation, pydicom only."""

import datetime as dt
import hashlib
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pydicom
import pytest
from matplotlib.path import Path as Polygon
from numpy.typing import NDArray
from pydicom.dataset import Dataset

import sample_dicom
from sample_dicom import CASES, KnownAnswer
from sample_dicom.__main__ import main

Array = NDArray[np.float64]

SPINE_CASES = [case_id for case_id in CASES if case_id != "long-bone-8-in-1"]
OWN_DOSE_CASES = [case_id for case_id in CASES if case_id != "dose-of-another-plan"]
STEREOTACTIC_CASES = ["spine-sbrt-24-in-2", "spine-sbrt-24-in-2-cord-over"]
STATIC_CASES = [case_id for case_id in CASES if case_id not in STEREOTACTIC_CASES]
STORED_DVH_CASES = ["spine-sbrt-24-in-2", "cord-compression-30-in-10"]
STEPS_MM = {"Lungs": 2.0, "Lung_L": 2.0, "Lung_R": 2.0, "Heart": 1.5}
"""Coarser lattices for large structures."""
ANSWERS = [
    pytest.param(case_id, answer, id=f"{case_id}-{answer.structure}-{answer.metric}")
    for case_id, case in CASES.items()
    for answer in case.answers
]


@dataclass(frozen=True, kw_only=True)
class Export:
    """The objects of one written sample."""

    plan: Dataset
    structures: Dataset
    dose: Dataset
    images: list[Dataset]

    def number(self, name: str) -> int:
        return next(
            int(roi.ROINumber)
            for roi in self.structures.StructureSetROISequence
            if roi.ROIName == name
        )

    @property
    def names(self) -> list[str]:
        return [roi.ROIName for roi in self.structures.StructureSetROISequence]

    def contours(self, name: str) -> list[Array]:
        number = self.number(name)
        item = next(
            item
            for item in self.structures.ROIContourSequence
            if item.ReferencedROINumber == number
        )
        return [np.array(c.ContourData, dtype=float).reshape(-1, 3) for c in item.ContourSequence]

    @property
    def treatment_beams(self) -> list[Dataset]:
        return [b for b in self.plan.BeamSequence if b.TreatmentDeliveryType == "TREATMENT"]


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("samples")
    for case_id in sample_dicom.available():
        sample_dicom.write(case_id, root / case_id)
    return root


@cache
def read(folder: Path) -> Export:
    images = [pydicom.dcmread(path) for path in sorted(folder.glob("CT.*.dcm"))]
    return Export(
        plan=pydicom.dcmread(folder / "RP.dcm"),
        structures=pydicom.dcmread(folder / "RS.dcm"),
        dose=pydicom.dcmread(folder / "RD.dcm"),
        images=images,
    )


def planes(contours: list[Array]) -> dict[float, list[Array]]:
    grouped: dict[float, list[Array]] = {}
    for contour in contours:
        assert np.ptp(contour[:, 2]) == 0
        grouped.setdefault(float(contour[0, 2]), []).append(contour[:, :2])
    return grouped


def inside(loops: list[Array], points: Array) -> NDArray[np.bool_]:
    odd = np.zeros(len(points), dtype=bool)
    for loop in loops:
        odd ^= Polygon(loop).contains_points(points)
    return odd


def slab_points(contours: list[Array], *, thickness_mm: float, step_mm: float) -> Iterator[Array]:
    for z, loops in planes(contours).items():
        corners = np.concatenate(loops)
        x = np.arange(corners[:, 0].min() + step_mm / 3, corners[:, 0].max(), step_mm)
        y = np.arange(corners[:, 1].min() + step_mm / 3, corners[:, 1].max(), step_mm)
        lattice = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        kept = lattice[inside(loops, lattice)]
        for shift in (-1 / 3, 0.0, 1 / 3):
            yield np.column_stack([kept, np.full(len(kept), z + shift * thickness_mm)])


def dose_at(dose: Dataset, points: Array) -> Array:
    grid = dose.pixel_array * float(dose.DoseGridScaling)
    origin = np.array(dose.ImagePositionPatient, dtype=float)
    offsets = np.array(dose.GridFrameOffsetVector, dtype=float)
    step = np.array([*dose.PixelSpacing[::-1], offsets[1] - offsets[0]], dtype=float)
    position = ((points - origin) / step)[:, ::-1]
    position = np.clip(position, 0, np.array(grid.shape) - 1)
    low = np.minimum(np.floor(position).astype(int), np.array(grid.shape) - 2)
    part = position - low
    total = np.zeros(len(points))
    for dz in (0, 1):
        for dy in (0, 1):
            for dx in (0, 1):
                weight = np.abs(1 - np.array([dz, dy, dx]) - part).prod(axis=1)
                total += weight * grid[low[:, 0] + dz, low[:, 1] + dy, low[:, 2] + dx]
    return total


@cache
def sampled(folder: Path, name: str) -> tuple[Array, float]:
    """Return the dose at points of a structure, rising, and the volume of one point in cc."""
    export = read(folder)
    contours = export.contours(name)
    thickness = float(export.images[0].SliceThickness)
    step = STEPS_MM.get(name, 0.7)
    points = np.concatenate(list(slab_points(contours, thickness_mm=thickness, step_mm=step)))
    return np.sort(dose_at(export.dose, points)), step * step * thickness / 3 / 1000


def measure(folder: Path, name: str, metric: str, prescription_gy: float) -> float:
    dose, point_cc = sampled(folder, name)
    if metric == "volume":
        return len(dose) * point_cc
    if metric == "Dmean":
        return float(dose.mean())
    if metric == "Dmax":
        export = read(folder)
        corners = np.concatenate(export.contours(name))
        return max(float(dose[-1]), float(dose_at(export.dose, corners).max()))
    bound = metric[1:]
    if metric.startswith("D") and bound.endswith("cc"):
        return float(dose[-max(1, round(float(bound[:-2]) / point_cc))])
    if metric.startswith("D") and bound.endswith("%"):
        return float(np.percentile(dose, 100 - float(bound[:-1])))
    limit = float(bound[:-2]) if bound.endswith("Gy") else prescription_gy * float(bound[:-1]) / 100
    return float(100 * (dose >= limit).mean())


def grid_maximum(export: Export) -> float:
    """Return the maximum of the body: there is no dose outside it."""
    return float(export.dose.pixel_array.max() * export.dose.DoseGridScaling)


def beam_points(export: Export, name: str, beam: Dataset) -> Array:
    """Project contour points of a structure to the isocentre plane of a static beam."""
    first = beam.ControlPointSequence[0]
    gantry = math.radians(float(first.GantryAngle))
    isocentre = np.array(first.IsocenterPosition, dtype=float)
    relative = np.concatenate(export.contours(name)) - isocentre
    lateral = relative[:, 0] * math.cos(gantry) + relative[:, 1] * math.sin(gantry)
    toward = relative[:, 0] * math.sin(gantry) - relative[:, 1] * math.cos(gantry)
    scale = 1000 / (1000 - toward)
    return np.column_stack([lateral * scale, relative[:, 2] * scale])


def limits(point: Dataset, kind: str) -> Array:
    return next(
        np.array(item.LeafJawPositions, dtype=float)
        for item in point.BeamLimitingDevicePositionSequence
        if item.RTBeamLimitingDeviceType == kind
    )


def has_point_inside(export: Export, inner: str, outer: str) -> bool:
    """Whether any vertex of one structure lies inside another one."""
    outside = planes(export.contours(outer))
    return any(
        inside(outside[z], np.concatenate(loops)).any()
        for z, loops in planes(export.contours(inner)).items()
        if z in outside
    )


def contains(export: Export, outer: str, inner: str) -> bool:
    """Whether every vertex of one structure lies inside another one."""
    outside = planes(export.contours(outer))
    return all(
        z in outside and inside(outside[z], np.concatenate(loops)).all()
        for z, loops in planes(export.contours(inner)).items()
    )


@pytest.mark.parametrize(("case_id", "answer"), ANSWERS)
def test_known_answer_is_what_an_independent_sampling_finds(
    written: Path, case_id: str, answer: KnownAnswer
) -> None:
    dose_gy = CASES[case_id].scheme[0]
    if answer.structure == "External":
        found = grid_maximum(read(written / case_id))
    else:
        found = measure(written / case_id, answer.structure, answer.metric, dose_gy)
    assert found == pytest.approx(answer.value, abs=answer.tolerance * 0.6)


@pytest.mark.parametrize("case_id", STORED_DVH_CASES)
def test_stored_dvh_is_what_an_independent_sampling_finds(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    names = {int(roi.ROINumber): roi.ROIName for roi in export.structures.StructureSetROISequence}
    for item in export.dose.DVHSequence:
        name = names[item.DVHReferencedROISequence[0].ReferencedROINumber]
        dose, point_cc = sampled(written / case_id, name)
        pairs = np.array(item.DVHData, dtype=float).reshape(-1, 2)
        assert len(pairs) == item.DVHNumberOfBins
        levels = np.concatenate([[0.0], np.cumsum(pairs[:-1, 0])])
        expected = 100 * (1 - np.searchsorted(dose, levels) / len(dose))
        assert pairs[0, 1] == pytest.approx(len(dose) * point_cc, rel=0.01)
        assert float(item.DVHMeanDose) == pytest.approx(float(dose.mean()), rel=0.01)
        # A volume jumps where the dose is flat, so curves are compared along the dose axis too.
        shifted = (
            np.interp(levels + 0.05, levels, expected),
            np.interp(levels - 0.05, levels, expected),
        )
        stored = 100 * pairs[:, 1] / pairs[0, 1]
        assert (stored > shifted[0] - 1.5).all()
        assert (stored < shifted[1] + 1.5).all()


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for attempt in ("first", "second"):
        files = sample_dicom.write("spine-sbrt-24-in-2", tmp_path / attempt)
        digests.append({file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files})
    assert digests[0] == digests[1]


def test_no_file_carries_the_version_of_the_writing_library(written: Path) -> None:
    meta = pydicom.dcmread(written / "long-bone-8-in-1" / "RP.dcm").file_meta
    assert meta.ImplementationVersionName == "SAMPLE_1"
    assert meta.ImplementationClassUID.startswith("2.25.")


def test_unknown_sample_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'femur'; there are spine-sbrt-24-in-2"):
        sample_dicom.write("femur", tmp_path)


def test_command_line_writes_the_named_samples(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path), "long-bone-8-in-1"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["long-bone-8-in-1"]
    assert "74 files" in capsys.readouterr().out


def test_samples_are_different_patients_and_share_no_identifier(written: Path) -> None:
    exports = [read(written / case_id) for case_id in CASES]
    assert len({export.plan.PatientID for export in exports}) == len(CASES)
    uids = [
        item.SOPInstanceUID
        for export in exports
        for item in (export.plan, export.structures, export.dose, *export.images)
    ]
    assert len(set(uids)) == len(uids)
    assert all(uid.is_valid for uid in uids)


@pytest.mark.parametrize("case_id", CASES)
def test_sample_is_small(written: Path, case_id: str) -> None:
    assert sum(path.stat().st_size for path in (written / case_id).iterdir()) < 9_000_000


@pytest.mark.parametrize("case_id", CASES)
def test_all_objects_name_one_patient_and_one_frame(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    objects = (export.plan, export.structures, export.dose, *export.images)
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex"):
        assert len({str(item[keyword].value) for item in objects}) == 1
    assert len({item.FrameOfReferenceUID for item in objects}) == 1
    assert len({item.StudyInstanceUID for item in objects}) == 1


@pytest.mark.parametrize("case_id", CASES)
def test_plan_and_dose_name_the_structure_set(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    uid = export.structures.SOPInstanceUID
    for item in (export.plan, export.dose):
        assert item.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID == uid


@pytest.mark.parametrize("case_id", CASES)
def test_dose_names_its_plan_unless_the_sample_is_about_that(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    named = export.dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID
    assert (named == export.plan.SOPInstanceUID) == (case_id in OWN_DOSE_CASES)


@pytest.mark.parametrize("case_id", CASES)
def test_every_contour_lies_in_the_slice_it_names(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    heights = {
        image.SOPInstanceUID: float(image.ImagePositionPatient[2]) for image in export.images
    }
    for item in export.structures.ROIContourSequence:
        for contour in item.ContourSequence:
            points = np.array(contour.ContourData, dtype=float).reshape(-1, 3)
            assert len(points) == contour.NumberOfContourPoints >= 6
            uid = contour.ContourImageSequence[0].ReferencedSOPInstanceUID
            assert points[:, 2] == pytest.approx(heights[uid], abs=0.005)


@pytest.mark.parametrize("case_id", CASES)
def test_structures_have_no_missing_slice(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    thickness = float(export.images[0].SliceThickness)
    for name in export.names:
        heights = np.array(sorted(planes(export.contours(name))))
        assert np.diff(heights) == pytest.approx(thickness, abs=0.005), name


@pytest.mark.parametrize("case_id", CASES)
def test_slices_are_even_and_dates_are_in_order(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    heights = np.array([float(image.ImagePositionPatient[2]) for image in export.images])
    assert np.diff(heights) == pytest.approx(float(export.images[0].SliceThickness))
    image, structures, plan = (
        dt.date.fromisoformat(text)
        for text in (
            export.images[0].AcquisitionDate,
            export.structures.StructureSetDate,
            export.plan.RTPlanDate,
        )
    )
    assert image <= structures <= plan
    assert plan - image < dt.timedelta(days=12)


@pytest.mark.parametrize("case_id", CASES)
def test_everything_lies_inside_the_body(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    assert all(contains(export, "External", name) for name in export.names if name != "External")


@pytest.mark.parametrize("case_id", CASES)
def test_targets_contain_each_other(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    assert contains(export, "PTV", "CTV")
    assert "GTV" not in export.names or contains(export, "CTV", "GTV")


@pytest.mark.parametrize("case_id", STEREOTACTIC_CASES)
def test_stereotactic_target_keeps_off_the_sac(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    assert not has_point_inside(export, "ThecalSac", "PTV")
    assert not has_point_inside(export, "PTV", "ThecalSac")


@pytest.mark.parametrize("case_id", STEREOTACTIC_CASES)
def test_stereotactic_target_is_a_ring_somewhere(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    cord = planes(export.contours("SpinalCord"))
    rings = [
        z
        for z, loops in planes(export.contours("PTV")).items()
        if any(Polygon(loop).contains_points(cord[z][0]).all() for loop in loops)
    ]
    assert len(rings) >= 4


@pytest.mark.parametrize("case_id", SPINE_CASES)
def test_planning_volume_stands_two_millimetres_off_the_cord(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    outer = planes(export.contours("SpinalCord_PRV02"))
    for z, loops in planes(export.contours("SpinalCord")).items():
        gaps = np.linalg.norm(loops[0][:, None] - outer[z][0][None], axis=2)
        assert gaps.min() == pytest.approx(2.0, abs=0.05)
        assert gaps.min(axis=1).max() == pytest.approx(2.0, abs=0.1)
    cord, volume = sorted(planes(export.contours("SpinalCord"))), sorted(outer)
    assert volume[0] < cord[0]
    assert cord[-1] < volume[-1]


@pytest.mark.parametrize("case_id", SPINE_CASES)
def test_sac_contains_the_planning_volume(written: Path, case_id: str) -> None:
    assert contains(read(written / case_id), "ThecalSac", "SpinalCord_PRV02")


@pytest.mark.parametrize("case_id", SPINE_CASES)
def test_cord_reaches_three_centimetres_beyond_the_target(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    cord, target = (sorted(planes(export.contours(name))) for name in ("SpinalCord", "PTV"))
    assert target[0] - cord[0] >= 30
    assert cord[-1] - target[-1] >= 30


@pytest.mark.parametrize("case_id", CASES)
def test_left_is_left(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    pairs = [name[:-2] for name in export.names if name.endswith("_L")]
    assert pairs
    for name in pairs:
        left, right = (np.concatenate(export.contours(name + side)) for side in ("_L", "_R"))
        assert left[:, 0].mean() > right[:, 0].mean() + 50


@pytest.mark.parametrize("case_id", SPINE_CASES)
def test_levels_are_numbered_from_the_head(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    level = int(CASES[case_id].level[1:])
    heights = [
        np.concatenate(export.contours(f"VB_T{number:02d}"))[:, 2].mean()
        for number in (level - 1, level, level + 1)
    ]
    assert heights == sorted(heights, reverse=True)
    isocentre = export.treatment_beams[0].ControlPointSequence[0].IsocenterPosition
    assert heights[1] == pytest.approx(float(isocentre[2]), abs=2)


@pytest.mark.parametrize("case_id", CASES)
def test_metal_in_the_image_is_inside_its_contour(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    metal = planes(export.contours("Hardware")) if "Hardware" in export.names else {}
    voxels = 0
    for image in export.images:
        rows, columns = np.nonzero(image.pixel_array + float(image.RescaleIntercept) > 2900)
        corner = np.array(image.ImagePositionPatient, dtype=float)
        points = corner[:2] + float(image.PixelSpacing[0]) * np.column_stack([columns, rows])
        voxels += len(points)
        assert not len(points) or inside(metal[round(float(corner[2]), 2)], points).all()
    assert (voxels > 0) == ("Hardware" in export.names)


def test_metal_has_a_density_override(written: Path) -> None:
    export = read(written / "postoperative-8-in-1")
    number = export.number("Hardware")
    observation = next(
        item
        for item in export.structures.RTROIObservationsSequence
        if item.ReferencedROINumber == number
    )
    override = observation.ROIPhysicalPropertiesSequence[0]
    assert override.ROIPhysicalProperty == "REL_MASS_DENSITY"
    assert float(override.ROIPhysicalPropertyValue) == 4.5
    assert contains(export, "CTV", "Hardware")


@pytest.mark.parametrize("case_id", CASES)
def test_prescription_is_stated_for_the_target(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    dose_gy, fractions = CASES[case_id].scheme
    reference = export.plan.DoseReferenceSequence[0]
    assert float(reference.TargetPrescriptionDose) == dose_gy
    assert reference.ReferencedROINumber == export.number("PTV")
    group = export.plan.FractionGroupSequence[0]
    assert group.NumberOfFractionsPlanned == fractions
    beam_doses = [float(item.get("BeamDose", 0)) for item in group.ReferencedBeamSequence]
    assert sum(beam_doses) == pytest.approx(dose_gy / fractions, rel=1e-6)


@pytest.mark.parametrize("case_id", CASES)
def test_monitor_units_are_plausible_and_the_setup_beam_has_none(
    written: Path, case_id: str
) -> None:
    export = read(written / case_id)
    group = export.plan.FractionGroupSequence[0]
    metersets = [float(item.get("BeamMeterset", 0)) for item in group.ReferencedBeamSequence]
    assert metersets[-1] == 0
    assert export.plan.BeamSequence[-1].TreatmentDeliveryType == "SETUP"
    dose_gy, fractions = CASES[case_id].scheme
    ratio = sum(metersets) / (100 * dose_gy / fractions)
    low, high = (2.5, 3.5) if case_id in STEREOTACTIC_CASES else (1.0, 1.4)
    assert low < ratio < high


@pytest.mark.parametrize("case_id", CASES)
def test_control_points_are_coherent(written: Path, case_id: str) -> None:
    for beam in read(written / case_id).treatment_beams:
        points = beam.ControlPointSequence
        weights = [float(point.CumulativeMetersetWeight) for point in points]
        assert weights[0] == 0
        assert weights[-1] == float(beam.FinalCumulativeMetersetWeight) == 1
        assert all(first < second for first, second in itertools.pairwise(weights))
        assert beam.NumberOfControlPoints == len(points)
        if beam.BeamType == "DYNAMIC":
            angles = np.unwrap(np.radians([float(point.GantryAngle) for point in points]))
            turn = np.degrees(np.diff(angles))
            sign = {"CW": 1, "CC": -1}[points[0].GantryRotationDirection]
            assert turn == pytest.approx(3.0 * sign)
            assert points[-1].GantryRotationDirection == "NONE"


@pytest.mark.parametrize("case_id", CASES)
def test_leaves_are_valid_and_stand_in_front_of_the_jaws(written: Path, case_id: str) -> None:
    for beam in read(written / case_id).treatment_beams:
        first = beam.ControlPointSequence[0]
        jaws_x, jaws_y = limits(first, "ASYMX"), limits(first, "ASYMY")
        device = beam.BeamLimitingDeviceSequence[2]
        bounds = np.array(device.LeafPositionBoundaries, dtype=float)
        assert len(bounds) == device.NumberOfLeafJawPairs + 1
        opened = []
        for point in beam.ControlPointSequence:
            if "BeamLimitingDevicePositionSequence" not in point:
                continue
            low, high = limits(point, "MLCX").reshape(2, -1)
            assert (low <= high).all()
            is_open = high > low
            assert (high - low)[is_open].min() >= 4.5
            assert bounds[:-1][is_open].min() >= jaws_y[0]
            assert bounds[1:][is_open].max() <= jaws_y[1]
            opened.append((low[is_open].min(), high[is_open].max()))
        reach = np.array(opened)
        assert 0 <= reach[:, 0].min() - jaws_x[0] <= 8
        assert 0 <= jaws_x[1] - reach[:, 1].max() <= 8
        assert min(np.diff(jaws_x)[0], np.diff(jaws_y)[0]) >= 30


@pytest.mark.parametrize("case_id", STATIC_CASES)
def test_static_beams_see_the_whole_target(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    for beam in export.treatment_beams:
        bounds = np.array(beam.BeamLimitingDeviceSequence[2].LeafPositionBoundaries, dtype=float)
        low, high = limits(beam.ControlPointSequence[0], "MLCX").reshape(2, -1)
        points = beam_points(export, "PTV", beam)
        pair = np.searchsorted(bounds, points[:, 1]) - 1
        assert (points[:, 0] - low[pair]).min() >= 4
        assert (high[pair] - points[:, 0]).min() >= 4


@pytest.mark.parametrize("case_id", CASES)
def test_stated_skin_distance_is_the_one_ray_traced_to_the_contour(
    written: Path, case_id: str
) -> None:
    export = read(written / case_id)
    for beam in export.treatment_beams:
        first = beam.ControlPointSequence[0]
        isocentre = np.array(first.IsocenterPosition, dtype=float)
        gantry = math.radians(float(first.GantryAngle))
        slices = planes(export.contours("External"))
        loops = slices[min(slices, key=lambda z: abs(z - isocentre[2]))]
        outward = np.arange(0.0, 400.0, 0.05)
        ray = isocentre[:2] + outward[:, None] * np.array([math.sin(gantry), -math.cos(gantry)])
        skin = outward[inside(loops, ray)].max()
        assert float(first.SourceToSurfaceDistance) == pytest.approx(1000 - skin, abs=1.0)


@pytest.mark.parametrize("case_id", CASES)
def test_dose_grid_covers_the_body_and_suits_the_technique(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    dose = export.dose
    assert (dose.DoseUnits, dose.DoseType, dose.DoseSummationType) == ("GY", "PHYSICAL", "PLAN")
    body = np.concatenate(export.contours("External"))
    low = np.array(dose.ImagePositionPatient, dtype=float)
    step = float(dose.PixelSpacing[0])
    extent = [
        step * (dose.Columns - 1),
        step * (dose.Rows - 1),
        float(dose.GridFrameOffsetVector[-1]),
    ]
    assert (low <= body.min(axis=0)).all()
    assert (low + extent >= body.max(axis=0)).all()
    assert max(step, float(dose.SliceThickness)) <= (2.0 if case_id in STEREOTACTIC_CASES else 3.0)


@pytest.mark.parametrize("case_id", STEREOTACTIC_CASES)
def test_stereotactic_maximum_lies_in_the_target(written: Path, case_id: str) -> None:
    folder = written / case_id
    everywhere = grid_maximum(read(folder))
    assert measure(folder, "PTV", "Dmax", 24.0) == pytest.approx(everywhere, abs=0.1)


@pytest.mark.parametrize("case_id", STEREOTACTIC_CASES)
def test_stereotactic_dose_falls_off_as_steeply_as_real_ones(written: Path, case_id: str) -> None:
    export = read(written / case_id)
    front = np.concatenate(export.contours("VB_T10"))[:, 1].min()
    x, _, z = (
        float(v) for v in export.treatment_beams[0].ControlPointSequence[0].IsocenterPosition
    )
    y = np.arange(front - 30, front + 5, 0.1)
    ray = dose_at(export.dose, np.column_stack([np.full_like(y, x), y, np.full_like(y, z)]))
    eighty, fifty = (y[np.argmax(ray >= level * 24.0)] for level in (0.8, 0.5))
    assert 1.5 < eighty - fifty < 4.0


def test_field_edge_has_a_penumbra(written: Path) -> None:
    export = read(written / "long-bone-8-in-1")
    x, y, z = (
        float(v) for v in export.treatment_beams[0].ControlPointSequence[0].IsocenterPosition
    )
    across = x + np.arange(0.0, 60.0, 0.1)
    points = np.column_stack([across, np.full_like(across, y), np.full_like(across, z)])
    profile = dose_at(export.dose, points) / dose_at(export.dose, points[:1])
    eighty, twenty = (across[np.argmax(profile < level)] for level in (0.8, 0.2))
    assert 4.0 < twenty - eighty < 10.0


def test_dose_at_the_stated_point_is_the_prescription(written: Path) -> None:
    export = read(written / "long-bone-8-in-1")
    point = export.plan.FractionGroupSequence[0].ReferencedBeamSequence[0]
    at = np.array([point.BeamDoseSpecificationPoint], dtype=float)
    assert dose_at(export.dose, at)[0] == pytest.approx(8.0, rel=0.003)
