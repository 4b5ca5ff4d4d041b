"""Technique and prescription scheme of a plan."""

from planchecker.schemes.inference import infer_prescription
from planchecker.schemes.recognition import recognise
from planchecker.schemes.technique import delivery_of, is_modulated, read_technique
from planchecker.schemes.values import SchemeReading, TechniqueReading

__all__ = [
    "SchemeReading",
    "TechniqueReading",
    "delivery_of",
    "infer_prescription",
    "is_modulated",
    "read_technique",
    "recognise",
]
