"""A set of pieces whose beats are known, for measuring beat trackers.

Code renders them: grooves of many genres (grooves.py, grooves_played.py) are arranged into events along a
map of beats (arrangement.py, tempo_map.py), sounded (drum_sounds.py, note_sounds.py, render.py) and put into
a room with its noises (room.py). pieces.py lists the pieces and splits them into a half for tuning and a half
that is kept for the report.

The same seed gives the same samples.
"""
