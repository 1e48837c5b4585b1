"""A corpus of music composed by code, whose feeling is known because its cues were chosen.

    factors.py    what is chosen for a piece, and the feeling that published effects give it
    harmony.py    chord symbols, progressions of several modes, voice leading
    score.py      notes, parts, and a tempo that breathes
    players.py    who plays what: melody, chords, arpeggios, bass, drums
    textures.py   which players and instruments make a piano piece, a band, a choir, ...
    compose.py    factors -> score
    midi.py       score -> a Standard MIDI File
    render.py     MIDI -> sound by fluidsynth, then the room, the desk and the wire
    sketch.py     score -> sound by the project's own synthesiser, where there is no soundfont

The same seed gives the same music. `python -m livesing.train.corpus FOLDER` renders it.
"""
