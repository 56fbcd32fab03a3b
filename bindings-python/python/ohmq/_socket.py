"""The blocking socket: pyzmq's names on the native base class."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any, Callable, ClassVar, Generic, TypeVar, cast
from warnings import warn

from . import _native
from ._attributes import OptionAttributes
from ._constants import SocketOption, SocketType
from ._options import SocketOptions
from .error import OptionTypeError, ZMQBindError, ZMQError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from typing_extensions import Buffer, Self

    from ._context import Context

_EADDRINUSE = 98
_EACCES = 13
_EINVAL = 22
_ENOTSOCK = 88
_ETERM = 156384765

T = TypeVar("T")
S = TypeVar("S", bound="Socket", covariant=True)


class Socket(_native.Socket, SocketOptions, OptionAttributes):
    """A socket. Made by ``context.socket(zmq.REQ)``, and a context manager that closes itself.

    Options are attributes (``socket.linger = 0``, ``socket.sndhwm``) or go through `set` and `get` with their number.
    Sockets may be used from any thread. `Again` means that a call would have to wait, or waited for `RCVTIMEO` or
    `SNDTIMEO` in vain. Ctrl-C ends a waiting call.
    """

    context: Any = None
    copy_threshold: int = 65536
    _shadow = False
    _shadow_of: Any = None

    _option_names: ClassVar[frozenset[str]] = frozenset(SocketOption.__members__)

    def __init__(
        self,
        ctx_or_socket: Context | Socket | None = None,
        socket_type: int = -1,
        *,
        shadow: Socket | int = 0,
        copy_threshold: int | None = None,
    ) -> None:
        if isinstance(ctx_or_socket, Socket):
            shadow, ctx_or_socket = ctx_or_socket, None
        if copy_threshold is not None:
            self.copy_threshold = copy_threshold
        if shadow:
            self._shadow, self._shadow_of = True, shadow
            self.context = getattr(shadow, "context", None)
            self._adopt(shadow if isinstance(shadow, int) else shadow.underlying)
            return
        if ctx_or_socket is None:
            raise TypeError("a socket needs a context")
        self.context = ctx_or_socket
        self._open(ctx_or_socket.underlying, int(socket_type))
        ctx_or_socket._add_socket(self)

    @classmethod
    def shadow(cls, address: int | Socket) -> Self:
        """Another view of a socket, by object or by its `underlying` number.

        `close` closes the socket, for every view. A view that is only forgotten leaves the socket open.
        """
        return cls(shadow=address)

    # Life

    @property
    def closed(self) -> bool:
        """Whether the socket was closed here or through another view, or its context ended."""
        if self._closed:
            return True
        try:
            self._get(SocketOption.TYPE)
        except ZMQError as error:
            if error.errno in (_ENOTSOCK, _ETERM):
                return True
            raise
        return False

    @property
    def socket_type(self) -> SocketType:
        """pyzmq's older name of `type`."""
        warn("socket_type is deprecated, use type", DeprecationWarning, stacklevel=2)
        return cast("SocketType", self.get(SocketOption.TYPE))

    def close(self, linger: int | None = None) -> None:
        """Closes the socket at once; never blocks. Unsent messages go on for LINGER milliseconds in the background."""
        if self._closed:
            return
        try:
            if linger is not None:
                self._set(SocketOption.LINGER, linger)
        except ZMQError as error:
            if error.errno not in (_ENOTSOCK, _ETERM):
                raise
        finally:
            if self.context is not None:
                self.context._remove_socket(self)
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __copy__(self, memo: Any = None) -> Self:
        return type(self).shadow(self)

    __deepcopy__ = __copy__

    def __del__(self) -> None:
        # The native part posts the close, on whatever thread this runs.
        if not self._shadow and not self.closed:
            warn(f"Unclosed socket {self!r}", ResourceWarning, stacklevel=2, source=self)

    def __repr__(self) -> str:
        try:
            name = SocketType(cast("int", self._get(SocketOption.TYPE))).name
        except (ZMQError, ValueError):
            name = "closed"
        return f"<{type(self).__module__}.{type(self).__qualname__}({name}) at {id(self):#x}>"

    # Endpoints

    def bind(self, addr: str) -> _Endpoint[Self]:
        """Binds to an endpoint. The answer can be used in `with`, which unbinds at the end.

        Port 0 or `*` picks a free one; `socket.last_endpoint` tells it.
        """
        return _Endpoint(self, self._bind(_text(addr)), self.unbind)

    def connect(self, addr: str) -> _Endpoint[Self]:
        """Connects to an endpoint, now or as soon as somebody binds there. In `with`, it disconnects at the end."""
        addr = _text(addr)
        self._connect(addr)
        return _Endpoint(self, addr, self.disconnect)

    def unbind(self, addr: str) -> None:
        """Stops listening at an endpoint that was bound."""
        self._unbind(_text(addr))

    def disconnect(self, addr: str) -> None:
        """Ends the connection to an endpoint that was connected."""
        self._disconnect(_text(addr))

    def bind_to_random_port(
        self, addr: str, min_port: int = 49152, max_port: int = 65536, max_tries: int = 100
    ) -> int:
        """Binds to a free port of `addr` (``tcp://127.0.0.1``) from `min_port` up to but not including `max_port`."""
        if (min_port, max_port) == (49152, 65536):
            self.bind(f"{addr}:0")
            return int(self.get_string(SocketOption.LAST_ENDPOINT).rpartition(":")[2])
        for _ in range(max_tries):
            port = random.randrange(min_port, max_port)
            try:
                self.bind(f"{addr}:{port}")
            except ZMQError as error:
                if error.errno not in (_EADDRINUSE, _EACCES):
                    raise
            else:
                return port
        raise ZMQBindError(f"no free port at {addr} in {max_tries} tries")

    # Options

    def set(self, option: int, optval: int | bytes) -> None:
        """Sets an option by its number (`zmq.LINGER`)."""
        option = int(option)
        if option == SocketOption.HWM:
            self.set_hwm(cast("int", optval))
            return
        try:
            self._set(option, optval)
        except TypeError as error:
            text = f"EINVAL: {error} (set {_option_name(option)})"
            raise OptionTypeError(_EINVAL, text, "set", _option_name(option)) from None
        except ZMQError as error:
            if error.errno == _EINVAL and _is_wrong_type(option, optval):
                raise OptionTypeError(_EINVAL, error.strerror, error.operation, error.subject) from None
            raise

    def get(self, option: int) -> Any:
        """Reads an option by its number: an `int`, a `bool` or `bytes`."""
        option = int(option)
        value = self._get(option)
        if option == SocketOption.TYPE:
            return SocketType(cast("int", value))
        return value

    setsockopt = set
    getsockopt = get

    def set_string(self, option: int, optval: str, encoding: str = "utf-8") -> None:
        """Sets an option whose value is bytes from text."""
        if not isinstance(optval, str):
            raise TypeError(f"expected str, got {optval!r}")
        self.set(option, optval.encode(encoding))

    def get_string(self, option: int, encoding: str = "utf-8") -> str:
        """Reads an option whose value is bytes as text."""
        value = self.get(option)
        if not isinstance(value, bytes):
            raise TypeError(f"the value of {_option_name(int(option))} is not bytes")
        return value.decode(encoding)

    setsockopt_string = setsockopt_unicode = set_string
    getsockopt_string = getsockopt_unicode = get_string

    def subscribe(self, topic: str | bytes) -> None:
        """Receives messages that begin with `topic`; text is encoded as UTF-8. Sockets of type SUB."""
        self.set(SocketOption.SUBSCRIBE, topic.encode() if isinstance(topic, str) else topic)

    def unsubscribe(self, topic: str | bytes) -> None:
        """Undoes one `subscribe` of the same topic."""
        self.set(SocketOption.UNSUBSCRIBE, topic.encode() if isinstance(topic, str) else topic)

    def get_hwm(self) -> int:
        """The high-water mark for sending, in messages."""
        return cast("int", self.get(SocketOption.SNDHWM))

    def set_hwm(self, value: int) -> None:
        """Sets both high-water marks, in messages."""
        self.set(SocketOption.SNDHWM, value)
        self.set(SocketOption.RCVHWM, value)

    hwm = property(get_hwm, set_hwm, doc="The high-water marks for sending and receiving, in messages.")

    def __setattr__(self, name: str, value: Any) -> None:
        if name.lower() in ("subscribe", "unsubscribe"):
            getattr(self, name.lower())(value)
        else:
            super().__setattr__(name, value)

    def _set_option(self, name: str, value: Any) -> None:
        self.set(SocketOption[name], value)

    def _get_option(self, name: str) -> Any:
        try:
            return self.get(SocketOption[name])
        except ZMQError as error:
            if error.errno != _EINVAL:
                raise
            raise AttributeError(f"{name} cannot be read: {error}") from None

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *SocketOption.__members__})

    # Sending and receiving text, JSON and custom formats. Bytes are the native class's.

    def send_string(self, u: str, flags: int = 0, copy: bool = True, encoding: str = "utf-8", **kwargs: Any) -> Any:
        """Sends text as one part."""
        if not isinstance(u, str):
            raise TypeError(f"expected str, got {type(u).__name__}")
        return self.send(u.encode(encoding), flags=flags, copy=copy, **kwargs)

    def recv_string(self, flags: int = 0, encoding: str = "utf-8") -> Any:
        """Receives one part as text."""
        return self.recv(flags=flags).decode(encoding)

    send_unicode = send_string
    recv_unicode = recv_string

    def send_json(self, obj: Any, flags: int = 0, **kwargs: Any) -> Any:
        """Sends an object as JSON in one part. Further arguments go to `json.dumps`."""
        return self.send(_to_json(obj, kwargs), flags=flags)

    def recv_json(self, flags: int = 0, **kwargs: Any) -> Any:
        """Receives one part and decodes it as JSON. Further arguments go to `json.loads`."""
        return json.loads(self.recv(flags=flags), **kwargs)

    def send_serialized(
        self,
        msg: T,
        serialize: Callable[[T], Sequence[Buffer]],
        flags: int = 0,
        copy: bool = True,
        **kwargs: Any,
    ) -> Any:
        """Sends the parts that `serialize(msg)` gives."""
        return self.send_multipart(serialize(msg), flags=flags, copy=copy, **kwargs)

    def recv_serialized(self, deserialize: Callable[[list[Any]], T], flags: int = 0, copy: bool = True) -> Any:
        """Receives a whole message and gives what `deserialize(parts)` makes of it."""
        return deserialize(self.recv_multipart(flags=flags, copy=copy))

    def recv_into(self, buffer: Buffer, /, *, nbytes: int = 0, flags: int = 0) -> int:
        """Receives one part into a writable buffer and answers the part's size; what does not fit is cut off."""
        return fill(writable(buffer, nbytes), self.recv(flags=flags, copy=False))


class _Endpoint(Generic[S]):
    """What `bind` and `connect` answer: the endpoint, and its end when used in `with`."""

    def __init__(self, socket: S, addr: str, undo: Callable[[str], None]) -> None:
        self.socket = socket
        self.addr = addr
        self._undo = undo

    def __enter__(self) -> S:
        return self.socket

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.socket.closed:
            self._undo(self.addr)

    def __repr__(self) -> str:
        return f"<{self._undo.__name__} {self.addr} at the end of with>"


def _text(addr: str | bytes) -> str:
    if isinstance(addr, bytes):
        return addr.decode()
    if not isinstance(addr, str):
        raise TypeError(f"an endpoint is text, not {addr!r}")
    return addr


def _to_json(obj: Any, options: dict[str, Any]) -> bytes:
    return json.dumps(obj, **options).encode()


def writable(buffer: Buffer, nbytes: int) -> memoryview:
    """The bytes of a buffer that may be written, `nbytes` of them if given."""
    view = memoryview(buffer)
    if view.readonly or not view.contiguous:
        raise BufferError("recv_into needs a writable, contiguous buffer")
    target = view.cast("B")
    if nbytes < 0 or nbytes > len(target):
        raise ValueError(f"nbytes is {nbytes}, the buffer has {len(target)}")
    return target[:nbytes] if nbytes else target


def fill(target: memoryview, part: Any) -> int:
    """Copies what fits of a part and answers the part's size."""
    size = min(len(part), len(target))
    target[:size] = memoryview(part)[:size]
    return len(part)


def _option_name(option: int) -> str:
    try:
        return SocketOption(option).name.lower()
    except ValueError:
        return f"option {option}"


def _is_wrong_type(option: int, value: Any) -> bool:
    """Whether the option takes numbers and got bytes, or the other way round."""
    try:
        takes_bytes = SocketOption(option)._opt_type.value == "bytes"
    except ValueError:
        return False
    return takes_bytes == isinstance(value, int)
