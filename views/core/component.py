"""A component that cannot freeze the app, and what of it need not be drawn again."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import flet as ft
from flet.components.component import Component
from flet.components.hooks.use_effect import EffectHook

from views.core.context import LookContext

P = ParamSpec("P")
R = TypeVar("R")
ControlT = TypeVar("ControlT", bound=ft.BaseControl)

log = logging.getLogger(__name__)


def component(body: Callable[P, R]) -> Callable[P, R]:
    """`ft.component`, but a body that raises draws a sentence instead of freezing the session.

    In Flet 1.0.5 an exception while a component is drawn again ends the session's update task: nothing
    changes on screen any more, and nothing is logged. The next change draws the component again.

    A component of a sheet that closes may still be told to draw after the contexts above it have gone. It
    keeps what it has drawn.
    """

    @functools.wraps(body)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        look = ft.use_context(LookContext)  # asked for first: hooks keep their order when the body fails
        last: Any = ft.use_ref(None)
        if look is None and last.current is not None:
            return cast(R, last.current)
        try:
            drawn = body(*args, **kwargs)
        except Exception:
            log.exception("%s could not be drawn", body.__name__)
            return cast(R, ft.Text(look.words("problem.drawing") if look else "⚠"))
        if look is not None:
            last.current = drawn
        return drawn

    return cast(Callable[P, R], ft.component(guarded))


class Kept:
    """What a component drew, by key, given again as long as it is drawn of the same things.

    Flet compares what is drawn with what was, control by control, and passes over one that is the very same
    object. What is kept holds no component: its parent, through which it finds its context, would be gone.
    """

    def __init__(self) -> None:
        self._drawn: dict[str, tuple[tuple[Any, ...], ft.BaseControl]] = {}

    def __call__(self, key: str, of: tuple[Any, ...], draw: Callable[[], ControlT]) -> ControlT:
        """What `draw` makes of the values `of`, under `key`, by which it is known among its siblings."""
        known = self._drawn.get(key)
        if known is not None and known[0] == of:
            return cast(ControlT, known[1])
        drawn = draw()
        drawn.key = key
        self._drawn[key] = of, drawn
        return drawn


def use_kept() -> Kept:
    """A hook: what this component keeps from one drawing to the next."""
    return ft.use_memo(Kept, [])


def stop_effects(page: ft.Page) -> None:
    """End what the components of a closed page still do: Flet 1.0.5 lets their effects run on."""
    for control in list(page.session.index.values()):
        if isinstance(control, Component):
            for hook in control._state.hooks:
                if isinstance(hook, EffectHook):
                    hook.cancel()
