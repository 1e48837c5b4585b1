"""The show's sound desk: starts sound checks, keeps what they heard as a venue, and tells how it stands."""

import logging
import threading

from livesing import venue
from livesing.errors import LivesingError
from livesing.hearing import estimator_of
from livesing.listener import Listener
from livesing.params import Params
from livesing.sentiment.cue_estimator import PRIORS
from livesing.sentiment.feeling import Estimator
from livesing.sentiment.sound_check import USUAL_S, SoundCheck
from livesing.venue import Venue

log = logging.getLogger(__name__)

TRIGGER = "hearing.soundcheck"


class SoundDesk:
    """Owned by the main thread; `_checked` is called by the listener's, and only hands over.

    venue   what is in use, None when nothing was loaded or checked
    """

    def __init__(self, name: str | None, check_s: float | None, feeling: str = "cues") -> None:
        """name: of `--venue`; check_s: of `--sound-check`, seconds. Raises LivesingError for a venue that
        is damaged, or that is not there and no sound check is to make it, and for a `feeling` that cannot be
        had."""
        self.venue: Venue | None = None
        self._feeling = feeling
        estimator_of(feeling)  # now, and not when the window is open
        self._name = venue.DEFAULT if name is None else venue.check_name(name)
        self._asked_s = check_s
        self._fired = 0.0
        self._words = ""
        if name is not None and (check_s is None or self._name in venue.names()):
            self.venue = venue.load(self._name, PRIORS)
            log.info("venue %s, sound check of %s", self._name, self.venue.date)

    def estimator(self) -> Estimator:
        """A new one, calibrated to the venue that was loaded."""
        estimator = estimator_of(self._feeling)
        if self.venue is not None:
            estimator.calibrate(self.venue.cues)
        return estimator

    def look(self, listener: Listener, params: Params) -> None:
        """Once a frame: start a sound check that was asked for on the command line, by OSC or by key."""
        fired = params.target(TRIGGER)
        if fired != self._fired or self._asked_s is not None:
            seconds, self._asked_s, self._fired = self._asked_s or USUAL_S, None, fired
            listener.on_checked = self._checked
            listener.check_sound(seconds)
            log.info("sound check: listening for up to %g s, play as it will be played", seconds)

    def row(self, listener: Listener) -> tuple[str, str] | None:
        """Label and text for the HUD; None when there is nothing to tell."""
        check = listener.check
        if check is not None:
            words = f"listening, {check.elapsed:.0f} of {check.seconds:.0f} s"
            return "sound check", words if check.heard else f"{words}, nothing heard yet"
        if self._words:
            return "sound check", self._words
        if self.venue is not None:
            return "venue", f"{self.venue.name}, sound check of {self.venue.date}"
        return None

    def _checked(self, check: SoundCheck) -> None:
        """On the listener's thread, which must not wait for a disk."""
        threading.Thread(target=self._keep, args=(check,), name="sound check").start()

    def _keep(self, check: SoundCheck) -> None:
        heard = check.statistics()
        if not heard:
            self._words = "heard nothing; what was usual before stays"
            log.warning("sound check: %s", self._words)
            return
        self.venue = Venue(self._name, venue.today(), check.heard, heard)
        self._words = f"done, {check.heard:.0f} s heard"
        try:
            path = venue.save(self.venue, PRIORS)
        except LivesingError as error:
            self._words += "; it could not be saved"
            log.warning("sound check: %s: %s", self._words, error)
            return
        self._words += f", saved as {self._name}"
        log.warning("sound check: %s (%s); --venue %r brings it back", self._words, path, self._name)
