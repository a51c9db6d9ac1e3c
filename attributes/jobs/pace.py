"""How large a batch may be: as large as lets nobody wait for it too long.

A writer may wait for a row of a batch, and a change of the schema for all of it. So batches grow
slowly while they are quick, and shrink at once when they are not.
"""

_LEAST, _FIRST, _MOST = 50, 100, 20_000  # rows that are written
_SHARE = 0.5  # of what a writer may wait; a slow moment must not be felt at once
_REST = 0.1  # of a batch's time, in which others are served


class Pace:
    """The size of the next batch, learnt from those before it."""

    def __init__(self, max_writer_delay: float) -> None:
        """``max_writer_delay`` is in seconds."""
        self.size = _FIRST
        self._aim = max_writer_delay * _SHARE

    def learn(self, seconds: float, changed: int) -> float:
        """Take note of how long a batch took; answers how long to rest, in seconds."""
        if seconds > self._aim:
            self.size = max(_LEAST, round(self.size * max(0.25, 0.9 * self._aim / seconds)))
        elif seconds < 0.8 * self._aim and changed > self.size / 2:
            # One that had little to write says nothing of one that has much.
            self.size = min(_MOST, round(self.size * 1.25))
        return seconds * _REST
