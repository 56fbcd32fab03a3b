"""The constants, under the name that pyzmq gives this module."""

from ._constants import *  # noqa: F403
