"""Tree of controls as a client of Flet 1.0.5 holds it, with accessible names as in the web client.

A tooltip is not a name, and `MergeSemantics` forms one node.
"""

# msgpack has no types.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import flet as ft
import msgpack

_REPLACE, _ADD, _REMOVE, _MOVE = range(4)
_SHOWN = ("value", "label", "content", "title", "subtitle", "text", "helper", "error", "hint_text", "counter")
"""Fields whose plain strings are drawn."""
_SPOKEN = ("semantics_label", "semantics_value")
"""Fields whose plain strings only a screen reader gives."""
_READ = frozenset((*_SHOWN, *_SPOKEN))
_TAPPED = ("Switch", "Checkbox", "Radio", "ExpansionTile", "NavigationRailDestination", "Segment")
_DIALOGS = ("AlertDialog", "Banner", "BottomSheet", "SnackBar")


class Control(dict[str, Any]):
    """A control or a value as it travels: absent properties have Flet's default, and read as None."""

    def __getattr__(self, name: str) -> Any:
        return self.get(name)

    @property
    def id(self) -> int:
        number: int = self["_i"]
        return number

    @property
    def kind(self) -> str:
        """Its type on the wire, "" for a value."""
        kind: str = self.get("_c", "")
        return kind


class Found(NamedTuple):
    """A control on screen and the controls that hold it, outermost first."""

    control: Control
    holders: tuple[Control, ...]

    def holder(self, kind: str) -> Control | None:
        """Return the nearest ancestor of that type."""
        return next((one for one in reversed(self.holders) if one.kind == kind), None)

    @property
    def disabled(self) -> bool:
        return any(one.disabled for one in (*self.holders, self.control))


class Tree:
    """Controls of a page, by position and by id."""

    def __init__(self, page: Control | None = None) -> None:
        self.page = page or Control()
        self._by_id: dict[int, Control] = {}
        self._index(self.page)

    def find(self, control_id: int | None) -> Control | None:
        return self._by_id.get(control_id or 0)

    def _index(self, value: Any) -> None:
        left = [value]
        while left:
            match left.pop():
                case Control() as part:
                    if "_i" in part:
                        self._by_id[part.id] = part
                    left += part.values()
                case list() as part:
                    left += part

    def patch(self, root: int, paths: list[Any], *operations: list[Any]) -> None:
        """Apply a patch to the control of that id.

        `paths` is a tree `[number, {key: tree}]` that gives a number to each node on the way. An operation
        has a kind, the number of a node, a key in it, and a value.
        """
        base = self.find(root)
        if base is None:  # of a screen that is gone
            return
        ways: dict[int, list[Any]] = {}

        def number(tree: list[Any], way: list[Any]) -> None:
            ways[tree[0]] = way
            for key, branch in (tree[1] if len(tree) > 1 else {}).items():
                number(branch, [*way, key])

        def node(at: int) -> Any:  # when its turn comes: an operation may have moved what is on the way
            return functools.reduce(lambda holder, key: holder[key], ways[at], base)

        number(paths, [])
        for kind, at, key, *rest in operations:
            holder = node(at)
            if kind == _MOVE:
                moved = holder.pop(key)
                node(rest[0]).insert(rest[1], moved)
            elif kind == _REMOVE:
                holder.pop(key)
            else:
                self._index(rest[0])
                if kind == _ADD and isinstance(holder, list):
                    holder.insert(key, rest[0])
                else:
                    holder[key] = rest[0]

    def views(self) -> list[Control]:
        """Return the views, the top one last."""
        views = _unwrapped(self.page.views or [])
        return [_unwrapped(view) for view in (views if isinstance(views, list) else [views])]

    def dialogs(self) -> list[Control]:
        held = self.page["_dialogs"].controls or [] if self.page else []
        return [_unwrapped(dialog) for dialog in held]

    def top_dialog(self) -> Control | None:
        """Return the open modal dialog, if any; snack bars and banners are not modal."""
        modal = [one for one in self.dialogs() if one.open and one.kind not in ("SnackBar", "Banner")]
        return modal[-1] if modal else None

    def screen(self) -> Iterator[Found]:
        """Yield the controls of the top view, the overlay and the open dialogs."""
        overlay = self.page["_overlay"].controls or [] if self.page else []
        yield from walk([*self.views()[-1:], *overlay, *(one for one in self.dialogs() if one.open)])

    def misplaced(self) -> list[str]:
        """Return the texts that a screen reader meets before what stands above them.

        Flutter joins the loose texts of a group into the group's name, which comes before its headings, its
        buttons and its fields.
        """
        dialogs = [one for one in self.dialogs() if one.open]
        return list(_misplaced([*self.views()[-1:], *dialogs], _Group(explicit=True)))


def _unwrapped(value: Any) -> Any:
    """Return what a component draws."""
    while isinstance(value, Control) and value.kind == "C":
        value = value["_b"]
    return value


def unpacked(message: bytes) -> Any:
    """Return a message of the protocol, its maps as `Control`."""
    return msgpack.unpackb(
        message, strict_map_key=False, object_hook=Control, ext_hook=lambda _, data: bytes(data)
    )


def walk(roots: list[Any]) -> Iterator[Found]:
    """Yield the visible controls below some roots, in the order of their fields."""
    left: list[tuple[Any, tuple[Control, ...]]] = [(roots, ())]
    while left:  # a stack: recursive generators take three times as long
        value, holders = left.pop()
        if isinstance(value, list):
            left += [(item, holders) for item in reversed(value) if isinstance(item, list | Control)]
            continue
        if "_c" in value:
            if value.visible is False:
                continue
            yield Found(value, holders)
            holders = (*holders, value)
        left += [(part, holders) for _, part in _parts(value)[::-1] if isinstance(part, list | Control)]


def _parts(value: Control) -> list[tuple[str, Any]]:
    """Return the drawn properties of a control or value, in the order of Flet's fields."""
    parts = [
        (name, part) for name, part in value.items() if name == "_b" or (name[0] != "_" and name != "key")
    ]
    if len(parts) > 1 and (order := _order(value.kind)):
        parts.sort(key=lambda part: order.get(part[0], len(order)))
    return parts


@functools.cache
def _order(kind: str) -> dict[str, int]:
    known = getattr(ft, kind, None) if kind else None
    fields = dataclasses.fields(known) if dataclasses.is_dataclass(known) else ()
    return {field.name: place for place, field in enumerate(fields)}


def own_texts(control: Control) -> Iterator[str]:
    """Yield the visible or spoken texts of the control itself; passwords read `••••`."""
    if control.kind == "TextField":
        yield "••••" if control.password and control.value else control.value or ""
    for name, part in _parts(control):
        if name == "value" and control.kind in ("TextField", "Radio", "Segment"):
            continue
        if isinstance(part, str) and part and name in _READ:
            yield part


def taps(control: Control) -> bool:
    if control.kind == "Radio" and control.disabled:  # gives its semantics to what it is merged with
        return False
    if control.kind in ("TextField", *_DIALOGS):
        return False
    return control.kind in _TAPPED or bool(control.on_click or control.on_tap)


def words(control: Any, *, whole: bool, inner: bool = False) -> Iterator[str]:
    """Yield the spoken texts of a control and its content, except of tappable parts.

    `whole` includes tappable parts, like `MergeSemantics`.
    """
    if isinstance(control, list):
        for item in control:
            yield from words(item, whole=whole, inner=True)
        return
    if not isinstance(control, Control) or not control.kind or control.visible is False:
        return
    if inner and not whole and taps(control):
        return
    if control.kind == "Text" and control.semantics_label is not None:
        if control.semantics_label:  # an empty one keeps what is shown from being said
            yield control.semantics_label
        return
    for name, part in _parts(control):
        if control.kind == "Semantics" and control.exclude_semantics and name == "content":
            continue
        if control.kind in ("TextField", "Switch", "Radio", "Segment") and name == "value":
            continue
        if isinstance(part, str):
            if name in _READ and part:
                yield part
        else:
            yield from words(part, whole=whole, inner=True)


@dataclasses.dataclass
class _Group:
    """State of the walk through a group; an `explicit` group makes a node of each of its parts."""

    explicit: bool = False
    node: str = ""
    """The latest part that is a node of its own."""


def _misplaced(part: Any, group: _Group) -> Iterator[str]:
    """Go through a group in order; give the loose texts below one of its nodes."""
    if isinstance(part, list):
        for one in part:
            yield from _misplaced(one, group)
        return
    if not isinstance(part, Control) or not part.kind or part.visible is False:
        return
    if part.kind in ("Text", "Icon", "Image"):
        said = part.semantics_label
        if said is None and part.kind == "Text":
            said = part.value
        if said and group.node and not group.explicit:
            yield f"{said!r} below {group.node!r}"
        return
    single = part.kind in ("MergeSemantics", "TextField") or taps(part) or part.url
    if part.kind == "Semantics":
        if part.exclude_semantics and not part.label:
            return
        single = bool(part.header or part.exclude_semantics)
        if part.container and not single:
            group.node = part.label or spoken(part) or group.node
            yield from _misplaced(part.content, _Group())
            return
    if single:
        group.node = spoken(part) or part.kind
        return
    inner = group
    if part.kind in _DIALOGS or part.scroll is not None:
        inner = _Group(explicit=True)
    for _, field in _parts(part):
        if part.kind == "ListView" and isinstance(field, list):
            for item in field:
                yield from _misplaced(item, _Group())
        else:
            yield from _misplaced(field, inner)
    if inner is not group:
        group.node = "what scrolls"


def spoken(control: Control) -> str:
    """Return what a screen reader says for a control and for all it holds, a line each."""
    return "\n".join(words(control, whole=True))


def name_of(found: Found) -> str:
    """Return the accessible name, with its lines joined as in the web client."""
    merged = found.holder("MergeSemantics")
    return "\n".join(words(merged or found.control, whole=merged is not None))


def label_of(found: Found) -> str:
    label = found.control.label
    if not label:  # named by a text that it is merged with
        return name_of(found).partition("\n")[0]
    return label if isinstance(label, str) else spoken(label)


def key_of(control: Control) -> str:
    key = control.get("key")
    return str(key.value if isinstance(key, Control) else key)


def plain(text: str) -> str:
    """Return the text with plain spaces instead of no-break spaces."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")
