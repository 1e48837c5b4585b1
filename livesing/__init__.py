"""livesing: live music becomes moving pictures that carry its feeling.

    audio -> Pulse (every block), Mood (every 500 ms) -> latents -> generated frames -> the wall

Start with `livesing` (or `python run_live.py`); `livesing COMMAND --help` tells the rest.
ARCHITECTURE.md shows the way of the data and where each thing lives.
"""

import os

__version__ = "0.1.0"

BLAS_THREADS = "OPENBLAS_NUM_THREADS"
os.environ.setdefault(BLAS_THREADS, "1")
"""Numpy's BLAS looks at it when numpy is first imported; child processes take it over. With more threads than
one, a product of matrices of .1 ms takes 15 ms whenever the other cores are busy, and keeps them so."""
