"""Messages that a browser may send, with the type and the bound of each value.

The web client of Flet 1.0.5 can write any property of any control and report any event. The tables below
list what it sends in every journey through this app. Any other message ends its connection.
An accepted message is encoded again from the decoded values, so that Flet cannot read it otherwise.
Source: recordings of the web client, and the Dart package `flet` 1.0.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Protocol

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

REGISTER, EVENT, UPDATE, ANSWER = 1, 3, 4, 5
"""Kinds of a client's messages, as Flet numbers them."""

LONGEST_TEXT: Final = 4096
"""Characters. A field takes fewer (`views/core/fields.py`); a character on screen may be several."""

Text = Annotated[str, Meta(max_length=LONGEST_TEXT)]
Word = Annotated[str, Meta(max_length=64)]
Route = Annotated[str, Meta(max_length=2048)]
Index = Annotated[int, Meta(ge=0, le=1000)]
Length = Annotated[float, Meta(ge=-1e9, le=1e9)]
Brightness = Literal["light", "dark"]


_NOTHING: Final = msgspec.Raw(msgspec.msgpack.encode(None))


class Control(Protocol):
    """Part of a Flet control that the guard reads."""

    _c: str
    """Its type on the wire."""

    @property
    def parent(self) -> Any: ...


class Interface(Protocol):
    """Part of a session that the guard reads."""

    def control(self, control_id: int) -> Control | None:
        """Return the control of an id, or None."""

    def call(self, call_id: str) -> tuple[int, str] | None:
        """Return the control and the name of a method whose answer is pending, or None."""


class Refused(Exception):
    """Reason why a message is refused, without any data of the client."""


class _Message(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Part of a message. Members that were not sent stay absent."""


class Insets(_Message):
    """Distances from the edges; a returning client omits those that are 0."""

    top: Length = 0.0
    right: Length = 0.0
    bottom: Length = 0.0
    left: Length = 0.0


class Media(_Message):
    padding: Insets
    view_padding: Insets
    view_insets: Insets
    device_pixel_ratio: Length
    orientation: Literal["portrait", "landscape"]
    always_use_24_hour_format: bool = False


class PageProperties(_Message):
    """Page properties that the client sets: address, size, media, brightness."""

    route: Route | UnsetType = UNSET
    width: Length | UnsetType = UNSET
    height: Length | UnsetType = UNSET
    media: Media | UnsetType = UNSET
    platform_brightness: Brightness | UnsetType = UNSET


class ClaimedPage(PageProperties):
    """Page of a registration. Members without effect are accepted and dropped."""

    platform: Literal["android", "android_tv", "ios", "macos", "windows", "linux"] | UnsetType = UNSET
    web: Any = UNSET
    pwa: Any = UNSET
    debug: Any = UNSET
    wasm: Any = UNSET
    test: Any = UNSET
    multi_view: Any = UNSET
    pyodide: Any = UNSET
    window: Any = UNSET

    def believed(self) -> dict[str, Any]:
        """Return the accepted values. `web` is always true, because the process serves browsers only."""
        names = (*PageProperties.__struct_fields__, "platform")
        values = {name: getattr(self, name) for name in names}
        return {name: value for name, value in values.items() if value is not UNSET} | {"web": True}


class Registration(_Message):
    """A client's first message."""

    session_id: Word | None
    page_name: Route
    page: ClaimedPage


class Event(_Message):
    target: int
    name: Word
    data: msgspec.Raw = _NOTHING


class Update(_Message):
    id: int
    props: msgspec.Raw


class Answer(_Message):
    control_id: int
    call_id: Word
    result: msgspec.Raw = _NOTHING
    error: Text | None = None


class Size(_Message):
    w: Length
    h: Length


class PageSize(_Message):
    width: Length
    height: Length


class Address(_Message):
    route: Route


class Lifecycle(_Message):
    state: Literal["show", "resume", "hide", "inactive", "pause", "detach", "restart"]


class Key(_Message):
    key: Word
    shift: bool
    ctrl: bool
    alt: bool
    meta: bool


class Locale(_Message):
    language_code: Word
    country_code: Word | None = None
    script_code: Word | None = None


class Locales(_Message):
    locales: Annotated[list[Locale], Meta(max_length=100)]


class Scroll(_Message):
    event_type: Literal["start", "update", "end", "user", "overscroll"]
    pixels: Length
    min_scroll_extent: Length
    max_scroll_extent: Length
    viewport_dimension: Length
    scroll_delta: Length | None = None
    direction: Literal["idle", "forward", "reverse"] | None = None
    overscroll: Length | None = None
    velocity: Length | None = None


class DeviceInfo(Struct):
    """Description of a browser, reduced to the values that the app uses."""

    locales: Annotated[list[Locale], Meta(max_length=100)]
    browser_name: Any = None

    def __post_init__(self) -> None:
        self.browser_name = "unknown"  # Flet requires a name from its own list


class Choice(_Message):
    value: Text


class Switched(_Message):
    value: bool


class Segments(_Message):
    selected: Annotated[list[Text], Meta(max_length=100)]


class Destination(_Message):
    selected_index: Index


class Picked(_Message):
    """File that the user has picked. Its content arrives by an upload; a browser gives no path."""

    id: Index
    name: Text
    size: Annotated[int, Meta(ge=0)]
    path: None = None
    bytes: None = None


class PickedFiles(_Message):
    files: Annotated[list[Picked], Meta(max_length=1)]


class UploadProgress(_Message):
    file_name: Text
    progress: Length | None = None
    error: Text | None = None


class Closed(_Message):
    open: Literal[False] | UnsetType = UNSET


class SnackBarClosed(Closed):
    dismissed: Any = msgspec.field(name="_dismissed", default=UNSET)

    def __post_init__(self) -> None:
        self.dismissed = UNSET  # the client uses it internally


PROPERTIES: Final[Mapping[str, type[Struct]]] = {
    "Page": PageProperties,
    "TextField": Choice,
    "RadioGroup": Choice,
    "Switch": Switched,
    "Checkbox": Switched,
    "SegmentedButton": Segments,
    "NavigationRail": Destination,
    "AlertDialog": Closed,
    "BottomSheet": Closed,
    "SnackBar": SnackBarClosed,
}
"""Properties that a client writes, by type of control."""

PAGE_EVENTS: Final[Mapping[str, Any]] = {
    "route_change": Address,
    "view_pop": Address,
    "resize": PageSize,
    "media_change": Media,
    "platform_brightness_change": Brightness,
    "app_lifecycle_state_change": Lifecycle,
    "keyboard_event": Key,
    "locale_change": Locales,
}
EVENTS: Final[Mapping[str, Any]] = {
    "click": None,
    "focus": None,
    "blur": None,
    "dismiss": None,
    "action": None,
    "submit": Text | None,
    "scroll": Scroll,
    "size_change": Size,
    "result": PickedFiles,
    "upload": UploadProgress,
}
"""Data of the events that have the same type for every control, by event name."""
CHANGES: Final[Mapping[str, Any]] = {
    "TextField": Text,
    "RadioGroup": Text,
    "Switch": bool,
    "Checkbox": bool,
    "SegmentedButton": Annotated[list[Text], Meta(max_length=100)],
    "NavigationRail": Index,
}
"""Data of the event `change`, by type of control."""
ACTIONS: Final = {"click", "submit", "change"}
"""Events that are dropped if their control is disabled."""

FLAGS = Annotated[dict[Word, bool], Meta(max_length=20)]
RESULTS: Final[Mapping[str, Any]] = {"get_device_info": DeviceInfo, "get_accessibility_features": FLAGS}
"""Results of the client's methods, by name; the results of other methods are a `Plain`."""
Plain = Text | bool | int | float | None

_NOT_READABLE = (msgspec.MsgspecError, ValueError, RecursionError)


def read_registration(packet: bytes) -> Registration:
    """Return the first message of a connection.

    Raises:
        Refused: the message is not a registration of a browser.
    """
    action, body = _decode(packet, tuple[int, msgspec.Raw], "sent no message")
    if action != REGISTER:
        raise Refused("did not begin with a registration")
    registration: Registration = _decode(body, Registration, "registered as no browser does")
    return registration


def read_message(packet: bytes, interface: Interface) -> bytes | None:
    """Return a message in the form that Flet may read; None if its control is gone or cannot handle it.

    Raises:
        Refused: no browser sends such a message.
    """
    action, body = _decode(packet, tuple[int, msgspec.Raw], "sent no message")
    if action == EVENT:
        accepted = _event(_decode(body, Event, "sent no event"), interface)
    elif action == UPDATE:
        accepted = _update(_decode(body, Update, "sent no update"), interface)
    elif action == ANSWER:
        accepted = _answer(_decode(body, Answer, "sent no answer"), interface)
    else:
        raise Refused("sent an unknown kind of message")
    return None if accepted is None else msgspec.msgpack.encode((action, accepted))


def expected_data(kind: str, name: str) -> Any:
    """Return the type of the data of an event by the type of its control.

    Raises:
        KeyError: controls of this type have no such event.
    """
    if kind == "Page":
        return PAGE_EVENTS[name]
    return CHANGES[kind] if name == "change" else EVENTS[name]


def _event(event: Event, interface: Interface) -> object:
    control = interface.control(event.target)
    if control is None:
        return None
    try:
        expected = expected_data(control._c, event.name)
    except KeyError:
        raise Refused(f"sent an event that a {control._c} does not have") from None
    data = _decode(event.data, expected, f"sent an event of a {control._c} with other data")
    handled = control._c == "Page" or getattr(control, f"on_{event.name}", None) is not None
    if not handled or (event.name in ACTIONS and _is_disabled(control)):
        return None
    return {"target": event.target, "name": event.name, "data": data}


def _update(update: Update, interface: Interface) -> object:
    control = interface.control(update.id)
    if control is None:
        return None
    if control._c not in PROPERTIES:
        raise Refused(f"wrote to a {control._c}")
    values = _decode(update.props, PROPERTIES[control._c], f"wrote to a {control._c} what a browser does not")
    return {"id": update.id, "props": values}


def _answer(answer: Answer, interface: Interface) -> object:
    called = interface.call(answer.call_id)
    if called is None:
        return None
    control_id, name = called
    result = None
    if answer.error is None:
        result = _decode(answer.result, RESULTS.get(name, Plain), f"answered {name} as no browser does")
    return {"control_id": control_id, "call_id": answer.call_id, "result": result, "error": answer.error}


def _is_disabled(control: Any) -> bool:
    """Return whether a control, or one of its ancestors, is disabled or invisible."""
    while control is not None:
        if getattr(control, "disabled", False) or not getattr(control, "visible", True):
            return True
        control = control.parent
    return False


def _decode(data: bytes | msgspec.Raw, expected: Any, otherwise: str) -> Any:
    """Return `data` decoded as the expected type, or refuse it for the reason `otherwise`."""
    try:
        return msgspec.msgpack.decode(data, type=expected)
    except _NOT_READABLE:
        raise Refused(otherwise) from None
