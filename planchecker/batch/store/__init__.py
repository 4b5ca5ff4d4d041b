"""The store of a batch: one SQLite file with every file, case, finding, metric and error."""

from planchecker.batch.store.opening import SCHEMA_VERSION, open_store, read_store, transaction

__all__ = ["SCHEMA_VERSION", "open_store", "read_store", "transaction"]
