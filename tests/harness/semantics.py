"""Accessible names and texts of a tree of Flet controls, computed as in the web client.

A tooltip is not a name, and `MergeSemantics` forms one node.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Hashable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar, cast

import flet as ft
from flet.components.component import Component
from flet.controls.base_control import BaseControl
from flet.controls.dialog_control import DialogControl

ControlT = TypeVar("ControlT", bound=BaseControl)

_SHOWN = ("value", "label", "content", "title", "subtitle", "text", "helper", "error", "hint_text", "counter")
"""Fields whose plain strings are drawn."""
_SPOKEN = ("semantics_label", "semantics_value")
"""Fields whose plain strings only a screen reader gives."""
_READ = frozenset((*_SHOWN, *_SPOKEN))
_INPUTS = (ft.Switch, ft.Checkbox, ft.Radio, ft.ExpansionTile)
_CHOICES = (ft.NavigationRailDestination, ft.Segment)


class Found(NamedTuple):
    """A control on screen and the controls that hold it, outermost first."""

    control: BaseControl
    holders: tuple[BaseControl, ...]

    def holder(self, kind: type[ControlT]) -> ControlT | None:
        """Return the nearest ancestor of that type."""
        return next((one for one in reversed(self.holders) if isinstance(one, kind)), None)

    @property
    def disabled(self) -> bool:
        return any(getattr(one, "disabled", False) for one in (*self.holders, self.control))


def walk(roots: list[Any]) -> Iterator[Found]:
    """Yield the visible controls below some roots, in the order of their fields."""
    seen: set[int] = set()
    left: list[tuple[Any, tuple[BaseControl, ...]]] = [(roots, ())]
    while left:  # a stack: recursive generators take three times as long
        value, holders = left.pop()
        if isinstance(value, list | tuple):
            left += [(item, holders) for item in reversed(value)]
        elif hasattr(type(value), "__dataclass_fields__") and id(value) not in seen:
            seen.add(id(value))
            if isinstance(value, BaseControl):
                if not getattr(value, "visible", True):
                    continue
                yield Found(value, holders)
                holders = (*holders, value)
            left += [(part, holders) for _, part in _parts(value)[::-1] if not isinstance(part, str)]


def _parts(value: Any) -> list[tuple[str, Any]]:
    """Return the set fields of a control or value, with their names."""
    if isinstance(value, Component):
        return [("_b", value._b)]
    names: Iterable[str] = _field_names(cast(Hashable, type(value)))
    held = getattr(value, "_values", None)
    if held is not None:
        structure = getattr(type(value), "_structural_fields", ())
        names = [name for name in names if name in held or name in structure]
    return [(name, part) for name in names if (part := getattr(value, name, None)) is not None]


@functools.cache
def _field_names(kind: Hashable) -> tuple[str, ...]:
    fields = dataclasses.fields(cast(type[Any], kind))
    skipped = {"data", "key", "ref"}
    return tuple(
        one.name
        for one in fields
        if not one.name.startswith("_") and one.name not in skipped and not one.metadata.get("skip")
    )


def own_texts(control: BaseControl) -> Iterator[str]:
    """Yield the visible or spoken texts of the control itself."""
    if isinstance(control, ft.TextField):
        yield "••••" if control.password and control.value else control.value
    for name, part in _parts(control):
        if name == "value" and isinstance(control, ft.TextField | ft.Radio | ft.Segment):
            continue
        if isinstance(part, str) and part and name in _READ:
            yield part


def taps(control: BaseControl) -> bool:
    if isinstance(control, ft.Radio) and control.disabled:  # gives its semantics to what it is merged with
        return False
    if isinstance(control, (*_INPUTS, *_CHOICES)):
        return True
    if isinstance(control, ft.TextField | DialogControl):
        return False
    return any(getattr(control, name, None) is not None for name in ("on_click", "on_tap"))


def words(control: Any, *, whole: bool, inner: bool = False) -> Iterator[str]:
    """Yield the spoken texts of a control and its content, except of tappable parts.

    `whole` includes tappable parts, like `MergeSemantics`.
    """
    if isinstance(control, list | tuple):
        for item in control:
            yield from words(item, whole=whole, inner=True)
        return
    if not isinstance(control, BaseControl) or not getattr(control, "visible", True):
        return
    if inner and not whole and taps(control):
        return
    if isinstance(control, ft.Text) and control.semantics_label is not None:
        if control.semantics_label:  # an empty one keeps what is shown from being said
            yield control.semantics_label
        return
    for name, part in _parts(control):
        if isinstance(control, ft.Semantics) and control.exclude_semantics and name == "content":
            continue
        if isinstance(control, ft.TextField | ft.Switch | ft.Radio | ft.Segment) and name == "value":
            continue
        if isinstance(part, str):
            if name in _READ and part:
                yield part
        else:
            yield from words(part, whole=whole, inner=True)


@dataclasses.dataclass
class Group:
    """State of the walk through a group; an `explicit` group makes a node of each of its parts."""

    explicit: bool = False
    node: str = ""
    """The latest part that is a node of its own."""


def misplaced(part: Any, group: Group) -> Iterator[str]:
    """Go through a group in order; give the loose texts below one of its nodes."""
    if isinstance(part, list | tuple):
        for one in part:
            yield from misplaced(one, group)
        return
    if not isinstance(part, BaseControl) or not getattr(part, "visible", True):
        return
    if isinstance(part, ft.Text | ft.Icon | ft.Image):
        said = part.semantics_label
        if said is None and isinstance(part, ft.Text):
            said = part.value
        if said and group.node and not group.explicit:
            yield f"{said!r} below {group.node!r}"
        return
    single = isinstance(part, ft.MergeSemantics | ft.TextField) or taps(part) or getattr(part, "url", None)
    if isinstance(part, ft.Semantics):
        if part.exclude_semantics and not part.label:
            return
        single = bool(part.header or part.exclude_semantics)
        if part.container and not single:
            group.node = part.label or "\n".join(words(part, whole=True)) or group.node
            yield from misplaced(part.content, Group())
            return
    if single:
        group.node = "\n".join(words(part, whole=True)) or type(part).__name__
        return
    inner = group
    if isinstance(part, DialogControl) or getattr(part, "scroll", None) is not None:
        inner = Group(explicit=True)
    for _, field in _parts(part):
        if isinstance(part, ft.ListView) and isinstance(field, list):
            for item in field:
                yield from misplaced(item, Group())
        else:
            yield from misplaced(field, inner)
    if inner is not group:
        group.node = "what scrolls"


def spoken(control: BaseControl) -> list[str]:
    """Return what a screen reader says for a control and for all it holds."""
    return list(words(control, whole=True))


def name_of(found: Found) -> str:
    """Return the accessible name, with its lines joined as in the web client."""
    merged = found.holder(ft.MergeSemantics)
    return "\n".join(words(merged or found.control, whole=merged is not None))


def label_of(found: Found) -> str:
    assert isinstance(found.control, ft.TextField)
    label = found.control.label
    if not label:  # named by a text that it is merged with
        return name_of(found).partition("\n")[0]
    return label if isinstance(label, str) else "\n".join(words(label, whole=True))


def key_of(control: BaseControl) -> str:
    key = control.key
    return str(key.value if isinstance(key, ft.Key) else key)


def plain(text: str) -> str:
    """Return the text with plain spaces instead of no-break spaces."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")
