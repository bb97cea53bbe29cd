"""What a crew and its helpers say to each other over a pipe: messages with their length before them."""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

LENGTH = struct.Struct("<Q")


class _Pickler(pickle.Pickler):
    """Pickles mappings that nobody may change as well, which Python leaves out."""

    def reducer_override(self, value: Any) -> Any:
        """Python's own hook for values of any type."""
        return (_frozen, (dict(value),)) if type(value) is MappingProxyType else NotImplemented


def _frozen(values: dict[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(values)


def pickled(value: object) -> bytes:
    """A value of ours on its way."""
    out = io.BytesIO()
    _Pickler(out, pickle.HIGHEST_PROTOCOL).dump(value)
    return out.getvalue()


def framed(message: bytes) -> bytes:
    """A message as it stands in the pipe."""
    return LENGTH.pack(len(message)) + message
