"""Fixtures of several modules."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def _left_to_the_collector() -> Iterator[None]:
    """Have what a module leaves to the garbage collector found in it, not in a later one."""
    yield
    gc.collect()
