"""Structures, dose, dose-volume histograms and metrics; numpy only, no DICOM."""
