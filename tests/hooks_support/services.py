"""Running the program as a service and reading what it says."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["Service", "can_unshare", "free_port"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def can_unshare(*options: str) -> bool:
    try:
        done = subprocess.run(
            ["unshare", *options, "true"], capture_output=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


class Service:
    """One process of planchecker that writes events to stdout."""

    def __init__(self, *arguments: str | Path, before: Sequence[str] = ()) -> None:
        words = [*before, sys.executable, "-m", "planchecker", *map(str, arguments)]
        self.process = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONWARNINGS": "default"},
        )
        self.events: list[dict[str, Any]] = []
        self._new: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._new.put(json.loads(line))

    def wait_for(self, name: str, *, timeout_s: float = 180.0, **fields: Any) -> dict[str, Any]:
        """Return the next event of this name with these fields."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            try:
                event = self._new.get(timeout=0.1)
            except queue.Empty:
                if self.process.poll() is not None and self._new.empty():
                    break
                continue
            self.events.append(event)
            if event["event"] == name and fields.items() <= event.items():
                return event
        raise AssertionError(f"no {name} {fields}; seen {self.events}")

    def names(self) -> list[str]:
        return [event["event"] for event in self.events]

    def kill(self) -> None:
        self.process.kill()
        self._gone()

    def stop(self) -> tuple[int, str]:
        """Ask the process to end; return its exit code and stderr."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._gone()

    def _gone(self) -> tuple[int, str]:
        try:
            code = self.process.wait(timeout=90)
        finally:
            if self.process.poll() is None:
                self.process.kill()
        self._reader.join(timeout=60)
        while not self._new.empty():
            self.events.append(self._new.get())
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        trouble = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return code, trouble
