"""Renderers: functions of a report; they never decide."""
