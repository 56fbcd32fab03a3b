"""Options as attributes, in any case, and no others: a misspelt option is an error, not a new attribute."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar


class OptionAttributes(ABC):
    """Makes `self.NAME` and `self.name` read and set the option of that name.

    Only attributes that a class of the object defines or annotates can be set otherwise, and private ones.
    """

    _option_names: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def _set_option(self, name: str, value: Any) -> None:
        """Sets the option of this name, in capitals."""

    @abstractmethod
    def _get_option(self, name: str) -> Any:
        """Reads the option of this name, in capitals; an `AttributeError` if it cannot be read."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or name in self.__dict__ or _is_declared(type(self), name):
            object.__setattr__(self, name, value)
        elif name.upper() in self._option_names:
            self._set_option(name.upper(), value)
        else:
            raise AttributeError(f"{type(self).__name__} has no option {name!r}")

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name.upper() in self._option_names:
            return self._get_option(name.upper())
        raise AttributeError(f"{type(self).__name__} has no attribute or option {name!r}")


def _is_declared(kind: type, name: str) -> bool:
    return any(name in base.__dict__ or name in base.__dict__.get("__annotations__", ()) for base in kind.__mro__)
