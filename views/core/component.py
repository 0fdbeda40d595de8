"""Components that cannot freeze the app, and a cache of the controls they build."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ParamSpec, Protocol, TypeVar, cast

import flet as ft
from flet.components.component import Component
from flet.components.hooks.use_effect import EffectHook

from views.core.context import DesignContext

P = ParamSpec("P")
R = TypeVar("R")
ControlT = TypeVar("ControlT", bound=ft.BaseControl)
Control_co = TypeVar("Control_co", bound=ft.BaseControl, covariant=True)

log = logging.getLogger(__name__)


def component(body: Callable[P, R]) -> Callable[P, R]:
    """Wrap `ft.component`: a body that raises shows a sentence instead of freezing the session.

    In Flet 1.0.5 an exception while a component is redrawn ends the session's update task. The screen then
    never changes again, and nothing is logged. With this wrapper, the next change redraws the component.

    Flet may redraw a component of a closing sheet after the contexts above it are gone. The component then
    returns its last controls.
    """

    @functools.wraps(body)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        design = ft.use_context(DesignContext)  # first, so that hooks keep their order when the body fails
        memory = ft.use_memo(_Memory, [])
        if design is None and memory.last is not None:
            return cast(R, memory.last)
        memory.calls.clear()
        outer = _MEMORY.set(memory)
        try:
            drawn = body(*args, **kwargs)
        except Exception:
            log.exception("%s could not be drawn", body.__name__)
            return cast(R, ft.Text(design.words("problem.drawing") if design else "⚠"))
        finally:
            _MEMORY.reset(outer)
        if design is not None:
            memory.last = drawn
        return drawn

    return cast(Callable[P, R], ft.component(guarded))


@dataclass(slots=True, repr=False)
class _Memory:
    """Controls that a component built last, and its calls of `kept` functions in the current redraw."""

    last: Any = None
    built: dict[str, tuple[tuple[Any, ...], ft.BaseControl]] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)


_MEMORY: ContextVar[_Memory | None] = ContextVar("controls of the component that is redrawn", default=None)


class Kept(Protocol[Control_co]):
    """Function whose controls are cached."""

    def __call__(self, *args: Any, key: object = None) -> Control_co: ...


def kept(build: Callable[..., ControlT]) -> Kept[ControlT]:
    """Cache the controls that `build` returns: its nth call in a redraw returns the nth control of the last.

    A control is built again if an argument has changed. A call that depends on a condition needs a `key`.
    Flet skips a control that is the identical object. Use `kept` where `make bench ARGS=month_switch` gains
    10 % of the controls made or of the calls. The control must hold no component: a component finds its
    context through a parent, which may be gone.
    """

    @functools.wraps(build)
    def again(*args: Any, key: object = None) -> ControlT:
        memory = _MEMORY.get()
        if memory is None:
            return build(*args)
        name = build.__name__
        if key is None:
            key = memory.calls[name] = memory.calls.get(name, 0) + 1
        place = f"{name}-{key}"
        known = memory.built.get(place)
        if known is None or known[0] != args:
            control = build(*args)
            control.key = place  # keeps its place among siblings without a key
            known = memory.built[place] = args, control
        return cast(ControlT, known[1])

    return again


def stop_effects(page: ft.Page) -> None:
    """Cancel the effects of a closed page's components: Flet 1.0.5 leaves these effects running."""
    for control in list(page.session.index.values()):
        if isinstance(control, Component):
            for hook in control._state.hooks:
                if isinstance(hook, EffectHook):
                    hook.cancel()
