"""Files in the store: those of this run in a table of its own, which ends with the connection."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, Final

from planchecker.batch.inventory import Entry, State
from planchecker.batch.store.opening import transaction
from planchecker.batch.thing import Source, Thing, patient_key
from planchecker.reading.header import Header
from planchecker.reading.sop_classes import Kind

__all__ = [
    "count_states",
    "damaged_files",
    "known_file",
    "load_things",
    "save_tree",
    "series_with_image",
    "settle_copies",
    "sources_of",
]

_AT_A_TIME: Final = 500
_DEFORMABLE: Final = "1.2.840.10008.5.1.4.1.1.66.3"
_SERIES: Final = "series"
# Two runs may look at the same files at once: what this run groups must not change under it.
_TREE: Final = """
CREATE TEMP TABLE tree (
    id INTEGER PRIMARY KEY, path TEXT, folder TEXT, state TEXT, size INTEGER, sha256 TEXT,
    uid TEXT, kind TEXT, patient TEXT, study TEXT, series TEXT, frame TEXT, header TEXT
)
"""
_SETS: Final = ("names", "plans", "frames", "named_series", "named_images")
_TEXTS: Final = ("owner", "study_uid", "series_uid", "patient_id", "label")


def known_file(
    connection: sqlite3.Connection, label: str, size: int, mtime_ns: int
) -> Entry | None:
    """Return what an earlier run knew of a file of this size and time; None where it has changed.

    What could not be read is looked at anew.
    """
    row = connection.execute(
        "SELECT * FROM file WHERE path = ? AND size = ? AND mtime_ns = ?", (label, size, mtime_ns)
    ).fetchone()
    if row is None or row["state"] == State.UNREADABLE:
        return None
    header = _from_json(row["header"], row["sop_class_uid"], row["sop_instance_uid"])
    state = State.OBJECT if row["state"] == State.COPY else State(row["state"])
    return Entry(
        label=label,
        state=state,
        size=size,
        mtime_ns=mtime_ns,
        sha256=row["sha256"],
        reason="" if row["state"] == State.COPY else row["reason"],
        header=header,
    )


def save_tree(
    connection: sqlite3.Connection,
    batch_id: int,
    entries: Iterable[Entry],
    *,
    tick: Callable[[int], None] = lambda _done: None,
) -> None:
    """Take in every file, a few hundred a transaction."""
    connection.execute("DROP TABLE IF EXISTS temp.tree")
    connection.execute(_TREE)
    done, waiting = 0, iter(entries)
    while part := list(islice(waiting, _AT_A_TIME)):
        with transaction(connection):
            for entry in part:
                _insert(connection, batch_id, entry)
        done += len(part)
        tick(done)
    connection.execute("CREATE INDEX temp.tree_uid ON tree (uid, sha256)")
    connection.execute("CREATE INDEX temp.tree_series ON tree (series, folder)")


def settle_copies(connection: sqlite3.Connection) -> None:
    """Let files of one content count once, the first path for all; list the others as copies."""
    copies = connection.execute(
        "SELECT c.id, c.path, f.path AS first FROM temp.tree c JOIN ("
        " SELECT uid, sha256, min(path) AS path FROM temp.tree WHERE state = 'object'"
        " GROUP BY uid, sha256 HAVING count(*) > 1) f"
        " ON f.uid = c.uid AND f.sha256 = c.sha256 AND f.path <> c.path"
        " WHERE c.state = 'object'"
    ).fetchall()
    with transaction(connection):
        for row in copies:
            connection.execute("UPDATE temp.tree SET state = 'copy' WHERE id = ?", (row["id"],))
            connection.execute(
                "UPDATE file SET state = 'copy', reason = ? WHERE path = ?",
                (f"a copy of {row['first']}; it counts once", row["path"]),
            )


def load_things(connection: sqlite3.Connection) -> list[Thing]:
    """Return the objects in the order of their paths, each image series of a folder as one."""
    found = [
        _thing(row)
        for row in connection.execute(
            "SELECT * FROM temp.tree WHERE (state = 'object' AND kind <> ?) OR state = 'unreadable'"
            " OR kind = 'deformable' ORDER BY path",
            (_SERIES,),
        )
    ]
    series = connection.execute(
        "SELECT min(id) AS id, min(path) AS path, series, folder, patient, study, frame"
        " FROM temp.tree WHERE state = 'object' AND kind = ?"
        " GROUP BY series, folder, patient, study, frame ORDER BY min(path)",
        (_SERIES,),
    )
    return found + [
        Thing(
            row=row["id"],
            kind=_SERIES,
            path=row["path"],
            folder=row["folder"],
            uid=row["series"],
            patient=row["patient"],
            study=row["study"],
            frames=frozenset({row["frame"]} - {""}),
        )
        for row in series
    ]


def series_with_image(connection: sqlite3.Connection, uid: str) -> set[str]:
    """Return the series that hold an image of this UID."""
    rows = connection.execute("SELECT series FROM temp.tree WHERE uid = ?", (uid,))
    return {row["series"] for row in rows}


def sources_of(connection: sqlite3.Connection, things: Iterable[Thing]) -> tuple[Source, ...]:
    """Return the files of these things in the order of their paths."""
    rows: dict[str, sqlite3.Row] = {}
    for thing in things:
        if thing.kind == _SERIES:
            found: Sequence[sqlite3.Row] = connection.execute(
                "SELECT other.* FROM temp.tree one JOIN temp.tree other"
                " ON other.series = one.series AND other.folder = one.folder"
                " AND other.patient = one.patient AND other.study = one.study"
                " AND other.frame = one.frame"
                " WHERE one.id = ? AND other.state = 'object' AND other.kind = ?",
                (thing.row, _SERIES),
            ).fetchall()
        else:
            found = connection.execute(
                "SELECT * FROM temp.tree WHERE id = ?", (thing.row,)
            ).fetchall()
        rows.update({row["path"]: row for row in found})
    return tuple(
        Source(
            label=path,
            path=str(Path(path).absolute()),
            sop_instance_uid=row["uid"],
            sha256=row["sha256"],
            size=row["size"],
        )
        for path, row in sorted(rows.items())
    )


def count_states(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many files of this run are in which state."""
    rows = connection.execute("SELECT state, count(*) FROM temp.tree GROUP BY state")
    return dict(rows.fetchall())


def damaged_files(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Yield path and reason of everything that could not be read."""
    for row in connection.execute(
        "SELECT t.path, f.reason FROM temp.tree t JOIN file f ON f.path = t.path"
        " WHERE t.state = 'unreadable' ORDER BY t.path"
    ).fetchall():
        yield row["path"], row["reason"]


def _insert(connection: sqlite3.Connection, batch_id: int, entry: Entry) -> None:
    header = entry.header
    text = _as_json(header)
    sop_class = header.sop_class_uid if header else ""
    uid = header.sop_instance_uid if header else ""
    connection.execute(
        "INSERT OR REPLACE INTO file (path, size, mtime_ns, sha256, state, reason, sop_class_uid,"
        " sop_instance_uid, header, batch_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            _storable(entry.label),
            entry.size,
            entry.mtime_ns,
            entry.sha256,
            entry.state,
            _storable(entry.reason),
            sop_class,
            uid,
            text,
            batch_id,
        ),
    )
    connection.execute(
        "INSERT INTO temp.tree (path, folder, state, size, sha256, uid, kind, patient, study,"
        " series, frame, header) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            _storable(entry.label),
            _storable(str(PurePosixPath(entry.label).parent)),
            entry.state,
            entry.size,
            entry.sha256,
            uid,
            _kind(entry),
            patient_key(header.patient_id) if header else "",
            header.study_uid if header else "",
            header.series_uid if header else "",
            next(iter(header.frames), "") if header and header.is_image else "",
            "{}" if header is None or header.is_image else text,
        ),
    )


def _storable(text: str) -> str:
    # A file name need not be text; what is not is spelt out, and the file is still listed.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _kind(entry: Entry) -> str:
    header = entry.header
    if entry.state == State.UNREADABLE:
        return "damaged"
    if header is None:
        return ""
    if header.kind is None:
        return "deformable" if header.sop_class_uid == _DEFORMABLE else ""
    return _SERIES if header.kind is Kind.IMAGE else header.kind.name.lower()


def _thing(row: sqlite3.Row) -> Thing:
    header = json.loads(row["header"])
    sets = {name: frozenset(header.get(name, ())) for name in _SETS}
    return Thing(
        row=row["id"],
        kind=row["kind"],
        path=row["path"],
        folder=row["folder"],
        uid=row["uid"],
        sha256=row["sha256"],
        patient=row["patient"],
        study=row["study"],
        label=header.get("label", ""),
        frames=sets["frames"],
        names=sets["names"],
        named_series=sets["named_series"],
        named_images=sets["named_images"],
    )


def _as_json(header: Header | None) -> str:
    if header is None:
        return "{}"
    content: dict[str, Any] = {name: sorted(getattr(header, name)) for name in _SETS}
    content |= {name: getattr(header, name) for name in _TEXTS}
    content["kind"] = header.kind.name if header.kind else ""
    return json.dumps({name: value for name, value in content.items() if value})


def _from_json(text: str, sop_class_uid: str, sop_instance_uid: str) -> Header | None:
    content = json.loads(text)
    if not sop_class_uid:
        return None
    kind = content.pop("kind", "")
    sets: dict[str, Any] = {name: frozenset(content.get(name, ())) for name in _SETS}
    texts: dict[str, Any] = {name: content.get(name, "") for name in _TEXTS}
    return Header(
        sop_class_uid=sop_class_uid,
        sop_instance_uid=sop_instance_uid,
        kind=Kind[kind] if kind else None,
        **texts,
        **sets,
    )
