"""`MessageTracker`: pyzmq's answer to a send without copying. Here the engine holds its own reference, so it is done."""

from __future__ import annotations

from typing import Any

from .error import NotDone


class MessageTracker:
    """Tells when the memory of sent messages may be changed: at once."""

    def __init__(self, *towatch: Any) -> None:
        self._watched = towatch

    @property
    def done(self) -> bool:
        """Whether the memory is free again."""
        return all(getattr(item, "done", True) for item in self._watched)

    def wait(self, timeout: float = -1) -> None:
        """Waits until it is, at most `timeout` seconds; then `NotDone`."""
        if not self.done:
            raise NotDone


FINISHED = MessageTracker()
