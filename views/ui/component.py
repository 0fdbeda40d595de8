"""A component that cannot freeze the app."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import flet as ft

from views.state.context import LookContext

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger(__name__)


def component(body: Callable[P, R]) -> Callable[P, R]:
    """`ft.component`, but a body that raises draws a sentence instead of freezing the session.

    In Flet 1.0.5 an exception while a component is drawn again ends the session's update task: nothing
    changes on screen any more, and nothing is logged. The next change draws the component again.
    """

    @functools.wraps(body)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        look = ft.use_context(LookContext)  # asked for first: hooks keep their order when the body fails
        try:
            return body(*args, **kwargs)
        except Exception:
            log.exception("%s could not be drawn", body.__name__)
            return cast(R, ft.Text(look.words("problem.drawing") if look else "⚠"))

    return cast(Callable[P, R], ft.component(guarded))
