"""Clinic names to TG-263: what is matched, how it says so, and what is refused."""

from pathlib import Path

import pydicom
import pytest

from constraints.vocabulary import load_vocabulary
from planchecker.dosimetry.structure import Structure
from planchecker.naming import Match, match_structures

REAL = Path(__file__).resolve().parents[2] / "shared" / "real-dicom"

# ROI name, ROI type, TG-263 name, category, first words of how
ORGANS = [
    ("SpinalCord", "ORGAN", "SpinalCord", "exact TG-263 name"),
    ("SPINALCORD", "ORGAN", "SpinalCord", "alias"),
    ("Spinal Cord ", "ORGAN", "SpinalCord", "alias (en)"),
    ("Moelle", "ORGAN", "SpinalCord", "alias (fr)"),
    ("moelle épinière", "", "SpinalCord", "alias (fr)"),
    ("ME", "ORGAN", "SpinalCord", "alias (fr)"),
    ("medulla_spinalis", "ORGAN", "SpinalCord", "alias (vendor)"),
    ("Moelle osseuse", "ORGAN", "BoneMarrow", "alias (fr)"),
    ("Sac dural", "ORGAN", "ThecalSac", "alias (fr)"),
    ("Thecal_Sac", "AVOIDANCE", "ThecalSac", "alias (en)"),
    ("Canal médullaire", "ORGAN", "SpinalCanal", "alias (fr)"),
    ("Spinal canal", "ORGAN", "SpinalCanal", "alias (en)"),
    ("Queue-de-cheval", "ORGAN", "CaudaEquina", "alias (fr)"),
    ("QDC", "ORGAN", "CaudaEquina", "alias (fr)"),
    ("Plexus sacré", "ORGAN", "SacralPlex", "alias (fr)"),
    ("BrachialPlexus_R", "ORGAN", "BrachialPlex_R", "alias"),
    ("Tronc cérébral", "ORGAN", "Brainstem", "alias (fr)"),
    ("Rein_D", "ORGAN", "Kidney_R", "alias (fr)"),
    ("Rein G", "ORGAN", "Kidney_L", "alias (fr)"),
    ("Rein droit", "ORGAN", "Kidney_R", "alias (fr)"),
    ("Dte rein", "ORGAN", "Kidney_R", "alias (fr)"),
    ("Lt Kidney", "ORGAN", "Kidney_L", "alias (en)"),
    ("kidney_left", "ORGAN", "Kidney_L", "alias"),
    ("Lt Lung", "AVOIDANCE", "Lung_L", "alias (en)"),
    ("Poumon_D", "ORGAN", "Lung_R", "alias (fr)"),
    ("Poumons - GTV", "ORGAN", "Lungs-GTV", "alias (fr)"),
    ("poumons-ptv", "ORGAN", "Lungs-PTV", "alias (fr)"),
    ("Poumon total", "ORGAN", "Lungs", "alias (fr)"),
    ("Œsophage", "ORGAN", "Esophagus", "alias (fr)"),
    ("oesophagus", "ORGAN", "Esophagus", "alias"),
    ("Grêle", "ORGAN", "Bowel_Small", "alias (fr)"),
    ("Sac grêle", "ORGAN", "Bag_Bowel", "alias (fr)"),
    ("Tête fémorale D", "ORGAN", "Femur_Head_R", "alias (fr)"),
    ("Femoral Head Lt", "AVOIDANCE", "Femur_Head_L", "alias (en)"),
    ("Paroi thoracique", "ORGAN", "Chestwall", "alias (fr)"),
    ("vertebrae_L1", "ORGAN", "VB_L1", "alias (vendor)"),
    ("D12", "ORGAN", "VB_T12", "alias (fr)"),
]

# ROI name, TG-263 name, organ, margin in mm
PRVS = [
    ("SpinalCord_PRV02", "SpinalCord_PRV02", "SpinalCord", 2),
    ("SpinalCord_PRV07", "SpinalCord_PRV07", "SpinalCord", 7),
    ("moelle PRV 3mm", "SpinalCord_PRV03", "SpinalCord", 3),
    ("PRV_Moelle_2mm", "SpinalCord_PRV02", "SpinalCord", 2),
    ("PRV2_moelle", "SpinalCord_PRV02", "SpinalCord", 2),
    ("cord+2mm", "SpinalCord_PRV02", "SpinalCord", 2),
    ("Cord + 0.5 cm", "SpinalCord_PRV05", "SpinalCord", 5),
    ("PRV 1.5mm moelle", "SpinalCord_PRV1.5", "SpinalCord", 1.5),
    ("SC PRV", "SpinalCord_PRV", "SpinalCord", None),
    ("CordPRV5", "SpinalCord_PRV05", "SpinalCord", 5),
    ("PRV_Canal_5mm", "SpinalCanal_PRV05", "SpinalCanal", 5),
    ("Rein D PRV 3mm", "Kidney_R_PRV03", "Kidney_R", 3),
    ("Peau+5mm", "Skin_PRV05", "Skin", 5),
]

# ROI name, ROI type, matched name
TARGETS = [
    ("PTV", "PTV", "PTV"),
    ("ptv1", "PTV", "PTV1"),
    ("PTV_3000", "PTV", "PTV_3000"),
    ("PTV T8", "PTV", "PTV_T8"),
    ("PTV-T8", "PTV", "PTV-T8"),
    ("PTV1_50Gy", "", "PTV1_50Gy"),
    ("CTV os", "CTV", "CTV_os"),
    ("GTVp", "GTV", "GTVp"),
    ("ITV", "", "ITV"),
    ("VTM", "GTV", "GTV"),
    ("VCP", "PTV", "PTV"),
    ("Lesion L3", "PTV", "PTV"),
    ("T12", "PTV", "PTV"),
    ("VB_T12", "CTV", "CTV"),
    ("Sacrum", "GTV", "GTV"),
    ("Plexus", "GTV", "GTV"),
]

# ROI name, ROI type, first words of how: none of them has a name
REFUSED = [
    ("plexus", "ORGAN", "ambiguous"),
    ("Canal", "ORGAN", "ambiguous"),
    ("TRONC", "", "ambiguous"),
    ("sac", "ORGAN", "ambiguous"),
    ("PRV canal 3mm", "ORGAN", "ambiguous"),
    ("Rein", "ORGAN", "ambiguous"),
    ("ME", "CONTROL", "ambiguous"),
    ("Kidney_D", "ORGAN", "unmatched"),
    ("Kidney_G", "ORGAN", "unmatched"),
    ("Moelle opt", "ORGAN", "derived"),
    ("optMoelle", "ORGAN", "derived"),
    ("z_moelle", "ORGAN", "derived"),
    ("zSpinalCord", "ORGAN", "derived"),
    ("_Heart", "ORGAN", "derived"),
    ("~SpinalCord", "ORGAN", "derived"),
    ("SpinalCord^cut", "ORGAN", "derived"),
    ("Cord_exp", "ORGAN", "derived"),
    ("Cord ring", "ORGAN", "derived"),
    ("moelle moins PTV", "ORGAN", "derived"),
    ("sc+35", "ORGAN", "derived"),
    ("PRV", "ORGAN", "derived"),
    ("SpinalCord_PRV_opt", "ORGAN", "derived"),
    ("Heart-PTV", "ORGAN", "unmatched"),
    ("SPINAL CORD2", "ORGAN", "unmatched"),
    ("T1-2", "ORGAN", "unmatched"),
    ("PTV_opt", "PTV", "derived"),
    ("PTVopt", "PTV", "derived"),
    ("ptv2 push", "ORGAN", "derived"),
    ("PTV-moelle", "PTV", "derived"),
    ("PTV - SpinalCord_PRV02", "PTV", "derived"),
    ("PTV-canal", "PTV", "derived"),
    ("CTV-PTV", "CTV", "derived"),
    ("PTV+3mm", "PTV", "derived"),
    ("PTV-5mm", "PTV", "derived"),
    ("PTV_PRV", "PTV", "derived"),
    ("PTV^eval", "PTV", "derived"),
    ("D2CM PRIMARY", "PTV", "derived"),
    ("", "ORGAN", "unmatched: no name"),
    ("  _ ", "", "derived"),
]

OUTER = [
    ("BODY", "EXTERNAL", "Body", "external"),
    ("External", "EXTERNAL", "External", "external"),
    ("patient", "EXTERNAL", "External", "external"),
    ("Peau", "EXTERNAL", "External", "external"),
    ("Contour externe", "", "External", "external"),
    ("Couch Surface", "SUPPORT", "CouchSurface", "support"),
    ("Exact IGRT thick", "SUPPORT", "", "support"),
    ("Table", "", "CouchSurface", "support"),
    ("Skin", "ORGAN", "Skin", "organ"),
    ("Vis", "", "Prosthesis", "other"),
]

# ROI name of a real export, ROI type, name that must come out
REAL_NAMES = [
    ("GREAT VESSELS", "CONTROL", "GreatVes"),
    ("LUNGS-ITV's", "ORGAN", ""),
    ("HEART4", "ORGAN", ""),
    ("CHEST WALL", "ORGAN", "Chestwall"),
    ("Esophagus_cervico thoracic", "ORGAN", ""),
    ("Rt BP +66", "ORGAN", ""),
    ("SkinOAR", "ORGAN", ""),
    ("rx 1: H&N PTV1 50 Gy:  200 cGy x 25 to 96%", "MARKER", ""),
    ("X1", "", ""),
    ("1.5cm", "MARKER", ""),
]


def _match(name: str, interpreted_type: str = "", **more: object) -> Match:
    roi = Structure(roi_number=1, name=name, interpreted_type=interpreted_type, **more)  # type: ignore[arg-type]
    (match,) = match_structures([roi], load_vocabulary())
    return match


@pytest.mark.parametrize(("name", "kind", "expected", "how"), ORGANS)
def test_an_organ_is_known_by_its_whole_name(name: str, kind: str, expected: str, how: str) -> None:
    match = _match(name, kind)
    assert (match.name, match.base, match.category) == (expected, expected, "organ")
    assert match.how.startswith(how)
    assert "contradicts" not in match.how


@pytest.mark.parametrize(("name", "expected", "organ", "margin"), PRVS)
def test_a_prv_keeps_its_organ_and_margin(
    name: str, expected: str, organ: str, margin: float | None
) -> None:
    match = _match(name, "ORGAN")
    assert (match.name, match.category) == (expected, "prv")
    assert (match.base, match.prv_mm) == (organ, margin)


@pytest.mark.parametrize(("name", "kind", "expected"), TARGETS)
def test_a_target_is_known_by_name_or_type(name: str, kind: str, expected: str) -> None:
    match = _match(name, kind)
    assert (match.name, match.category) == (expected, "target")


@pytest.mark.parametrize(("name", "kind", "how"), REFUSED)
def test_a_derived_or_open_name_is_refused_with_the_reason(name: str, kind: str, how: str) -> None:
    match = _match(name, kind)
    assert (match.name, match.base, match.category) == ("", "", "other")
    assert match.how.startswith(how)


@pytest.mark.parametrize(("name", "kind", "expected", "category"), OUTER)
def test_body_and_couch_follow_their_type(
    name: str, kind: str, expected: str, category: str
) -> None:
    match = _match(name, kind)
    assert (match.name, match.category) == (expected, category)


@pytest.mark.parametrize(("name", "kind", "expected"), REAL_NAMES)
def test_names_of_real_exports(name: str, kind: str, expected: str) -> None:
    assert _match(name, kind).name == expected


@pytest.mark.parametrize(
    ("name", "kind"), [("PTV", "ORGAN"), ("SpinalCord", "PTV"), ("Heart", "CONTROL")]
)
def test_a_type_that_contradicts_the_name_is_told(name: str, kind: str) -> None:
    match = _match(name, kind)
    assert match.name == name
    assert f"ROI type {kind} contradicts" in match.how


def test_a_near_name_is_suggested_and_not_used() -> None:
    match = _match("Spinal Corde")
    assert match.name == ""
    assert "SpinalCord" in match.suggestions


def test_a_helper_gets_no_suggestion() -> None:
    assert _match("optBladder").suggestions == ()


def test_a_site_alias_comes_first() -> None:
    roi = Structure(roi_number=1, name="plexus")
    (match,) = match_structures([roi], load_vocabulary(), site_aliases={"plexus": "SacralPlex"})
    assert (match.name, match.how) == ("SacralPlex", "site alias")


def test_a_site_alias_keeps_prv_and_margin() -> None:
    roi = Structure(roi_number=1, name="M2")
    aliases = {"M2": "SpinalCord_PRV02"}
    (match,) = match_structures([roi], load_vocabulary(), site_aliases=aliases)
    assert (match.category, match.base, match.prv_mm) == ("prv", "SpinalCord", 2)


def test_a_site_alias_to_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="'Cord', which is not in the vocabulary"):
        match_structures([], load_vocabulary(), site_aliases={"M": "Cord"})


def test_a_code_that_is_a_tg263_name_is_used_for_an_unknown_name() -> None:
    match = _match("Struct 7", "ORGAN", codes=(("SpinalCord", "99TG263"),))
    assert match.name == "SpinalCord"
    assert match.how.startswith("ROI code 'SpinalCord'")


@pytest.mark.parametrize("code", ["7647", "spinalcord", ""])
def test_another_code_is_not_guessed(code: str) -> None:
    assert _match("Struct 7", "ORGAN", codes=((code, "FMA"),)).name == ""


def test_a_code_does_not_make_an_organ_of_a_helper() -> None:
    assert _match("Moelle opt", "ORGAN", codes=(("SpinalCord", "99TG263"),)).name == ""


def test_two_contours_of_one_organ_name_each_other() -> None:
    rois = [
        Structure(roi_number=4, name="Moelle"),
        Structure(roi_number=7, name="Heart"),
        Structure(roi_number=9, name="SpinalCord"),
    ]
    first, heart, second = match_structures(rois, load_vocabulary())
    assert (first.name, first.also) == ("SpinalCord", (9,))
    assert (second.name, second.also) == ("SpinalCord", (4,))
    assert first.how.endswith("also ROI 9")
    assert heart.also == ()


def test_unmatched_names_are_not_taken_for_the_same() -> None:
    rois = [Structure(roi_number=n, name="nothing") for n in (1, 2)]
    assert [match.also for match in match_structures(rois, load_vocabulary())] == [(), ()]


def test_the_order_of_the_input_is_kept() -> None:
    names = ["Rate", "x", "PTV", "Moelle", "Aorta"]
    rois = [Structure(roi_number=n, name=name) for n, name in enumerate(names)]
    assert [match.roi_name for match in match_structures(rois, load_vocabulary())] == names


def test_a_hostile_name_is_read_in_no_time() -> None:
    assert _match("PRV" * 20_000 + "\x00<script>" + "é" * 10_000).name == ""


def test_every_spelling_of_the_vocabulary_leads_to_its_structure() -> None:
    aliases = load_vocabulary().aliases
    rois = [Structure(roi_number=n, name=alias.synonym) for n, alias in enumerate(aliases)]
    matches = match_structures(rois, load_vocabulary())
    wrong = [
        (alias.synonym, alias.name, match.name)
        for alias, match in zip(aliases, matches, strict=True)
        if match.name != alias.name
        and not (match.category == "target" and match.name.startswith(alias.name))
    ]
    assert wrong == []


@pytest.mark.skipif(not REAL.is_dir(), reason="the real exports are not beside this checkout")
def test_no_structure_of_a_real_export_is_matched_wrongly() -> None:
    organs: dict[str, str] = {}
    for path in sorted(REAL.rglob("*.dcm")):
        dataset = pydicom.dcmread(path, force=True, stop_before_pixels=True)
        items = dataset.get("StructureSetROISequence", [])
        rois = [
            Structure(roi_number=number, name=str(item.get("ROIName", "")))
            for number, item in enumerate(items)
        ]
        for match in match_structures(rois, load_vocabulary()):
            if match.name and match.category in ("organ", "prv"):
                organs[match.roi_name] = match.name
    assert organs == REAL_ORGANS


# Every organ that the real exports hold under a name that can be read one way only.
REAL_ORGANS = {
    "Bladder": "Bladder",
    "BrachialPlexus_R": "BrachialPlex_R",
    "Brachial Plexus_L": "BrachialPlex_L",
    "Brain": "Brain",
    "BrainStem": "Brainstem",
    "CHEST WALL": "Chestwall",
    "Cochlea_L": "Cochlea_L",
    "Cochlea_R": "Cochlea_R",
    "ESOPHAGUS": "Esophagus",
    "Femoral Head Lt": "Femur_Head_L",
    "Femoral Head RT": "Femur_Head_R",
    "GREAT VESSELS": "GreatVes",
    "Heart": "Heart",
    "Lips": "Lips",
    "Lt Lung": "Lung_L",
    "Mandible": "Bone_Mandible",
    "OpticNerve_L": "OpticNrv_L",
    "OpticNerve_R": "OpticNrv_R",
    "OralCavity": "Cavity_Oral",
    "Parotid_L": "Parotid_L",
    "Parotid_R": "Parotid_R",
    "Pituitary": "Pituitary",
    "Rectum": "Rectum",
    "SC PRV": "SpinalCord_PRV",
    "SpinalCord": "SpinalCord",
    "TRACHEA": "Trachea",
}
