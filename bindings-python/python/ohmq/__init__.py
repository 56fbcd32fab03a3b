"""ZeroMQ on a Rust engine, with pyzmq's names: ``import ohmq as zmq``.

    import ohmq as zmq

    with zmq.Context() as context, context.socket(zmq.REQ) as socket:
        socket.connect("tcp://127.0.0.1:5555")
        socket.send_string("hello")
        print(socket.recv_string())

`ohmq.asyncio` has the same sockets for asyncio.
"""

from __future__ import annotations

from . import _constants, _native, error
from ._constants import *  # noqa: F403
from ._context import Context
from ._native import Frame
from ._poll import Poller, select
from ._socket import Socket
from ._tracker import FINISHED, MessageTracker
from .error import *  # noqa: F403
from .error import make_error

_native.install(make_error, FINISHED)

Message = Frame

#: The longest path of an ipc endpoint, in bytes.
IPC_PATH_MAX_LEN = 107

#: From this size on `bytes` are not copied, as pyzmq's default is; nothing here reads it.
COPY_THRESHOLD = 65536

#: Whether the draft socket types are there.
DRAFT_API = False

version_info: tuple[int, int, int] = _native.version()
__version__: str = ".".join(map(str, version_info))


def zmq_version_info() -> tuple[int, int, int]:
    """The version of libzmq whose behaviour this library follows."""
    return 4, 3, 5


def zmq_version() -> str:
    """The version of libzmq whose behaviour this library follows, as text."""
    return "4.3.5"


def pyzmq_version_info() -> tuple[int, int, int]:
    """This package's own version, under the name that pyzmq's users look for."""
    return version_info


def pyzmq_version() -> str:
    """This package's own version as text, under the name that pyzmq's users look for."""
    return __version__


def has(capability: str) -> bool:
    """Whether the engine has a transport or mechanism: "ipc", "curve", "gssapi", "draft"…"""
    return capability == "ipc"


__all__ = [
    *_constants.__all__,
    *error.__all__,
    "COPY_THRESHOLD",
    "Context",
    "DRAFT_API",
    "Frame",
    "IPC_PATH_MAX_LEN",
    "Message",
    "MessageTracker",
    "Poller",
    "Socket",
    "has",
    "pyzmq_version",
    "pyzmq_version_info",
    "select",
    "version_info",
    "zmq_version",
    "zmq_version_info",
]
