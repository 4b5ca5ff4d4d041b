"""Catalogues as text (``.po``) and as the table that `gettext` reads (``.mo``)."""

import ast
import re
import struct
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path

__all__ = ["compiled", "entries", "main"]

_KEYWORD = re.compile(r'(msgid_plural|msgid|msgstr(?:\[\d\])?)\s+(".*")')
_HEAD = (0x950412DE, 0)


def entries(text: str) -> dict[str, str]:
    r"""Read a ``.po`` file.

    Returns
    -------
    dict
        Translation by message, as the compiled table holds it: with a plural, both forms on
        both sides, parted by a NUL.

    Examples
    --------
    >>> entries('msgid "Limit"\nmsgstr "Limite"\n')
    {'Limit': 'Limite'}
    """
    found: dict[str, str] = {}
    for block in re.split(r"\n\s*\n", text):
        parts = _parts(block)
        if "msgid" not in parts:
            continue
        plural = parts.get("msgid_plural")
        key = parts["msgid"] if plural is None else f"{parts['msgid']}\0{plural}"
        forms = [value for name, value in parts.items() if name.startswith("msgstr")]
        found[key] = "\0".join(forms)
    return found


def _parts(block: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    current = ""
    for line in block.splitlines():
        line = line.strip()  # noqa: PLW2901 - the stripped line is the line
        if match := _KEYWORD.fullmatch(line):
            current = match[1]
            parts[current] = ast.literal_eval(match[2])
        elif line.startswith('"') and current:
            parts[current] += ast.literal_eval(line)
    return parts


def compiled(catalogue: Mapping[str, str]) -> bytes:
    """Return the ``.mo`` table of a catalogue.

    Notes
    -----
    GNU gettext manual, "The Format of GNU MO Files": two tables of (length, offset) pairs,
    sorted by message, then the texts, each ended by a NUL. No hash table.
    """
    pairs = sorted((k.encode(), v.encode()) for k, v in catalogue.items())
    start = 28 + 16 * len(pairs)
    ids = b"".join(key + b"\0" for key, _ in pairs)
    head = struct.pack("<7I", *_HEAD, len(pairs), 28, 28 + 8 * len(pairs), 0, start)
    keys = b"".join(_places((key for key, _ in pairs), start))
    values = b"".join(_places((value for _, value in pairs), start + len(ids)))
    return head + keys + values + ids + b"".join(value + b"\0" for _, value in pairs)


def _places(texts: Iterator[bytes], start: int) -> Iterator[bytes]:
    for text in texts:
        yield struct.pack("<2I", len(text), start)
        start += len(text) + 1


def main() -> None:
    """Compile every catalogue beside this module; for whoever edits a ``.po`` file."""
    for source in sorted(Path(str(files("planchecker.locale"))).glob("*/*.po")):
        table = compiled(entries(source.read_text(encoding="utf-8")))
        source.with_suffix(".mo").write_bytes(table)


if __name__ == "__main__":
    main()
