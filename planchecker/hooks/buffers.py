"""Memory for objects on their way in, with a bound on each and on all together."""

import threading
from io import BytesIO
from typing import Any

__all__ = ["BoundedBuffer", "Budget"]


class Budget:
    """Bytes that may be held at the same time, shared between threads.

    Examples
    --------
    >>> budget = Budget(10)
    >>> budget.take(8), budget.take(8)
    (True, False)
    """

    def __init__(self, total: int) -> None:
        self._lock = threading.Lock()
        self._left = total

    def take(self, count: int) -> bool:
        """Reserve `count` bytes; False where there are not that many left."""
        with self._lock:
            if count > self._left:
                return False
            self._left -= count
            return True

    def give_back(self, count: int) -> None:
        """Return what was reserved."""
        with self._lock:
            self._left += count

    @property
    def left(self) -> int:
        """Bytes that can still be reserved."""
        with self._lock:
            return self._left


class BoundedBuffer(BytesIO):
    """A buffer that forgets everything once more is written than it may hold.

    The rest of the object is read and dropped, so that the sender gets an answer for this
    object and can go on with the next.

    Parameters
    ----------
    largest
        Bytes this buffer may hold.
    budget
        Where every byte is reserved.
    """

    def __init__(self, largest: int, budget: Budget) -> None:
        super().__init__()
        self._largest = largest
        self._budget = budget
        self._held = 0
        self.overflowed = False

    def write(self, data: Any) -> int:
        """Add bytes at the end, or drop them."""
        count = len(data)
        if self.overflowed:
            return count
        if self._held + count > self._largest or not self._budget.take(count):
            self.overflowed = True
            self.release()
            return count
        self._held += count
        return super().write(data)

    def take(self) -> bytes:
        """Return the content and forget it; its bytes stay reserved until `release`."""
        content = self.getvalue()
        self.seek(0)
        self.truncate()
        return content

    def release(self) -> None:
        """Forget the content and give its bytes back to the budget."""
        self._budget.give_back(self._held)
        self._held = 0
        self.seek(0)
        self.truncate()

    def __del__(self) -> None:
        # An association that breaks off never reaches the place that releases.
        self._budget.give_back(self._held)
        self._held = 0
