"""Standings as bytes: what a planner keeps between two days."""

import io
import zlib
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffuse.domain.memory import Memory
from diffuse.domain.standing import Standing

LEVEL = 1
_KINDS = {
    "touch": "i4", "step": "i2", "tries": "i2", "messages": "i4", "back": "i4", "streak": "i2",
    "sent": "M8[D]", "reached": "M8[D]", "wording": "i8",
    "acknowledged": "?", "waiting": "?", "renewed": "?", "anew": "?",
    "stability": "f8", "difficulty": "f8", "exposed": "f8", "relearning": "?",
}  # fmt: skip
_WIDE = {"i4": "i8", "i2": "i8"}
_ADDED = ("renewed", "anew")
"""Columns that what was kept before they existed lacks: it knows of no text that changed."""


def dump(employees: Sequence[str], standing: Standing) -> bytes:
    """Write a standing with the ids of its employees, in the order of its rows."""
    columns = {one.name: getattr(standing, one.name) for one in fields(Standing) if one.name != "memory"}
    memory = {f"memory_{one.name}": getattr(standing.memory, one.name) for one in fields(Memory)}
    out = io.BytesIO()
    np.savez(
        out,
        employees=np.frombuffer("\n".join(employees).encode(), dtype=np.uint8),
        **{
            name: values.astype(_KINDS[name.removeprefix("memory_")])
            for name, values in {**columns, **memory}.items()
        },
    )
    return zlib.compress(out.getvalue(), LEVEL)


def load(data: bytes) -> tuple[list[str], Standing]:
    """Read what ``dump`` wrote."""
    with np.load(io.BytesIO(zlib.decompress(data)), allow_pickle=False) as kept:
        columns = {name: _wide(kept[name]) for name in kept.files if name != "employees"}
        names = bytes(kept["employees"]).decode()
    blank = np.zeros(len(columns["touch"]), dtype=np.bool_)
    columns |= {name: blank.copy() for name in _ADDED if name not in columns}
    memory = Memory(**{one.name: columns.pop(f"memory_{one.name}") for one in fields(Memory)})
    return names.split("\n") if names else [], Standing(**columns, memory=memory)


def _wide(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(_WIDE.get(values.dtype.str[1:], values.dtype))
