"""Published limits and prescription schemes of bone radiotherapy, as data."""
