"""The treatment plan of a sample."""

from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import RTPlanStorage, RTStructureSetStorage

from sample_dicom.beams import LEAF_BOUNDARIES_MM, SOURCE_AXIS_MM, Beam, Shape
from sample_dicom.course import Course
from sample_dicom.dicom_base import PLAN_DATE, decimal_text, new_dataset, save, set_decimals, uid
from sample_dicom.write_structures import roi_number, structures_uid

__all__ = ["plan_uid", "write_plan"]


def plan_uid(course: Course) -> str:
    """Return the SOP Instance UID of the plan."""
    return uid(course.wording.case_id, "plan")


def write_plan(course: Course, directory: Path) -> Path:
    """Write the plan and return its path."""
    wording = course.wording
    dataset = new_dataset(
        wording, sop_class=RTPlanStorage, instance=plan_uid(course), date=PLAN_DATE
    )
    dataset.Modality = "RTPLAN"
    dataset.SeriesInstanceUID = uid(wording.case_id, "plan series")
    dataset.OperatorsName = ""
    dataset.RTPlanLabel, dataset.RTPlanName = wording.plan_label, wording.plan_name
    dataset.RTPlanDescription = wording.plan_description
    dataset.RTPlanDate, dataset.RTPlanTime = PLAN_DATE, "090000"
    dataset.PlanIntent, dataset.RTPlanGeometry = "PALLIATIVE", "PATIENT"
    dataset.PrescriptionDescription = f"{wording.dose_gy:g} Gy in {wording.fractions} fractions"
    ptvs = [region.name for region in course.patient.regions if region.name.startswith("PTV")]
    dataset.DoseReferenceSequence = [
        _dose_reference(course, name, number) for number, name in enumerate(ptvs, start=1)
    ]
    dataset.ToleranceTableSequence = [_tolerance_table()]
    dataset.FractionGroupSequence = [_fraction_group(course)]
    setup_number = len(course.beams) + 1
    dataset.BeamSequence = [
        *(_treatment_beam(course, beam) for beam in course.beams),
        _setup_beam(course, setup_number),
    ]
    dataset.PatientSetupSequence = [_setup()]
    reference = Dataset()
    reference.ReferencedSOPClassUID = RTStructureSetStorage
    reference.ReferencedSOPInstanceUID = structures_uid(course)
    dataset.ReferencedStructureSetSequence = [reference]
    dataset.ApprovalStatus = "UNAPPROVED"
    return save(dataset, directory / "RP.dcm")


def _dose_reference(course: Course, name: str, number: int) -> Dataset:
    item = Dataset()
    item.DoseReferenceNumber = number
    of = "dose reference" if number == 1 else f"dose reference {number}"
    item.DoseReferenceUID = uid(course.wording.case_id, of)
    item.DoseReferenceStructureType = "VOLUME"
    item.DoseReferenceDescription = name
    item.ReferencedROINumber = roi_number(course, name)
    item.DoseReferenceType = "TARGET"
    item.TargetPrescriptionDose = course.wording.dose_gy
    return item


def _tolerance_table() -> Dataset:
    item = Dataset()
    item.ToleranceTableNumber, item.ToleranceTableLabel = 1, "BONE"
    item.GantryAngleTolerance = item.BeamLimitingDeviceAngleTolerance = 0.5
    item.PatientSupportAngleTolerance = 0.5
    for name in ("Vertical", "Longitudinal", "Lateral"):
        setattr(item, f"TableTop{name}PositionTolerance", 20)
    return item


def _fraction_group(course: Course) -> Dataset:
    item = Dataset()
    item.FractionGroupNumber = 1
    item.NumberOfFractionsPlanned = course.wording.fractions
    item.NumberOfBeams = len(course.beams) + 1
    item.NumberOfBrachyApplicationSetups = 0
    references = []
    for beam in course.beams:
        reference = Dataset()
        reference.ReferencedBeamNumber = beam.number
        reference.BeamDose, reference.BeamMeterset = beam.dose_gy, beam.meterset
        if course.dose_point_mm is not None:
            point = (course.dose_point_mm + course.table_mm).round(2)
            reference.BeamDoseSpecificationPoint = point.tolist()
        references.append(reference)
    setup = Dataset()
    setup.ReferencedBeamNumber = len(course.beams) + 1
    item.ReferencedBeamSequence = [*references, setup]
    return item


def _treatment_beam(course: Course, beam: Beam) -> Dataset:
    item = _beam(course, beam.number, beam.name)
    item.BeamType = "DYNAMIC" if beam.direction else "STATIC"
    item.BeamDescription = "Modulated arc" if beam.direction else "Conformal field"
    fluence = Dataset()
    fluence.FluenceMode = "NON_STANDARD" if beam.filter_free else "STANDARD"
    if beam.filter_free:
        fluence.FluenceModeID = "FFF"
    item.PrimaryFluenceModeSequence = [fluence]
    item.TreatmentDeliveryType = "TREATMENT"
    item.BeamLimitingDeviceSequence = [*_jaws(), _leaves()]
    item.FinalCumulativeMetersetWeight = beam.weights[-1]
    item.ControlPointSequence = [_control_point(course, beam, i) for i in range(len(beam.weights))]
    item.NumberOfControlPoints = len(beam.weights)
    return item


def _beam(course: Course, number: int, name: str) -> Dataset:
    item = Dataset()
    item.BeamNumber, item.BeamName = number, name
    item.RadiationType = "PHOTON"
    item.TreatmentMachineName = course.wording.machine
    item.Manufacturer = "planchecker sample generator"
    item.PrimaryDosimeterUnit = "MU"
    item.SourceAxisDistance = SOURCE_AXIS_MM
    item.NumberOfWedges = item.NumberOfCompensators = item.NumberOfBoli = item.NumberOfBlocks = 0
    item.ReferencedPatientSetupNumber = 1
    item.ReferencedToleranceTableNumber = 1
    return item


def _setup_beam(course: Course, number: int) -> Dataset:
    item = _beam(course, number, "CBCT")
    item.BeamType, item.BeamDescription = "STATIC", "Imaging"
    item.TreatmentDeliveryType = "SETUP"
    item.BeamLimitingDeviceSequence = _jaws()
    item.FinalCumulativeMetersetWeight = 0
    first = _fixed_values(course, gantry_deg=0.0, collimator_deg=0.0, direction="NONE")
    first.ControlPointIndex, first.NominalBeamEnergy = 0, 6
    first.DoseRateSet = 0
    first.CumulativeMetersetWeight = 0
    first.BeamLimitingDevicePositionSequence = [
        _positions("ASYMX", "-100.0\\100.0"),
        _positions("ASYMY", "-100.0\\100.0"),
    ]
    last = Dataset()
    last.ControlPointIndex, last.CumulativeMetersetWeight = 1, 0
    item.ControlPointSequence = [first, last]
    item.NumberOfControlPoints = 2
    return item


def _jaws() -> list[Dataset]:
    devices = []
    for kind in ("ASYMX", "ASYMY"):
        device = Dataset()
        device.RTBeamLimitingDeviceType, device.NumberOfLeafJawPairs = kind, 1
        devices.append(device)
    return devices


def _leaves() -> Dataset:
    device = Dataset()
    device.RTBeamLimitingDeviceType = "MLCX"
    device.NumberOfLeafJawPairs = len(LEAF_BOUNDARIES_MM) - 1
    set_decimals(device, "LeafPositionBoundaries", decimal_text(LEAF_BOUNDARIES_MM))
    return device


def _control_point(course: Course, beam: Beam, index: int) -> Dataset:
    last = index == len(beam.weights) - 1
    if index == 0:
        item = _fixed_values(
            course,
            gantry_deg=beam.gantry_deg[0],
            collimator_deg=beam.collimator_deg,
            direction=beam.direction or "NONE",
        )
        item.NominalBeamEnergy = beam.energy_mv
        item.DoseRateSet = 1400 if beam.filter_free else 600
        item.SourceToSurfaceDistance = round(beam.ssd_mm, 1)
        item.BeamLimitingDevicePositionSequence = _limits(beam.shapes[0], jaws=True)
    else:
        item = Dataset()
        if beam.direction:
            item.GantryAngle = beam.gantry_deg[index]
            item.GantryRotationDirection = "NONE" if last else beam.direction
            item.BeamLimitingDevicePositionSequence = _limits(beam.shapes[index], jaws=False)
    item.ControlPointIndex = index
    item.CumulativeMetersetWeight = beam.weights[index]
    return item


def _fixed_values(
    course: Course, *, gantry_deg: float, collimator_deg: float, direction: str
) -> Dataset:
    item = Dataset()
    item.GantryAngle, item.GantryRotationDirection = gantry_deg, direction
    item.BeamLimitingDeviceAngle, item.BeamLimitingDeviceRotationDirection = collimator_deg, "NONE"
    item.PatientSupportAngle, item.PatientSupportRotationDirection = 0, "NONE"
    item.TableTopEccentricAngle, item.TableTopEccentricRotationDirection = 0, "NONE"
    item.TableTopVerticalPosition = item.TableTopLongitudinalPosition = None
    item.TableTopLateralPosition = None
    item.IsocenterPosition = (course.isocentre_mm + course.table_mm).round(2).tolist()
    return item


def _limits(shape: Shape, *, jaws: bool) -> list[Dataset]:
    leaves = _positions("MLCX", decimal_text(shape.leaves_mm.T))
    if not jaws:
        return [leaves]
    return [
        _positions("ASYMX", "\\".join(map(str, shape.jaws_x_mm))),
        _positions("ASYMY", "\\".join(map(str, shape.jaws_y_mm))),
        leaves,
    ]


def _positions(kind: str, text: str) -> Dataset:
    item = Dataset()
    item.RTBeamLimitingDeviceType = kind
    set_decimals(item, "LeafJawPositions", text)
    return item


def _setup() -> Dataset:
    item = Dataset()
    item.PatientSetupNumber, item.PatientPosition = 1, "HFS"
    item.SetupTechnique = "ISOCENTRIC"
    return item
