"""No plan of the spine passes whose cord was never tested."""

from collections.abc import Iterator

from planchecker.checks.context import Context, Outcome
from planchecker.checks.limits.cord import cord_conventional, cord_stereotactic
from planchecker.checks.limits.nesting import CORD
from planchecker.results import Finding, NotApplicable, Status

__all__ = ["cord_evaluated"]


def cord_evaluated(context: Context) -> Iterator[Outcome]:
    """Ask that at least one governing limit of the cord, sac or cauda was evaluated.

    What
    ----
    Whether the cord rules of this report came to an answer on at least one contour.

    Why
    ---
    A plan of the spine whose cord was never tested must not read as a pass, however many
    other limits are met.

    Passes
    ------
    One governing limit has an answer, or the target is known not to be spine.

    Fires
    -----
    Never by itself; what the answer was is said by DL001 and DL002.

    Not evaluated
    -------------
    No governing limit of the cord has an answer and the target is spine or unknown.

    References
    ----------
    Design rule of this program.
    """
    outcomes = (*cord_stereotactic(context), *cord_conventional(context))
    evaluated = [
        o for o in outcomes if isinstance(o, Finding) and o.status is not Status.NOT_EVALUATED
    ]
    if evaluated:
        names = ", ".join(dict.fromkeys(f.subject for f in evaluated))
        yield Finding(
            code="DL900",
            subject=CORD,
            status=Status.PASS,
            message=f"A governing limit of the cord was evaluated on {names}.",
        )
    elif context.scheme.spine is False:
        yield NotApplicable(
            code="DL900", subject=CORD, reason="the target is known not to be spine"
        )
    else:
        site = "is spine" if context.scheme.spine else "may be spine"
        yield Finding(
            code="DL900",
            subject=CORD,
            status=Status.NOT_EVALUATED,
            message=f"No governing limit of the cord was evaluated and the target {site}.",
            remedy="Mend what DL001, DL002 and DL005 name and check again; state the indication "
            "if the target is not spine.",
        )
