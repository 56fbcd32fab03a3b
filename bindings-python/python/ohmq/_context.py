"""Contexts: the owners of sockets and of the engine's threads."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast
from warnings import warn

from . import _native
from ._attributes import OptionAttributes
from ._constants import ContextOption, SocketOption
from .error import OptionTypeError, ZMQError
from ._socket import Socket

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

_EFAULT = 14
_ENOTSUP = 95

#: How long the end of the process waits for messages that still have to go out, in milliseconds.
EXIT_LINGER = 1000

#: The contexts that were made here and still exist, by `id`. Unlike a `WeakSet`, which is iterated in Python, a dictionary
#: of weak references is listed in one step, while other threads add and remove.
_live: weakref.WeakValueDictionary[int, Context] = weakref.WeakValueDictionary()
_exiting = False

T = TypeVar("T")


class Context(OptionAttributes):
    """Makes sockets and ends them together.

    ``with zmq.Context() as context:`` closes every socket of the context at the end. ``Context.instance()`` is the
    one context that a whole process shares. An attribute with the name of a socket option, such as
    ``context.linger = 0``, becomes the default of sockets made later; other option names belong to the context.

    All methods may be called from any thread. In a forked child an inherited context is closed.
    """

    _instance: ClassVar[Context | None] = None
    _instance_lock: ClassVar[threading.Lock] = threading.Lock()
    _socket_class: type[Socket] = Socket

    sockopts: dict[int, Any]
    _handle = 0
    _pid = 0
    _shadow = False
    _shadow_of: Any = None
    _closed = True
    _sockets: weakref.WeakValueDictionary[int, Socket] | None = None

    def __init__(self, io_threads: int | Context = 1, shadow: Context | int = 0) -> None:
        if isinstance(io_threads, Context):
            io_threads, shadow = 1, io_threads
        self._sockets = weakref.WeakValueDictionary()
        self.sockopts = {}
        self._pid = os.getpid()
        if shadow:
            self._shadow, self._shadow_of = True, shadow
            self._handle = shadow if isinstance(shadow, int) else shadow.underlying
            self._closed = False
            return
        self._handle = _native.context_new()
        self._closed = False
        try:
            self.set(ContextOption.IO_THREADS, io_threads)
        except BaseException:
            self._closed = True
            _native.context_release(self._handle)
            raise
        _live[id(self)] = self

    @classmethod
    def instance(cls, io_threads: int = 1) -> Self:
        """The context of this process, one per class; made anew after it was closed, and in a forked child."""
        found = cls.__dict__.get("_instance")
        if found is None or found.closed:
            with Context._instance_lock:
                found = cls.__dict__.get("_instance")
                if found is None or found.closed:
                    found = cls(io_threads)
                    cls._instance = found
        return cast("Self", found)

    @classmethod
    def shadow(cls, address: int | Context) -> Self:
        """Another view of a context, by object or by its `underlying` number. It does not end the context."""
        return cls(shadow=address)

    @property
    def underlying(self) -> int:
        """The context's number; another view can be made from it."""
        return self._handle

    @property
    def closed(self) -> bool:
        """Whether the context was terminated, or belongs to the parent of a forked process."""
        shadowed = self._shadow_of
        return self._closed or self._pid != os.getpid() or (isinstance(shadowed, Context) and shadowed.closed)

    def socket(self, socket_type: int, socket_class: type[Socket] | None = None, **kwargs: Any) -> Socket:
        """A new socket of this type. Further arguments go to the socket class."""
        if self.closed:
            raise ZMQError(_ENOTSUP, "the context is closed")
        made = (socket_class or self._socket_class)(self, socket_type, **kwargs)
        for option, value in list(self.sockopts.items()):
            try:
                made.set(option, value)
            except OptionTypeError:
                made.close()
                raise
            except ZMQError:
                pass  # A default that does not apply to this socket type.
        return made

    def set(self, option: int, value: int) -> None:
        """Sets a context option."""
        _native.context_set(self._handle, int(option), value)

    def get(self, option: int) -> int:
        """Reads a context option."""
        return _native.context_get(self._handle, int(option))

    def setsockopt(self, option: int, value: Any) -> None:
        """Sets the default of a socket option for sockets made later."""
        self.sockopts[int(option)] = value

    def getsockopt(self, option: int) -> Any:
        """The default of a socket option that was set on this context."""
        return self.sockopts[int(option)]

    def shutdown(self) -> None:
        """Ends every blocked call on the context's sockets, and every later one, with `ContextTerminated`."""
        if not self.closed:
            _native.context_shutdown(self._handle)

    def term(self) -> None:
        """Waits until every socket of the context is closed and has sent what its LINGER allows.

        Other threads run meanwhile, and Ctrl-C ends the wait.
        """
        if self.closed or self._shadow:
            self._closed = True
            return
        try:
            _native.context_term(self._handle)
        except ZMQError as error:
            if error.errno != _EFAULT:  # Another thread terminated it.
                raise
        self._closed = True

    def destroy(self, linger: int | None = None) -> None:
        """Closes every socket of the context, with this linger if given, and terminates it."""
        if self.closed:
            return
        for made in _listed(self._sockets):
            made.close(linger)
        self.term()

    def _add_socket(self, made: Any) -> None:
        if self._sockets is not None:
            self._sockets[id(made)] = made

    def _remove_socket(self, closed: Any) -> None:
        if self._sockets is not None:
            self._sockets.pop(id(closed), None)

    def _set_option(self, name: str, value: Any) -> None:
        if name in ContextOption.__members__ and name not in SocketOption.__members__:
            self.set(ContextOption[name], value)
        else:
            self.sockopts[int(SocketOption[name])] = value

    def _get_option(self, name: str) -> Any:
        if name in SocketOption.__members__ and int(SocketOption[name]) in self.sockopts:
            return self.sockopts[int(SocketOption[name])]
        if name in ContextOption.__members__:
            return self.get(ContextOption[name])
        raise AttributeError(f"{type(self).__name__} has no default for {name}")

    _option_names: ClassVar[frozenset[str]] = frozenset(ContextOption.__members__) | frozenset(SocketOption.__members__)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.destroy()

    def __copy__(self, memo: Any = None) -> Self:
        return type(self).shadow(self)

    __deepcopy__ = __copy__

    def __repr__(self) -> str:
        count = len(self._sockets) if self._sockets is not None else 0
        state = " closed" if self.closed else f" {count} sockets"
        return f"<{type(self).__module__}.{type(self).__qualname__}() at {id(self):#x}{state}>"

    def __del__(self) -> None:
        # Only posts: a finaliser may run on any thread, at any time.
        if self._shadow or _exiting or self.closed:
            return
        text = f"Unclosed context {self!r}"
        self._closed = True
        _native.context_release(self._handle)
        warn(text, ResourceWarning, stacklevel=2, source=self)


def _listed(known: weakref.WeakValueDictionary[int, T] | None) -> list[T]:
    return [] if known is None else [found for reference in known.valuerefs() if (found := reference()) is not None]


def _linger_at_exit() -> None:
    """Gives messages that still wait to go out `EXIT_LINGER` milliseconds, all contexts together.

    A context whose sockets a daemon thread may be using is left as it is.
    """
    global _exiting
    _exiting = True
    deadline = time.monotonic() + EXIT_LINGER / 1000
    for context in _listed(_live):
        idle = [made for made in _listed(context._sockets) if not made._closed]
        if context.closed or (idle and threading.active_count() > 1):
            continue
        try:
            for made in idle:
                made.close()
            _native.context_term(context._handle, max(0, int((deadline - time.monotonic()) * 1000)))
        except Exception:
            pass  # Nobody is left to be told, and the other contexts have messages too.


atexit.register(_linger_at_exit)
