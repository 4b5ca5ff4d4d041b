"""What a plan's review asks and this report cannot answer; listed once, without status."""

from collections.abc import Iterator, Mapping

from planchecker.checks.context import Context

__all__ = ["NEEDS_SITE_LIST", "NOT_IN_DICOM", "appendix"]

NOT_IN_DICOM: Mapping[str, str] = {
    "prescription record": "The prescription as the physician wrote it, and the consent.",
    "simulation": "Simulation notes, skin marks, shifts and set-up photographs.",
    "record and verify": "Schedule, image orders, approvals and couch correction limits there.",
    "second calculation": "An independent calculation of monitor units, and patient-specific QA.",
    "fusion": "Quality of image fusion, and the reasons for the margins of the targets.",
    "patient": "Change of size or weight since the scan; pregnancy; a device that is not "
    "contoured.",
    "earlier treatment": "Radiotherapy that is not under the given paths.",
    "algorithm": "The calculation algorithm where the export does not state it.",
    "accessories": "Accessories that are only in the machine's own data base.",
}
"""By topic: what no export of a plan holds."""

NEEDS_SITE_LIST: Mapping[str, str] = {
    "scanner": "Whether scanner and protocol have a commissioned density curve",
    "machine": "Whether machine, energies and fluence modes are the centre's",
    "travel": "Limits of leaves, jaws, angles and clearance of the machine",
    "names": "The pattern of plan, beam and structure names",
    "volumes": "The usual range of each organ's volume",
    "couch": "Which couch has to be contoured and at what density",
    "tolerances": "Which tolerance table and which set-up images a technique needs",
    "workflow": "Whether the state of approval fits the step of the workflow",
}
"""By topic: what needs a list of the centre that is not configured."""


def appendix(context: Context) -> Iterator[str]:
    """Yield the lines of the appendix, group by group."""
    if context.case.plan is None:
        return
    shown = {
        "scanner": sorted({image.scanner for image in context.case.images if image.scanner}),
        "machine": sorted({b.machine for b in context.case.plan.beams if b.machine}),
    }
    for topic, text in NEEDS_SITE_LIST.items():
        if topic == "machine" and context.site is not None and context.site.machines:
            continue
        here = f" (here: {', '.join(shown[topic])})" if shown.get(topic) else ""
        yield f"Needs a list of the centre: {text}{here}."
    for text in NOT_IN_DICOM.values():
        yield f"Not in the export: {text}"
