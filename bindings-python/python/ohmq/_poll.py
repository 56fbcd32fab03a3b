"""Waiting for several sockets and descriptors at once."""

from __future__ import annotations

import select as _select
import time
from typing import TYPE_CHECKING, Any, Union

from . import _native

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

POLLIN, POLLOUT, POLLERR, POLLPRI = 1, 2, 4, 8
_TO_SYSTEM = ((POLLIN, _select.POLLIN), (POLLOUT, _select.POLLOUT), (POLLPRI, _select.POLLPRI))
_BROKEN = _select.POLLERR | _select.POLLNVAL

#: What the system takes as a time limit, in milliseconds. A longer wait is several.
LONGEST = 2**31 - 1

Pollable = Union[_native.Socket, int, Any]


class Poller:
    """Waits until one of the registered sockets, descriptors or objects with `fileno()` is ready."""

    def __init__(self) -> None:
        self._flags: dict[Any, int] = {}

    @property
    def sockets(self) -> list[tuple[Any, int]]:
        """What is registered, in order, with the events looked for."""
        return list(self._flags.items())

    def __contains__(self, socket: Pollable) -> bool:
        return _key(socket) in self._flags

    def register(self, socket: Pollable, flags: int = POLLIN | POLLOUT) -> None:
        """Looks for these events on a socket from now on; no events unregister it."""
        if flags:
            self._flags[_key(socket)] = int(flags)
        else:
            self._flags.pop(_key(socket), None)

    def modify(self, socket: Pollable, flags: int = POLLIN | POLLOUT) -> None:
        """Changes the events looked for."""
        self.register(socket, flags)

    def unregister(self, socket: Pollable) -> None:
        """Forgets a socket; `KeyError` when it is not registered."""
        del self._flags[_key(socket)]

    def poll(self, timeout: float | None = None) -> Any:
        """Waits at most `timeout` milliseconds (`None` or less than 0: forever); a list of pairs (object, events)."""
        return wait_any(self.sockets, timeout)


def select(
    rlist: Sequence[Pollable], wlist: Sequence[Pollable], xlist: Sequence[Pollable], timeout: float | None = None
) -> tuple[list[Any], list[Any], list[Any]]:
    """As `select.select`, for sockets too; `timeout` in seconds."""
    flags: dict[Any, int] = {}
    for objects, flag in ((rlist, POLLIN), (wlist, POLLOUT), (xlist, POLLERR)):
        for item in objects:
            flags[_key(item)] = flags.get(_key(item), 0) | flag
    found = dict(wait_any(list(flags.items()), None if timeout is None else timeout * 1000))

    def chosen(objects: Sequence[Pollable], flag: int) -> list[Any]:
        return [item for item in objects if found.get(_key(item), 0) & flag]

    return chosen(rlist, POLLIN), chosen(wlist, POLLOUT), chosen(xlist, POLLERR)


def wait_any(items: list[tuple[Any, int]], timeout: float | None) -> list[tuple[Any, int]]:
    """The ready ones of `items`, in order; empty when `timeout` milliseconds have passed."""
    if len(items) == 1 and isinstance(items[0][0], _native.Socket):
        item, flags = items[0]
        events = _native.Socket.poll(item, timeout, flags)
        return [(item, events)] if events else []
    if items and all(isinstance(item, _native.Socket) for item, _ in items):
        ready = _native.poll_all([item for item, _ in items], [flags for _, flags in items], timeout)
        return [(item, events) for (item, _), events in zip(items, ready) if events]
    deadline = None if timeout is None or timeout < 0 else time.monotonic() + timeout / 1000
    system = _system_poll(items)
    while True:
        # Arming comes before the wait: what becomes ready in between makes the descriptor readable.
        ready = {key: events for key, flags in items if (events := _armed(key, flags))}
        left = None if deadline is None else max(0.0, (deadline - time.monotonic()) * 1000)
        found = dict(system.poll(0 if ready else left if left is None else min(left, LONGEST)))
        for key, flags in items:
            if not isinstance(key, _native.Socket) and (events := _from_system(found.get(_fileno(key), 0), flags)):
                ready[key] = events
        if ready or left == 0:
            return [(key, ready[key]) for key, _ in items if key in ready]


def _armed(key: Any, flags: int) -> int:
    return _native.Socket._arm(key, flags & (POLLIN | POLLOUT)) if isinstance(key, _native.Socket) else 0


def _system_poll(items: Iterable[tuple[Any, int]]) -> Any:
    # By descriptor: an object and its number, or a file twice, are one to the system.
    wanted: dict[int, int] = {}
    for key, flags in items:
        if isinstance(key, _native.Socket):
            descriptor, events = _native.Socket.fileno(key), _select.POLLIN
        else:
            descriptor, events = _fileno(key), sum(theirs for ours, theirs in _TO_SYSTEM if flags & ours)
        wanted[descriptor] = wanted.get(descriptor, 0) | events
    system = _select.poll()
    for descriptor, events in wanted.items():
        system.register(descriptor, events)
    return system


def _from_system(events: int, flags: int) -> int:
    seen = sum(ours for ours, theirs in _TO_SYSTEM if events & theirs and flags & ours)
    if events & _select.POLLHUP and flags & POLLIN:
        seen |= POLLIN
    if events & _BROKEN:
        seen |= POLLERR
    return seen


def _fileno(key: Any) -> int:
    return key if isinstance(key, int) else key.fileno()


def _key(item: Pollable) -> Any:
    if isinstance(item, (int, _native.Socket)):
        return item
    if not callable(getattr(item, "fileno", None)):
        raise TypeError(f"a socket, a descriptor or an object with fileno() can be polled, not {item!r}")
    return item
