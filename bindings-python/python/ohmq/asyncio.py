"""The same sockets for asyncio: what waits in `ohmq` is awaited here.

The event loop watches the socket's own descriptor; there are no helper threads. An operation that can be done at once is
done by the call itself, whether or not its answer is awaited. Otherwise the message is taken, or sent, only in the
step in which the awaiting task goes on: a task that is cancelled before has neither received nor sent anything.
"""

from __future__ import annotations

import asyncio
import json
import os
import weakref
from collections import deque
from collections.abc import Awaitable, Generator
from typing import TYPE_CHECKING, Any, Callable, Literal, TypeVar, cast, overload

from . import _native
from ._constants import SocketOption
from ._context import Context as _Context
from ._poll import POLLIN, POLLOUT
from ._poll import Poller as _Poller
from ._socket import Socket as _Socket
from ._socket import fill, writable
from ._tracker import FINISHED
from .error import Again, ZMQError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Buffer

__all__ = ["Context", "Poller", "Socket"]

_DONTWAIT = 1
_SNDMORE = 2
_BATCH = 1000
_NOT_YET = object()

T = TypeVar("T")


class Socket(_Socket):
    """A socket whose waiting calls answer awaitables.

    They are futures, so they can be awaited, cancelled, gathered and waited for with a timeout. Operations of one kind
    are served in the order of their calls. `RCVTIMEO` and `SNDTIMEO` hold here too. To be used from one event loop
    at a time, and from its thread.
    """

    _receivers: deque[_Operation]
    _senders: deque[_Operation]
    _pollers: list[tuple[int, asyncio.Future[int]]]
    _watch: _Watch | None = None

    def __init__(self, context: Any = None, socket_type: int = -1, **kwargs: Any) -> None:
        self._receivers, self._senders, self._pollers = deque(), deque(), []
        super().__init__(context, socket_type, **kwargs)

    @classmethod
    def from_socket(cls, socket: _Socket) -> Socket:
        """An asyncio view of a blocking socket."""
        return cls(shadow=socket)

    # Receiving

    @overload  # type: ignore[override]
    def recv(self, flags: int = 0, copy: Literal[True] = True, track: bool = False) -> Awaitable[bytes]: ...
    @overload
    def recv(self, flags: int = 0, *, copy: Literal[False], track: bool = False) -> Awaitable[_native.Frame]: ...
    @overload
    def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> Awaitable[Any]: ...
    def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> Awaitable[Any]:
        """Receives one part. `getsockopt(RCVMORE)` tells whether the message has more."""
        return self._receive(flags, lambda: self._try_recv(copy, False))

    @overload  # type: ignore[override]
    def recv_multipart(
        self, flags: int = 0, copy: Literal[True] = True, track: bool = False
    ) -> Awaitable[list[bytes]]: ...
    @overload
    def recv_multipart(
        self, flags: int = 0, *, copy: Literal[False], track: bool = False
    ) -> Awaitable[list[_native.Frame]]: ...
    @overload
    def recv_multipart(self, flags: int = 0, copy: bool = True, track: bool = False) -> Awaitable[list[Any]]: ...
    def recv_multipart(self, flags: int = 0, copy: bool = True, track: bool = False) -> Awaitable[list[Any]]:
        """Receives a whole message as a list of parts."""
        return self._receive(flags, lambda: self._try_recv(copy, True))

    def recv_many(  # type: ignore[override]
        self, max_messages: int = _BATCH, flags: int = 0, copy: bool = True
    ) -> Awaitable[list[list[Any]]]:
        """Waits for one message, then takes what else has arrived, up to `max_messages`."""
        return self._receive(flags, lambda: self._try_recv_many(max_messages, copy))

    def recv_string(self, flags: int = 0, encoding: str = "utf-8") -> Awaitable[str]:
        """Receives one part as text."""
        return self._receive(flags, lambda: self._try_recv(True, False), lambda part: part.decode(encoding))

    recv_unicode = recv_string

    def recv_json(self, flags: int = 0, **kwargs: Any) -> Awaitable[Any]:
        """Receives one part and decodes it as JSON. Further arguments go to `json.loads`."""
        return self._receive(flags, lambda: self._try_recv(True, False), lambda part: json.loads(part, **kwargs))

    def recv_serialized(
        self, deserialize: Callable[[list[Any]], T], flags: int = 0, copy: bool = True
    ) -> Awaitable[T]:
        """Receives a whole message and gives what `deserialize(parts)` makes of it."""
        return self._receive(flags, lambda: self._try_recv(copy, True), deserialize)

    def recv_into(  # type: ignore[override]
        self, buffer: Buffer, /, *, nbytes: int = 0, flags: int = 0
    ) -> Awaitable[int]:
        """Receives one part into a writable buffer and answers the part's size; what does not fit is cut off."""
        target = writable(buffer, nbytes)
        return self._receive(flags, lambda: self._try_recv(False, False), lambda part: fill(target, part))

    # Sending

    def send(  # type: ignore[override]
        self,
        data: Buffer,
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        routing_id: int | None = None,
        group: str | None = None,
    ) -> Awaitable[Any]:
        """Sends one part. With `SNDMORE` it is kept until the last part comes."""
        if flags & _SNDMORE or routing_id is not None or group is not None:
            return self._at_once(lambda: _Socket.send(self, data, flags, copy, track, routing_id, group))
        return self._transmit(flags, lambda hold: self._send_now(data, hold), copy and not track)

    def send_multipart(  # type: ignore[override]
        self,
        msg_parts: Iterable[Buffer],
        flags: int = 0,
        copy: bool = True,
        track: bool = False,
        routing_id: int | None = None,
        group: str | None = None,
    ) -> Awaitable[Any]:
        """Sends a whole message of several parts."""
        if flags & _SNDMORE or routing_id is not None or group is not None:
            return self._at_once(lambda: _Socket.send_multipart(self, msg_parts, flags, copy, track, routing_id, group))
        return self._transmit(flags, lambda hold: self._send_multipart_now(msg_parts, hold), copy and not track)

    async def send_many(self, messages: Iterable[Any], flags: int = 0) -> int:  # type: ignore[override]
        """Sends many messages; each is one part, or a list of parts. Answers how many were accepted: all, unless
        `NOBLOCK`, or `SNDTIMEO` without room for even one more, ended it early. Another error has the number in `sent`.
        """
        batch, sent = _native.Batch(messages), 0
        while len(batch):
            try:
                sent += await self._now_or_later(
                    lambda: batch.advance(self) or _NOT_YET, self._senders, flags, SocketOption.SNDTIMEO
                )
            except Again:
                if not sent:
                    raise
                break
            except ZMQError as error:
                cast("Any", error).sent = sent
                raise
        return sent

    # Readiness and the end

    def poll(self, timeout: float | None = None, flags: int = POLLIN) -> Awaitable[int]:  # type: ignore[override]
        """Waits until the socket is ready for one of `flags`, at most `timeout` milliseconds; 0 when they passed."""
        loop = _current_loop()
        future: asyncio.Future[int] = loop.create_future()
        try:
            ready = self._events() & flags
            if ready or timeout == 0:
                future.set_result(ready)
                return future
            watch = self._watch_from(loop)
        except Exception as error:
            future.set_exception(error)
            return future
        if timeout is not None and timeout > 0:
            timer = loop.call_later(timeout / 1000, _set_unless_done, future, 0)
            future.add_done_callback(lambda _: timer.cancel())
        future.add_done_callback(lambda _: self._settle())
        self._pollers.append((int(flags), future))
        watch.kept = self
        self._advance()
        return future

    def close(self, linger: int | None = None) -> None:
        """Closes the socket at once; what still waits for it is cancelled."""
        waiting = [*self._receivers, *self._senders, *(future for _, future in self._pollers)]
        self._receivers.clear()
        self._senders.clear()
        self._pollers.clear()
        try:
            if self._watch is not None:
                self._watch.close()
                self._watch = None
            for future in waiting:
                # Nobody can hear of a future whose loop was closed, and to cancel it is an error.
                if not future.get_loop().is_closed():
                    future.cancel()
        finally:
            super().close(linger)

    def __del__(self) -> None:
        if self._watch is not None:
            self._watch.close_from_any_thread()
        super().__del__()

    # The machinery

    def _receive(
        self, flags: int, take: Callable[[], Any], convert: Callable[[Any], Any] | None = None
    ) -> Awaitable[Any]:
        def attempt() -> Any:
            taken = take()
            if taken is None:
                return _NOT_YET
            return taken if convert is None else convert(taken)

        return self._now_or_later(attempt, self._receivers, flags, SocketOption.RCVTIMEO)

    def _transmit(
        self, flags: int, start: Callable[[bool], _native.Unsent | None], untracked: bool
    ) -> Awaitable[Any]:
        # Converted by the call itself, even when others wait before: what is sent is what was given.
        try:
            unsent = start(True) if self._senders else None
        except Exception as error:
            return _failed(error)

        def attempt() -> Any:
            nonlocal unsent
            if unsent is None:
                unsent = start(False)
                sent = unsent is None
            else:
                sent = unsent.retry(self)
            return (None if untracked else FINISHED) if sent else _NOT_YET

        return self._now_or_later(attempt, self._senders, flags, SocketOption.SNDTIMEO)

    def _at_once(self, call: Callable[[], Any]) -> Awaitable[Any]:
        return self._now_or_later(call, deque(), _DONTWAIT, SocketOption.SNDTIMEO)

    def _now_or_later(
        self, attempt: Callable[[], Any], queue: deque[_Operation], flags: int, timeout: SocketOption
    ) -> Awaitable[Any]:
        """Does it now unless others wait before; otherwise queues it."""
        loop = _current_loop()
        try:
            if flags & _DONTWAIT or not queue:
                result = attempt()
                if result is not _NOT_YET:
                    future: asyncio.Future[Any] = loop.create_future()
                    future.set_result(result)
                    return future
                if flags & _DONTWAIT:
                    return _failed(Again())
            limit = cast("int", self._get(timeout))
            watch = self._watch_from(loop)
        except Exception as error:
            return _failed(error)
        operation = _Operation(self, queue, attempt, loop)
        if limit >= 0:
            timer = loop.call_later(limit / 1000, operation.expire)
            operation.add_done_callback(lambda _: timer.cancel())
        queue.append(operation)
        watch.kept = self
        self._advance()
        return operation

    def _watch_from(self, loop: asyncio.AbstractEventLoop) -> _Watch:
        if self._watch is None or self._watch.loop is not loop:
            if self._watch is not None:  # The socket moved to another loop; the old one's operations ended with it.
                self._watch.close()
                self._receivers.clear()
                self._senders.clear()
                self._pollers.clear()
            self._watch = _Watch(self, loop)
        return self._watch

    def _settle(self) -> None:
        """Lets the loop forget the socket when nobody waits any more."""
        if self._watch is not None and not self._wanted() and self._is_idle():
            self._watch.kept = None

    def _advance(self) -> None:
        """Lets waiting operations act on what is ready, then arms the descriptor for the rest."""
        try:
            while wanted := self._wanted():
                ready = self._arm(wanted)
                if not ready:
                    return
                moved = False
                for future in [future for flags, future in self._pollers if flags & ready]:
                    _set_unless_done(future, ready)
                    moved = True
                if ready & POLLIN:
                    moved |= _serve(self._receivers)
                if ready & POLLOUT:
                    moved |= _serve(self._senders)
                if not moved:
                    # Ready, but not for these: one peer is full, others are not. It is armed, so room will wake the loop.
                    return
        except ZMQError as error:
            for future in [*self._receivers, *self._senders, *(future for _, future in self._pollers)]:
                if not future.done():
                    future.set_exception(error)

    def _wanted(self) -> int:
        """The events somebody waits for. An operation that has its turn waits no more."""
        self._pollers = [(flags, future) for flags, future in self._pollers if not future.done()]
        events = POLLIN if _has_waiting(self._receivers) else 0
        if _has_waiting(self._senders):
            events |= POLLOUT
        for flags, _ in self._pollers:
            events |= flags
        return events & (POLLIN | POLLOUT)

    def _is_idle(self) -> bool:
        return not (self._receivers or self._senders or self._pollers)


class _Operation(asyncio.Future[Any]):
    """A send or receive that waits for its turn.

    When a task awaits it, the turn wakes the task and the task's own step does the work; so nothing is taken or sent for a
    task that is cancelled meanwhile. When nobody awaits it (`gather` or `wait` look at it from outside), the event loop's
    callback does the work.
    """

    def __init__(
        self, socket: Socket, queue: deque[_Operation], attempt: Callable[[], Any], loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(loop=loop)
        self._socket = socket
        self._queue = queue
        self._attempt = attempt
        self._turn: asyncio.Future[None] | None = None
        self.add_done_callback(_Operation._leave)

    def has_turn(self) -> bool:
        """Whether its task was woken to act and has not done so yet."""
        return self._turn is not None and self._turn.done()

    def act(self) -> bool:
        """Gives the turn to the task that awaits, or does the work here. `False` when it has to wait on."""
        if self._turn is None:
            return self._perform()
        _set_unless_done(self._turn, None)
        return False

    def expire(self) -> None:
        """Ends the wait: the socket's timeout has passed."""
        if not self.done():
            self.set_exception(Again())

    def __await__(self) -> Generator[Any, None, Any]:
        if self._turn is not None or self.done():
            return (yield from super().__await__())
        try:
            while True:
                self._turn = self.get_loop().create_future()
                yield from self._turn
                if self.done() or self._perform():
                    break
                self._turn = None  # Somebody else was faster: waits for another turn.
                self._socket._advance()
                if self.done():
                    break
        except BaseException:
            if not self.get_loop().is_closed():
                self.cancel()
            raise
        finally:
            self._turn = None
        return self.result()

    __iter__ = __await__

    def _perform(self) -> bool:
        try:
            result = self._attempt()
        except Exception as error:
            self.set_exception(error)
            return True
        if result is _NOT_YET:
            return False
        self.set_result(result)
        return True

    def _leave(self) -> None:
        """Done, by whatever cause: makes room for the next one, and tells the task that awaits."""
        if self in self._queue:
            self._queue.remove(self)
        if self._turn is not None:
            _set_unless_done(self._turn, None)
        if self._queue:
            self._socket._advance()
        self._socket._settle()
        # Whoever keeps the answer need not keep the socket.
        self._attempt = _nothing
        del self._socket


class _Watch:
    """An event loop's eye on a socket's descriptor.

    It watches a duplicate: a socket that is collected or ended elsewhere closes its own descriptor, and a number that
    the system gives to somebody else must not be left in the loop's selector.
    """

    #: The socket while somebody waits for it: a task that waits is known to nobody else, as the loop keeps none.
    kept: Socket | None = None

    def __init__(self, socket: Socket, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._descriptor = os.dup(socket.fileno())
        self._socket = weakref.ref(socket)
        loop.add_reader(self._descriptor, self._wake)

    def _wake(self) -> None:
        socket = self._socket()
        if socket is None or socket._is_idle():
            # Nobody waits: look away, rather than be woken by each message until somebody does.
            self.close()
            if socket is not None and socket._watch is self:
                socket._watch = None
        else:
            socket._advance()

    def close(self) -> None:
        """Ends the watch, in the loop's thread or after the loop was closed."""
        descriptor, self._descriptor = self._descriptor, -1
        self.kept = None
        if descriptor >= 0:
            if not self.loop.is_closed():
                self.loop.remove_reader(descriptor)
            os.close(descriptor)

    def close_from_any_thread(self) -> None:
        """The finaliser's part: the loop ends the watch when it comes to it."""
        try:
            self.loop.call_soon_threadsafe(self.close)
        except RuntimeError:  # The loop was closed.
            self.close()


class Poller(_Poller):
    """As `ohmq.Poller`; `poll` is awaited. Sockets of both kinds, descriptors and objects with `fileno()`."""

    async def poll(self, timeout: float | None = None) -> list[tuple[Any, int]]:
        """Waits at most `timeout` milliseconds (`None` or less than 0: forever); a list of pairs (object, events)."""
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None or timeout < 0 else loop.time() + timeout / 1000
        while True:
            ready = super().poll(0)
            left = None if deadline is None else max(0.0, deadline - loop.time())
            if ready or left == 0:
                return cast("list[tuple[Any, int]]", ready)
            await self._wait(loop, left)

    async def _wait(self, loop: asyncio.AbstractEventLoop, seconds: float | None) -> None:
        """Waits until something may be ready."""
        woken = loop.create_future()
        undo: list[Callable[[], object]] = []
        try:
            for key, flags in self.sockets:
                undo.append(_watch_item(loop, key, flags, woken))
            await asyncio.wait([woken], timeout=seconds)
            if woken.done():
                woken.result()
        finally:
            woken.cancel()
            for end in undo:
                end()


class Context(_Context):
    """As `ohmq.Context`; its sockets are for asyncio."""

    _socket_class: type[_Socket] = Socket

    def socket(self, socket_type: int, socket_class: type[_Socket] | None = None, **kwargs: Any) -> Socket:
        """A new socket of this type. Further arguments go to the socket class."""
        return cast("Socket", super().socket(socket_type, socket_class, **kwargs))


def _watch_item(
    loop: asyncio.AbstractEventLoop, key: Any, flags: int, woken: asyncio.Future[None]
) -> Callable[[], object]:
    """Sets `woken` when `key` may be ready. The answer ends the watch."""
    if isinstance(key, _Socket):
        view = key if isinstance(key, Socket) else Socket.from_socket(key)
        found = cast("asyncio.Future[int]", view.poll(None, flags))
        found.add_done_callback(lambda _: _pass_on(found, woken))

        def end() -> None:
            found.cancel()
            if view is not key and view._watch is not None:
                view._watch.close()
                view._watch = None

        return end
    # A duplicate: a loop has one reader for a descriptor, and that one may be the user's.
    descriptor = os.dup(key if isinstance(key, int) else key.fileno())

    def look_away() -> None:
        loop.remove_reader(descriptor)
        loop.remove_writer(descriptor)
        os.close(descriptor)

    try:
        if flags & POLLIN:
            loop.add_reader(descriptor, _set_unless_done, woken, None)
        if flags & POLLOUT:
            loop.add_writer(descriptor, _set_unless_done, woken, None)
    except BaseException:
        look_away()
        raise
    return look_away


def _pass_on(found: asyncio.Future[int], woken: asyncio.Future[None]) -> None:
    """Wakes who waits for several, with the error if it is one."""
    error = None if found.cancelled() else found.exception()
    if error is None:
        _set_unless_done(woken, None)
    elif not woken.done():
        woken.set_exception(error)


def _failed(error: Exception) -> asyncio.Future[Any]:
    """What a call answers that failed: the error is the awaiter's."""
    future: asyncio.Future[Any] = _current_loop().create_future()
    future.set_exception(error)
    return future


def _nothing() -> Any:
    return _NOT_YET


def _serve(queue: deque[_Operation]) -> bool:
    """Lets operations act in turn until one has to wait, or has its turn and acts in its own time.

    Whether anything moved: an operation ended, or has its turn.
    """
    moved = False
    while queue and (queue[0].done() or queue[0].act()):
        moved = True
        if queue and queue[0].done():
            queue.popleft()
    return moved or (bool(queue) and queue[0].has_turn())


def _has_waiting(queue: deque[_Operation]) -> bool:
    while queue and queue[0].done():
        queue.popleft()
    return bool(queue) and not queue[0].has_turn()


def _set_unless_done(future: asyncio.Future[T], value: T) -> None:
    if not future.done():
        future.set_result(value)


def _current_loop() -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.get_event_loop()
