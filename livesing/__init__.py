"""livesing: live music becomes moving pictures that carry its feeling.

    audio -> Pulse (every block), Mood (every 500 ms) -> latents -> generated frames -> the wall

Start with `livesing` (or `python run_live.py`); `livesing COMMAND --help` tells the rest.
ARCHITECTURE.md shows the way of the data and where each thing lives.
"""

__version__ = "0.1.0"
