"""Names and numbers that the written objects carry."""

from dataclasses import dataclass

__all__ = ["Wording"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """Names and numbers that the objects carry."""

    case_id: str
    patient_id: str
    patient_name: str
    sex: str
    plan_label: str
    plan_name: str
    plan_description: str
    structures_label: str
    machine: str
    dose_gy: float
    fractions: int
