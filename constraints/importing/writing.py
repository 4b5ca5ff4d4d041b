"""Writing what was imported as a rule file a person reads, checks and signs."""

import json
from collections.abc import Iterable, Iterator

from constraints.importing.carried import Imported, clean
from constraints.limits import Limit

__all__ = ["guideline_text", "site_text"]


def guideline_text(imported: Imported, *, id_: str) -> str:
    """Return a guideline file; its name must be ``id_`` with ``.toml``.

    Parameters
    ----------
    imported
        What was carried over, and what was not.
    id_
        Name of the file without its ending.
    """
    lines = [
        "# Taken over from a goal sheet. Every figure rests on that one sheet (strength C):",
        "# compare it with the publication it quotes, then raise its strength here.",
        f"id = {_quoted(id_)}",
        f"summary = {_quoted('Goals taken over from a sheet: ' + imported.title)}",
        "",
        "[source]",
        f"title = {_quoted(imported.title)}",
        f"locator = {_quoted('goal sheet ' + imported.title)}",
    ]
    for limit in imported.limits:
        lines += ["", "[[limit]]", *_limit(limit)]
    return "\n".join([*lines, *_left_out(imported)]) + "\n"


def site_text(imported: Imported, *, id_: str, reason: str, approver: str) -> str:
    """Return a site file with the goals as limits of the centre's own, and its spellings.

    Parameters
    ----------
    imported
        What was carried over, and what was not.
    id_
        Name of the file without its ending.
    reason, approver
        Stand on every limit; a site file asks for both.
    """
    said = [f"reason = {_quoted(reason)}", f"approver = {_quoted(approver)}"]
    lines = [
        "# Taken over from a goal sheet as limits of the centre's own (strength C).",
        f"id = {_quoted(id_)}",
        f"title = {_quoted(imported.title)}",
    ]
    for limit in imported.limits:
        lines += ["", "[[own]]", *_limit(limit), *said]
    spellings: dict[str, list[str]] = {}
    for name, text in imported.aliases:
        spellings.setdefault(name, []).append(text)
    for name, texts in spellings.items():
        lines += ["", "[[alias]]", f"name = {_quoted(name)}", f"synonyms = {_list(texts)}"]
    return "\n".join([*lines, *_left_out(imported)]) + "\n"


def _limit(limit: Limit) -> Iterator[str]:
    yield f"id = {_quoted(limit.id)}"
    yield f"structures = {_list(limit.structures)}"
    yield f"metric = {_quoted(str(limit.metric))}"
    yield f"comparison = {_quoted(limit.comparison.value)}"
    yield f"value = {limit.value!r}"
    yield f"unit = {_quoted(limit.unit)}"
    yield f"kind = {_quoted(limit.kind.value)}"
    if limit.fractions:
        yield f"fractions = {list(limit.fractions)!r}"
    if limit.dose_per_fraction_gy:
        yield f"dose_per_fraction_gy = {list(limit.dose_per_fraction_gy)!r}"
    yield f"technique = {_quoted(limit.technique.value)}"
    yield f"course = {_quoted(limit.course.value)}"
    yield f"endpoint = {_quoted(limit.endpoint)}"
    yield f"evidence = {_quoted(limit.evidence.value)}"
    yield f"where = {_quoted(limit.where)}"
    if limit.note:
        yield f"note = {_quoted(limit.note)}"


def _left_out(imported: Imported) -> Iterator[str]:
    if not imported.left_out:
        return
    yield ""
    yield "# Not carried over:"
    for item in imported.left_out:
        # What a stranger's sheet says stays within its comment line.
        yield f"# {clean(item.place)}: {clean(item.what)}: {clean(item.reason)}"


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _quoted(text: str) -> str:
    # A TOML basic string takes the escapes of JSON; clean() leaves no control character.
    return json.dumps(clean(text), ensure_ascii=False)
