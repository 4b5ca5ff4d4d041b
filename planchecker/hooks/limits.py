"""How much a hook takes on before it says no."""

from dataclasses import dataclass

__all__ = ["DEFAULT_LIMITS", "HookLimits"]


@dataclass(frozen=True, kw_only=True, slots=True)
class HookLimits:
    """Bounds of the receiver and its spool; sizes in bytes, times in seconds.

    Parameters
    ----------
    object_bytes
        Largest object that is taken.
    memory_bytes
        Objects being received at the same time, together; an object is held in memory until
        it is complete.
    association_objects
        Most objects in one association.
    association_s
        Longest association, whatever happens in it.
    idle_s
        Longest silence on a connection.
    associations
        Most associations at the same time.
    spool_bytes
        Most that lies in the spool.
    free_bytes
        What stays free on the disk of the spool.
    pdu_bytes
        Longest protocol data unit that is read; we announce a smaller one.
    """

    object_bytes: int = 512_000_000
    memory_bytes: int = 1_000_000_000
    association_objects: int = 5_000
    association_s: float = 1_800.0
    idle_s: float = 60.0
    associations: int = 10
    spool_bytes: int = 20_000_000_000
    free_bytes: int = 500_000_000
    pdu_bytes: int = 1_048_576


DEFAULT_LIMITS = HookLimits()
