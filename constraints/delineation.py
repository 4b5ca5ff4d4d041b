"""Published rules of target delineation: sectors of a vertebra, margins, what belongs inside."""

from typing import Literal, Self

from pydantic import Field, model_validator

from constraints.terms import (
    Delivery,
    Evidence,
    Model,
    Number,
    Setting,
    Technique,
)

__all__ = ["DelineationRule", "MarginRule", "Sector", "SectorRule"]

Sector = Literal[
    "body",
    "body_lateral",
    "body_diffuse",
    "pedicle_uni",
    "pedicle_ipsi",
    "pedicle_left",
    "pedicle_right",
    "transverse_ipsi",
    "transverse_left",
    "transverse_right",
    "lamina_uni",
    "lamina_ipsi",
    "lamina_left",
    "lamina_right",
    "spinous",
]
"""Parts of a vertebra. ``_uni`` is on one side only, ``_ipsi`` on the side of the tumour;
``body_lateral`` is tumour in one half of the body, ``body_diffuse`` throughout it."""


class SectorRule(Model):
    """Which parts of a vertebra belong to the CTV when the GTV lies in some of them."""

    id: str
    gtv: tuple[Sector, ...] = Field(min_length=1)
    ctv: tuple[Sector, ...] = Field(min_length=1)
    optional: tuple[Sector, ...] = ()
    """Parts that may be added."""
    disputed: tuple[Sector, ...] = ()
    """Parts on which the sources disagree."""
    technique: Technique
    setting: Setting
    evidence: Evidence
    where: str
    note: str = ""


class MarginRule(Model):
    """How far one target volume reaches beyond another."""

    id: str
    inner: str
    """Target the margin starts from: GTV, CTV, lesion or cord."""
    outer: str
    """Target or volume it makes: CTV, PTV, field, PRV."""
    direction: str
    """Where the margin goes: all, craniocaudal, lateral, within bone, outside bone."""
    margin_mm: tuple[Number, Number]
    """Smallest and largest margin."""
    condition: str = ""
    technique: Technique | None = None
    """None where the source serves both."""
    setting: Setting = Setting.ANY
    indications: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    evidence: Evidence
    where: str
    note: str = ""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        low, high = self.margin_mm
        if not 0 <= low <= high:
            raise ValueError(f"margin_mm {self.margin_mm!r} must be [smallest, largest], from 0")
        return self


class DelineationRule(Model):
    """What belongs to a target volume, in words and as a permanent rule name."""

    id: str
    rule: str
    """Permanent name by which a check refers to it."""
    summary: str
    technique: Technique | None = None
    setting: Setting = Setting.ANY
    sites: tuple[str, ...] = ()
    delivery: tuple[Delivery, ...] = ()
    conditions: tuple[str, ...] = ()
    evidence: Evidence
    where: str
    note: str = ""
