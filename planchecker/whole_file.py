"""Writing a file as a whole, or leaving what was there."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from planchecker.errors import PlanCheckerError

__all__ = ["replacing", "write_file"]


def write_file(path: Path, content: str | bytes) -> None:
    """Write a whole file, text in UTF-8, or leave what was there.

    Raises
    ------
    PlanCheckerError
        If the file cannot be written; the message names it.
    """
    data = content.encode("utf-8", errors="replace") if isinstance(content, str) else content
    with replacing(path) as stream:
        stream.write(data)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a stream whose content takes the place of a file once the block is done.

    Raises
    ------
    PlanCheckerError
        If the file cannot be written; the message names it.
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp makes a file only its owner can read; a report follows the user's umask.
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except OSError as error:
        raise PlanCheckerError(
            f"cannot write {str(path)!r}: {error.strerror or error}; "
            "choose a folder that exists and can be written"
        ) from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current
