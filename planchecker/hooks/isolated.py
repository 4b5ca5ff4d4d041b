"""Judging in a process of its own, so that no object can take a service down with it."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from planchecker.errors import PlanCheckerError
from planchecker.hooks.judging import Options, Outcome, Request

__all__ = ["JudgingError", "judge_isolated", "main"]

_POLL_S: Final = 0.1


class JudgingError(PlanCheckerError):
    """The set could not be judged; that is never a verdict.

    Parameters
    ----------
    message
        What happened; it may hold names of files and content of objects.
    kind
        The same in words that lead to no patient.
    """

    def __init__(self, message: str, *, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


def judge_isolated(
    request: Request,
    *,
    timeout_s: float,
    stop: threading.Event | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> tuple[Outcome, ...]:
    """Do what `planchecker.hooks.judging.judge` does, in another process.

    Parameters
    ----------
    timeout_s
        The process is ended after this long.
    stop
        Ends the process as soon as it is set.
    meanwhile
        Called again and again while the process runs.

    Raises
    ------
    JudgingError
        If the process ends without an answer, takes too long or is stopped.
    """
    # Files rather than pipes: a pipe that nobody reads would block the child.
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as trouble:
        child = subprocess.Popen(
            [sys.executable, "-m", "planchecker.hooks.isolated"],
            stdin=subprocess.PIPE,
            stdout=answer,
            stderr=trouble,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )
        try:
            assert child.stdin is not None  # noqa: S101 - asked for two lines above
            try:
                child.stdin.write(json.dumps(asdict(request)).encode("ascii"))
                child.stdin.close()
            except OSError:
                pass  # the child is gone; its exit code says so below
            _wait(child, timeout_s=timeout_s, stop=stop, meanwhile=meanwhile)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        answer.seek(0)
        trouble.seek(0)
        return _outcomes(child.returncode, answer.read(), trouble.read())


def _wait(
    child: "subprocess.Popen[bytes]",
    *,
    timeout_s: float,
    stop: threading.Event | None,
    meanwhile: Callable[[], None],
) -> None:
    deadline = time.monotonic() + timeout_s
    while child.poll() is None:
        meanwhile()
        if time.monotonic() > deadline:
            why = f"judging took longer than {timeout_s:g} s and was ended"
            raise JudgingError(why, kind=why)
        if stop is None:
            time.sleep(_POLL_S)
        elif stop.wait(_POLL_S):
            why = "judging was stopped; the set is judged after the next start"
            raise JudgingError(why, kind=why)


def _outcomes(code: int, answer: bytes, trouble: bytes) -> tuple[Outcome, ...]:
    try:
        content = json.loads(answer)
        error, kind = content.get("error"), str(content.get("kind", ""))
        rows = content.get("outcomes", [])
        found = tuple(_outcome(row) for row in rows)
    except (ValueError, TypeError, AttributeError):
        last = trouble.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no message"]
        why = f"judging ended with code {code}"
        raise JudgingError(f"{why}: {last[0][:300]}", kind=why) from None
    if error:
        raise JudgingError(str(error), kind=f"judging refused: {kind}")
    if code != 0 or not found:
        why = f"judging ended with code {code} and {len(found)} answers"
        raise JudgingError(why, kind=why)
    return found


def _outcome(row: dict[str, Any]) -> Outcome:
    row["missing"] = tuple(row["missing"])
    row["inputs"] = tuple((str(uid), str(digest)) for uid, digest in row["inputs"])
    return Outcome(**row)


def main() -> None:
    """Judge the request on stdin and write the outcomes to stdout."""
    from constraints.errors import LibraryError  # noqa: PLC0415 - only the child needs them
    from planchecker.hooks.judging import judge  # noqa: PLC0415

    given = json.loads(sys.stdin.buffer.read())
    given["options"] = Options(**given["options"])
    given["paths"] = tuple(given["paths"])
    try:
        content: dict[str, Any] = {"outcomes": [asdict(row) for row in judge(Request(**given))]}
    except (PlanCheckerError, LibraryError) as error:
        content = {"error": str(error), "kind": type(error).__name__}
    sys.stdout.write(json.dumps(content))


if __name__ == "__main__":
    main()
