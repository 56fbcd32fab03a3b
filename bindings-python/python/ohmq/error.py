"""The exceptions: one class per error code, and those that stand for no code."""

from __future__ import annotations

from . import _errors
from ._errors import *  # noqa: F403
from ._errors import InvalidArgument, ZMQBaseError, ZMQError, error_class


class ZMQBindError(ZMQBaseError):
    """`bind_to_random_port` found no free port."""


class NotDone(ZMQBaseError):
    """A tracker's wait ended before the message was done with."""


class ZMQVersionError(ZMQBaseError, NotImplementedError):
    """Something needs another version of the library. A `NotImplementedError` too, as in pyzmq."""


class OptionTypeError(InvalidArgument, TypeError):
    """An option got a value of the wrong type. `EINVAL` as in every language, and a `TypeError` as in pyzmq."""


def make_error(errno: int, text: str, operation: str, subject: str) -> ZMQError:
    """The exception for a failure of the engine."""
    return error_class(errno)(errno, text, operation, subject)


__all__ = [*_errors.__all__, "NotDone", "OptionTypeError", "ZMQBindError", "ZMQVersionError"]
