"""A whole batch: take stock, sort, check what is to be checked, account for everything."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from constraints.loader import library_digest
from planchecker.batch.accounting import Account, account
from planchecker.batch.dashboard import write_dashboard
from planchecker.batch.engines.engine import Engine
from planchecker.batch.inventory import Entry, take_stock
from planchecker.batch.job import Job, Options, Outcome, resume_key
from planchecker.batch.outputs import remove_outputs, write_outputs
from planchecker.batch.reports_on_disk import folder_of, place, place_shared, remove
from planchecker.batch.resuming import stands
from planchecker.batch.sorting import Sorted, Wanted, sort_things
from planchecker.batch.store import open_store, tree, writing
from planchecker.errors import PlanCheckerError
from planchecker.reports.anonymise import without_traces

__all__ = ["STORE", "Ended", "Silent", "Watcher", "run_batch"]

STORE: Final = "planchecker.sqlite"


class Watcher(Protocol):
    """Whoever wants to know how far a batch is."""

    def files(self, done: int) -> None:
        """So many files were looked at."""

    def cases(self, done: int, total: int) -> None:
        """So many of the cases are settled."""


class Silent:
    """A watcher that says nothing."""

    def files(self, done: int) -> None:
        """Say nothing."""

    def cases(self, done: int, total: int) -> None:
        """Say nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A batch that ran to its end."""

    batch_id: int
    store: Path
    dashboard: Path
    account: Account


def run_batch(
    root: Path,
    out: Path,
    *,
    options: Options,
    engine: Engine,
    protocol: str = "",
    resume: bool = False,
    rehash: bool = False,
    watcher: Watcher | None = None,
) -> Ended:
    """Check every plan under a root.

    Parameters
    ----------
    out
        Where store, reports and outputs go; what is in there is not looked at as input.
    engine
        Where the cases are checked; it must have been made with these `options`.
    protocol
        Name of the protocol, for the record.
    resume
        Leave alone what an earlier run into `out` checked on the very same grounds.
    rehash
        With `resume`, read every file again even where size and time are unchanged.

    Raises
    ------
    PlanCheckerError
        If root, store or output folder cannot be used. The store then says that the batch was
        interrupted, and `resume` goes on from there.
    """
    watcher = watcher or Silent()
    store = out / STORE
    with closing(open_store(store)) as connection, _named(store):
        batch_id = writing.begin_batch(
            connection, _provenance(root, options, engine=engine.name, protocol=protocol)
        )
        try:
            _usable(out)
            known = _known(connection) if resume and not rehash else None
            entries = _outside(take_stock(root, known=known), root, out)
            found = _take_in(connection, batch_id, entries, options, watcher)
            _check_all(connection, batch_id, found, out, options, engine, watcher, resume=resume)
        except BaseException:
            _leave_interrupted(connection, batch_id)
            raise
        writing.end_batch(connection, batch_id, state="complete")
        counted = account(
            connection, batch_id, files=tree.count_states(connection), idle=len(found.idle)
        )
        write_outputs(connection, batch_id, out, counted)
    # The reports of an anonymised batch name nobody either.
    dashboard = write_dashboard(store, out, anonymise=options.anonymise, link_reports=True)
    return Ended(batch_id=batch_id, store=store, dashboard=dashboard, account=counted)


@contextmanager
def _named(store: Path) -> Iterator[None]:
    """Say which store it is that cannot be written: its disk may be full."""
    try:
        yield
    except sqlite3.Error as error:
        raise PlanCheckerError(
            f"the store {str(store)!r} cannot be used: {error}; what was checked before is kept: "
            "mend it and go on with --resume"
        ) from error


def _provenance(root: Path, options: Options, *, engine: str, protocol: str) -> writing.Provenance:
    return writing.Provenance(
        root=root.as_posix(),
        engine=engine,
        program_version=options.program_version,
        library_sha256=library_digest(),
        protocol=protocol,
        protocol_sha256=options.protocol_sha256,
        site_sha256=options.site.sha256 if options.site else "",
        options=options.as_json(),
    )


def _usable(out: Path) -> None:
    try:
        remove_outputs(out)
        place_shared(out)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise PlanCheckerError(f"cannot write to {str(out)!r}: {why}") from error


def _known(connection: sqlite3.Connection) -> Callable[[str, int, int], Entry | None]:
    return lambda label, size, mtime_ns: tree.known_file(connection, label, size, mtime_ns)


def _outside(entries: Iterator[Entry], root: Path, out: Path) -> Iterator[Entry]:
    """Leave out what this program itself wrote, where the output lies in the tree."""
    home = out.resolve()
    if not home.is_relative_to(root.resolve()):
        yield from entries
        return
    for entry in entries:
        if not Path(entry.label).resolve().is_relative_to(home):
            yield entry


def _take_in(
    connection: sqlite3.Connection,
    batch_id: int,
    entries: Iterator[Entry],
    options: Options,
    watcher: Watcher,
) -> Sorted:
    """Take stock and sort; enter every case and every file that cannot be read."""
    tree.save_tree(connection, batch_id, entries, tick=watcher.files)
    tree.settle_copies(connection)
    found = sort_things(
        tree.load_things(connection),
        series_with=lambda uid: tree.series_with_image(connection, uid),
    )
    lost = list(tree.damaged_files(connection))
    if options.anonymise:
        lost = [("", without_traces(reason)) for _, reason in lost]
    writing.record_error(
        connection, batch_id, [(path, "unreadable", reason) for path, reason in lost]
    )
    writing.expect_cases(connection, batch_id, [one.key for one in found.wanted])
    return found


def _check_all(
    connection: sqlite3.Connection,
    batch_id: int,
    found: Sorted,
    out: Path,
    options: Options,
    engine: Engine,
    watcher: Watcher,
    *,
    resume: bool,
) -> None:
    at_work: dict[str, Job] = {}
    total = len(found.wanted)
    settled = 0

    def jobs() -> Iterator[Job]:
        nonlocal settled
        for wanted in found.wanted:
            job = _job(connection, wanted, options)
            if resume and stands(connection, out, job.key, job.resume_key, options):
                writing.skip_cases(connection, batch_id, [job.key])
                settled += 1
                watcher.cases(settled, total)
                continue
            at_work[job.key] = job
            yield job

    watcher.cases(settled, total)
    outcomes = engine.run(jobs())
    try:
        for outcome in outcomes:
            job = at_work.pop(outcome.key)
            _keep(connection, batch_id, out, _told(job, options), _told_failure(outcome, options))
            settled += 1
            watcher.cases(settled, total)
    finally:
        close = getattr(outcomes, "close", None)
        if close is not None:
            close()
    if at_work or settled != total:
        raise PlanCheckerError(
            f"{total} cases were found and {settled} accounted for; the rest is lost: go on with "
            "--resume"
        )


def _job(connection: sqlite3.Connection, wanted: Wanted, options: Options) -> Job:
    job = Job(
        key=wanted.key,
        kind=wanted.kind,
        uid=wanted.uid,
        label=wanted.label,
        sources=tree.sources_of(connection, wanted.things),
        elsewhere=wanted.elsewhere,
        conflict=wanted.conflict,
    )
    return replace(job, resume_key=resume_key(job, options))


def _keep(
    connection: sqlite3.Connection, batch_id: int, out: Path, job: Job, outcome: Outcome
) -> None:
    """Put the report in its place, then enter it: what the store holds is always on the disk."""
    folder, digest = "", ""
    if outcome.failure is None:
        folder = folder_of(job.key)
        digest = place(out, job.key, outcome.documents)
    else:
        remove(out, job.key)
    writing.record(connection, batch_id, job, outcome, folder=folder, report_sha256=digest)


def _told(job: Job, options: Options) -> Job:
    return replace(job, label="withheld") if options.anonymise else job


def _told_failure(outcome: Outcome, options: Options) -> Outcome:
    if outcome.failure is None or not options.anonymise:
        return outcome
    message = without_traces(outcome.failure.message)
    return replace(outcome, failure=replace(outcome.failure, message=message))


def _leave_interrupted(connection: sqlite3.Connection, batch_id: int) -> None:
    # The disk may be full: then the batch still reads as running, never as complete.
    try:
        writing.end_batch(connection, batch_id, state="interrupted")
    except sqlite3.Error:
        return
