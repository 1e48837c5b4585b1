"""What can go wrong in a way the user can mend.

    LivesingError            one clear line; the command line prints it and exits with 2
      UsageError             a word on the command line is off
      SourceError            a sound source cannot be opened (device, file)
      ClockError             no clock from outside (MIDI, Link) can be had
      SurfaceError           no window and no headless picture can be had
      ParamError             a value that a parameter does not take
      PresetError            a preset file is refused, with its line
      StyleError             a picture cannot serve as a style
      WeightsError           a file of weights is missing, damaged or for another network
      TranslatorError        there is no translator of that name, or its file does not serve
      EngineError            an engine cannot be had on this machine, or fails its self-test

Anything else that escapes is a bug and shows its traceback.
"""


class LivesingError(Exception):
    """Base of all errors whose text is meant for the user: one line, no traceback."""


class UsageError(LivesingError):
    """The command line asks for something that does not exist or does not fit together."""


class SourceError(LivesingError):
    """A sound source cannot be opened or has gone."""


class ClockError(LivesingError):
    """A clock from outside cannot be had: the package, the machine's MIDI or the port is missing."""


class SurfaceError(LivesingError):
    """Neither a window nor a headless picture can be opened here."""


class ParamError(LivesingError):
    """A name that is not in the table of parameters, or a value outside its range."""


class PresetError(LivesingError):
    """A preset file is refused; the text starts with `file:line:`."""


class StyleError(LivesingError):
    """A picture cannot be read, or cannot serve as a style."""


class WeightsError(LivesingError):
    """A file of weights is missing, damaged, or belongs to another network."""


class TranslatorError(LivesingError):
    """A translator that does not exist, or whose file is missing, damaged, or of another kind."""


class EngineError(LivesingError):
    """An engine cannot be had on this machine, cannot be built, or fails its self-test."""


def reason(error: Exception) -> str:
    """The first line of what a library raised, or its class where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
