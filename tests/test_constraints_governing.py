"""The figures that decide in the default protocol, written out by hand beside no reference.

A typing error in a governing limit cannot pass where the reference tables are absent either.
"""

import pytest

from constraints.loader import load, load_protocol
from constraints.model import Comparison, Course, Evidence, Kind, Technique

# structures, metric, unit, figure by number of fractions: TG-101, Table III, with the corrected
# critical volumes of 3 fractions. It governs every organ of a stereotactic plan but the cord.
TG101 = [
    ("OpticChiasm|OpticNrv_L|OpticNrv_R", "D0.2cc", "Gy", {1: 8, 3: 15.3, 5: 23}),
    ("OpticChiasm|OpticNrv_L|OpticNrv_R", "D0.035cc", "Gy", {1: 10, 3: 17.4, 5: 25}),
    ("Cochlea_L|Cochlea_R", "D0.035cc", "Gy", {1: 9, 3: 17.1, 5: 25}),
    ("Brainstem", "D0.5cc", "Gy", {1: 10, 3: 18, 5: 23}),
    ("Brainstem", "D0.035cc", "Gy", {1: 15, 3: 23.1, 5: 31}),
    ("SpinalCord", "D0.35cc", "Gy", {1: 10, 3: 18, 5: 23}),
    ("SpinalCord", "D0.035cc", "Gy", {1: 14, 3: 21.9, 5: 30}),
    ("SpinalCord", "D1.2cc", "Gy", {1: 7, 3: 12.3, 5: 14.5}),
    ("CaudaEquina", "D5cc", "Gy", {1: 14, 3: 21.9, 5: 30}),
    ("CaudaEquina", "D0.035cc", "Gy", {1: 16, 3: 24, 5: 32}),
    ("SacralPlex", "D5cc", "Gy", {1: 14.4, 3: 22.5, 5: 30}),
    ("SacralPlex", "D0.035cc", "Gy", {1: 16, 3: 24, 5: 32}),
    ("Esophagus", "D5cc", "Gy", {1: 11.9, 3: 17.7, 5: 19.5}),
    ("Esophagus", "D0.035cc", "Gy", {1: 15.4, 3: 25.2, 5: 35}),
    ("BrachialPlex_L|BrachialPlex_R", "D3cc", "Gy", {1: 14, 3: 20.4, 5: 27}),
    ("BrachialPlex_L|BrachialPlex_R", "D0.035cc", "Gy", {1: 17.5, 3: 24, 5: 30.5}),
    ("Heart", "D15cc", "Gy", {1: 16, 3: 24, 5: 32}),
    ("Heart", "D0.035cc", "Gy", {1: 22, 3: 30, 5: 38}),
    ("GreatVes", "D10cc", "Gy", {1: 31, 3: 39, 5: 47}),
    ("GreatVes", "D0.035cc", "Gy", {1: 37, 3: 45, 5: 53}),
    ("Trachea|Bronchus_Main", "D4cc", "Gy", {1: 10.5, 3: 15, 5: 16.5}),
    ("Trachea|Bronchus_Main", "D0.035cc", "Gy", {1: 20.2, 3: 30, 5: 40}),
    ("AirWay_Dist", "D0.5cc", "Gy", {1: 12.4, 3: 18.9, 5: 21}),
    ("AirWay_Dist", "D0.035cc", "Gy", {1: 13.3, 3: 23.1, 5: 33}),
    ("Rib|Chestwall", "D1cc", "Gy", {1: 22, 3: 28.8, 5: 35}),
    ("Rib|Chestwall", "D0.035cc", "Gy", {1: 30, 3: 36.9, 5: 43}),
    ("Rib|Chestwall", "D30cc", "Gy", {3: 30}),
    ("Skin", "D10cc", "Gy", {1: 23, 3: 30, 5: 36.5}),
    ("Skin", "D0.035cc", "Gy", {1: 26, 3: 33, 5: 39.5}),
    ("Stomach", "D10cc", "Gy", {1: 11.2, 3: 16.5, 5: 18}),
    ("Stomach", "D0.035cc", "Gy", {1: 12.4, 3: 22.2, 5: 32}),
    ("Duodenum", "D5cc", "Gy", {1: 11.2, 3: 16.5, 5: 18}),
    ("Duodenum", "D0.035cc", "Gy", {1: 12.4, 3: 22.2, 5: 32}),
    ("Duodenum", "D10cc", "Gy", {1: 9, 3: 11.4, 5: 12.5}),
    ("Jejunum_Ileum", "D5cc", "Gy", {1: 11.9, 3: 17.7, 5: 19.5}),
    ("Jejunum_Ileum", "D0.035cc", "Gy", {1: 15.4, 3: 25.2, 5: 35}),
    ("Colon", "D20cc", "Gy", {1: 14.3, 3: 24, 5: 25}),
    ("Colon", "D0.035cc", "Gy", {1: 18.4, 3: 28.2, 5: 38}),
    ("Rectum", "D20cc", "Gy", {1: 14.3, 3: 24, 5: 25}),
    ("Rectum", "D0.035cc", "Gy", {1: 18.4, 3: 28.2, 5: 38}),
    ("Bladder_Wall", "D15cc", "Gy", {1: 11.4, 3: 16.8, 5: 18.3}),
    ("Bladder_Wall", "D0.035cc", "Gy", {1: 18.4, 3: 28.2, 5: 38}),
    ("PenileBulb", "D3cc", "Gy", {1: 14, 3: 21.9, 5: 30}),
    ("PenileBulb", "D0.035cc", "Gy", {1: 34, 3: 42, 5: 50}),
    ("Femur_Head_L|Femur_Head_R", "D10cc", "Gy", {1: 14, 3: 21.9, 5: 30}),
    ("Kidney_Hilum_L|Kidney_Hilum_R", "V10.6Gy[%]", "%", {1: 66.7}),
    ("Kidney_Hilum_L|Kidney_Hilum_R", "V18.6Gy[%]", "%", {3: 66.7}),
    ("Kidney_Hilum_L|Kidney_Hilum_R", "V23Gy[%]", "%", {5: 66.7}),
    ("Lungs", "CV1500cc", "Gy", {1: 7, 3: 10.5, 5: 12.5}),
    ("Lungs", "CV1000cc", "Gy", {1: 7.4, 3: 11.4, 5: 13.5}),
    ("Liver", "CV700cc", "Gy", {1: 9.1, 3: 17.1, 5: 21}),
    ("Kidney_Cortex", "CV200cc", "Gy", {1: 8.4, 3: 14.4, 5: 17.5}),
]  # fmt: skip
# Strength C: organs in parallel for 1 and 3 fractions, and the renal hilum. D: the liver for 3.
ONE_TRANSCRIPTION = {"Lungs", "Liver", "Kidney_Cortex"}

# structures, metric, unit, scheme, figure: SUPR-3D, Table 1, for conventional plans.
SUPR_3D = [
    ("Lungs-GTV", "V6Gy[%]", "%", (8, 1), 35),
    ("Lungs-GTV", "Dmean", "Gy", (8, 1), 6),
    ("Kidney_L|Kidney_R", "V6Gy[%]", "%", (8, 1), 30),
    ("Kidney_L|Kidney_R", "Dmean", "Gy", (8, 1), 5),
    ("Bowel_Small", "Dmax", "%Rx", (8, 1), 110),
    ("SpinalCord", "D0.03cc", "%Rx", (8, 1), 110),
    ("Lungs-GTV", "V12Gy[%]", "%", (20, 5), 35),
    ("Lungs-GTV", "Dmean", "Gy", (20, 5), 12),
    ("Kidney_L|Kidney_R", "V12Gy[%]", "%", (20, 5), 30),
    ("Kidney_L|Kidney_R", "Dmean", "Gy", (20, 5), 10),
    ("Bowel_Small", "Dmax", "%Rx", (20, 5), 110),
    ("SpinalCord", "D0.03cc", "%Rx", (20, 5), 110),
]  # fmt: skip

GOVERNING = {
    (Technique.STEREOTACTIC, True): ("hytec-cord-2021", "sahgal-2013"),
    (Technique.CONVENTIONAL, True): ("supr-3d-2019", "rades-2017", "rades-2019"),
    (Technique.STEREOTACTIC, False): ("tg101-2010",),
    (Technique.CONVENTIONAL, False): ("supr-3d-2019",),
}


def test_the_default_protocol_is_governed_by_these_publications() -> None:
    found = {
        (entry.technique, "SpinalCord" in entry.structures): entry.guidelines
        for entry in load_protocol("bone_metastases").governing
        if entry.course is Course.FIRST
    }
    assert found == GOVERNING


@pytest.mark.parametrize(("structures", "metric", "unit", "figures"), TG101)
def test_a_row_of_tg101_has_its_figures(
    structures: str, metric: str, unit: str, figures: dict[int, float]
) -> None:
    found = [
        limit
        for limit in load("tg101-2010").limits
        if "|".join(limit.structures) == structures and str(limit.metric) == metric
    ]
    assert {limit.fractions[0]: limit.value for limit in found} == figures
    for limit in found:
        assert (limit.comparison, limit.unit, limit.kind) == (Comparison.BELOW, unit, Kind.REPORTED)
        assert (limit.technique, limit.course) == (Technique.STEREOTACTIC, Course.FIRST)


def test_tg101_has_no_other_rows() -> None:
    known = {(structures, metric) for structures, metric, _, _ in TG101}
    found = {("|".join(x.structures), str(x.metric)) for x in load("tg101-2010").limits}
    assert found == known


def test_the_strength_of_tg101_follows_the_number_of_transcriptions() -> None:
    for limit in load("tg101-2010").limits:
        (name, *_), (fractions,) = limit.structures, limit.fractions
        expected = Evidence.B
        if name.startswith("Kidney_Hilum") or (name in ONE_TRANSCRIPTION and fractions != 5):
            expected = Evidence.C
        if (name, fractions) == ("Liver", 3):
            expected = Evidence.D
        assert limit.evidence is expected, limit.id


@pytest.mark.parametrize(("structures", "metric", "unit", "scheme", "value"), SUPR_3D)
def test_a_row_of_supr_3d_has_its_figure(
    structures: str, metric: str, unit: str, scheme: tuple[float, int], value: float
) -> None:
    found = [
        limit
        for limit in load("supr-3d-2019").limits
        if "|".join(limit.structures) == structures
        and str(limit.metric) == metric
        and scheme in limit.schemes
    ]
    assert [(limit.value, limit.unit, limit.evidence) for limit in found] == [
        (value, unit, Evidence.A)
    ]


def test_supr_3d_has_no_other_rows() -> None:
    known = {(structures, metric) for structures, metric, _, _, _ in SUPR_3D}
    found = {("|".join(x.structures), str(x.metric)) for x in load("supr-3d-2019").limits}
    assert found == known
