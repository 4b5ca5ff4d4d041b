"""Decimal strings: every number that is there, and never one that is not."""

import math

import pytest

from planchecker.reading.decimals import parse_decimals, parse_numbers, strict_parsing

GOOD = {
    b"": [],
    b" ": [],
    b"1": [1],
    b"1.5\\-2.25\\3e2": [1.5, -2.25, 300],
    b" 1 \\ 2\\3 ": [1, 2, 3],
    b"+.5\\5.\\1E-3\0": [0.5, 5, 0.001],
    b"0.1\\-12.345678901234": [0.1, -12.345678901234],
}
BAD = (
    b"1,5",
    b"1\\\\2",
    b"1\\2\\",
    b"1 2\\3",
    b"1.2.3",
    b"5-3",
    b"1e",
    b"-",
    b"nan",
    b"inf",
    b"1e999",
    b"0x10",
    b"1_000",
    b"\xff",
    b"1\0\\2",
    "١".encode(),
)


@pytest.mark.parametrize(("raw", "expected"), GOOD.items())
def test_numbers_are_read_exactly(raw: bytes, expected: list[float]):
    assert parse_decimals(raw).tolist() == expected
    assert parse_numbers(raw) == tuple(expected)


@pytest.mark.parametrize("raw", BAD)
def test_anything_else_is_malformed(raw: bytes):
    with strict_parsing(), pytest.raises(ValueError, match="is not a list of decimal numbers"):
        parse_decimals(raw)
    with pytest.raises(ValueError, match="is not a list of decimal numbers"):
        parse_numbers(raw)


def test_the_fast_way_rounds_as_python_does():
    values = [math.sin(n) * 10.0 ** (n % 9 - 3) for n in range(500)]
    text = "\\".join(f"{value:.12g}" for value in values)
    expected = [float(item) for item in text.split("\\")]
    assert parse_decimals(text.encode()).tolist() == expected
