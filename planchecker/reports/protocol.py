"""One protocol as a page: which guidelines apply, which one governs, every criterion."""

from constraints.model import Protocol
from planchecker.reports.style import Style
from planchecker.reports.tables import prose, table

__all__ = ["render_protocol"]


def render_protocol(protocol: Protocol, style: Style | None = None) -> str:
    """Write a protocol as plain text.

    Parameters
    ----------
    protocol
        As loaded; nothing is left out but its keywords.
    style
        Width, colour and characters of the terminal.

    Examples
    --------
    >>> from constraints.loader import load_protocol
    >>> render_protocol(load_protocol("bone_metastases")).splitlines()[0]
    'bone_metastases'
    """
    style = style or Style()
    head = (
        protocol.id,
        "=" * len(protocol.id),
        protocol.title,
        f"Guidelines: {', '.join(protocol.guidelines)}",
        f"Scheme tables: {', '.join(protocol.scheme_tables)}",
    )
    return "\n".join(
        (
            prose(head, style),
            _governing(protocol, style),
            _indications(protocol, style),
            _criteria(protocol, style),
            _alpha_beta(protocol, style),
        )
    )


def _governing(protocol: Protocol, style: Style) -> str:
    rows = [
        (
            ", ".join(rule.structures) or "every other structure",
            rule.technique.value,
            rule.course.value,
            ", then ".join(rule.guidelines),
        )
        for rule in protocol.governing
    ]
    head = ("Structure", "Technique", "Course", "Governed by")
    return table(head, rows, style=style, title="Who governs")


def _indications(protocol: Protocol, style: Style) -> str:
    rows = [
        (one.id, one.title, "yes" if one.spine else "no" if one.site_known else "unknown")
        for one in protocol.indications
    ]
    head = ("Indication", "Title", "Spine")
    return table(head, rows, style=style, title="Indications", whole=(0,))


def _criteria(protocol: Protocol, style: Style) -> str:
    rows = [
        (name, f"{one.value:.10g} {one.unit}", one.mark, one.source)
        for name, one in protocol.criteria.items()
    ]
    head = ("Criterion", "Value", "Mark", "Source")
    return table(head, rows, style=style, title="Criteria of the checks", whole=(0,))


def _alpha_beta(protocol: Protocol, style: Style) -> str:
    rows = [(name, f"{value:.10g}") for name, value in protocol.alpha_beta_gy.items()]
    return table(("Structure", "alpha/beta Gy"), rows, style=style, title="Alpha/beta", right=(1,))
