"""Where jobs run: in this process, in a pool of processes, or on a Dask cluster."""

from planchecker.batch.engines.engine import Engine
from planchecker.batch.engines.in_process import InProcess
from planchecker.batch.engines.pool import Pool

__all__ = ["Engine", "InProcess", "Pool"]
