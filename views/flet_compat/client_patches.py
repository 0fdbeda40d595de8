"""Client patches that never change an object in place.

Flet 1.0.5 merges a client's dictionary into the object that a field holds, at any depth, private names too.
Styles and themes are cached, and shared by the controls of all visitors. One visitor's message would change
the screens of all others until the server restarts.
Upstream: `patch_dataclass` in `flet/utils/object_model.py`.
Remove when: Flet replaces nested values as a whole, or shared values become immutable.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable
from functools import cache
from typing import Any, cast

from flet.controls.base_control import BaseControl
from flet.messaging import session
from flet.utils.from_dict import from_dict
from flet.utils.object_model import patch_dataclass, resolve_actual_type


def isolate_client_patches() -> None:
    """Let clients of this process write to the fields of their own controls only."""
    session.patch_dataclass = assign_values  # type: ignore[attr-defined, assignment]


def assign_values(control: BaseControl, patch: dict[str, Any]) -> None:
    """Assign each plain value of `patch` to its field of `control`, and a new object for each dictionary.

    Private names, event handlers, nested controls and dictionaries without a declared type are ignored.
    """
    kinds = _writable_fields(cast(Hashable, type(control)))
    values = {name: _convert(kinds[name], value) for name, value in patch.items() if name in kinds}
    patch_dataclass(control, {name: value for name, value in values.items() if value is not _IGNORED})


_IGNORED = object()


@cache
def _writable_fields(kind: Any) -> dict[str, Any]:
    """Return the declared types of the fields that a client may assign, by name."""
    return {
        field.name: resolve_actual_type(field.type)
        for field in dataclasses.fields(kind)
        if not field.name.startswith(("_", "on_")) and "skip" not in field.metadata
    }


def _convert(kind: Any, value: Any) -> Any:
    if isinstance(value, dict):
        nested = (
            isinstance(kind, type) and dataclasses.is_dataclass(kind) and not issubclass(kind, BaseControl)
        )
        return from_dict(kind, value) if nested else _IGNORED
    if isinstance(value, list | tuple) and any(isinstance(item, dict | list | tuple) for item in value):
        return _IGNORED
    return value
