"""Components that cannot freeze the app, and a cache of the controls they build."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import flet as ft
from flet.components.component import Component
from flet.components.hooks.use_effect import EffectHook

from views.core.context import DesignContext

P = ParamSpec("P")
R = TypeVar("R")
ControlT = TypeVar("ControlT", bound=ft.BaseControl)

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
        last: Any = ft.use_ref(None)
        if design is None and last.current is not None:
            return cast(R, last.current)
        try:
            drawn = body(*args, **kwargs)
        except Exception:
            log.exception("%s could not be drawn", body.__name__)
            return cast(R, ft.Text(design.words("problem.drawing") if design else "⚠"))
        if design is not None:
            last.current = drawn
        return drawn

    return cast(Callable[P, R], ft.component(guarded))


class Kept:
    """Cache of controls by key; a control is rebuilt when its dependencies change.

    Flet compares the new controls with the old ones, and skips a control that is the identical object.
    Cached controls must hold no component: a component finds its context through a parent, which may be gone.
    """

    def __init__(self) -> None:
        self._drawn: dict[str, tuple[tuple[Any, ...], ft.BaseControl]] = {}

    def __call__(self, key: str, of: tuple[Any, ...], draw: Callable[[], ControlT]) -> ControlT:
        """Return the control cached under `key`; call `draw` if the values `of` have changed.

        `key` also becomes the key of the control among its siblings.
        """
        known = self._drawn.get(key)
        if known is not None and known[0] == of:
            return cast(ControlT, known[1])
        drawn = draw()
        drawn.key = key
        self._drawn[key] = of, drawn
        return drawn


def use_kept() -> Kept:
    """Return the cache of this component, which lasts from one redraw to the next (a hook)."""
    return ft.use_memo(Kept, [])


def stop_effects(page: ft.Page) -> None:
    """Cancel the effects of a closed page's components: Flet 1.0.5 leaves these effects running."""
    for control in list(page.session.index.values()):
        if isinstance(control, Component):
            for hook in control._state.hooks:
                if isinstance(hook, EffectHook):
                    hook.cancel()
