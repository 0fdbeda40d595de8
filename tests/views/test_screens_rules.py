"""Rules of all screens, checked in the source code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import services.domain.errors
from services.domain.errors import BackendError

VIEWS = Path(__file__).parents[2] / "views"
ERRORS = {
    name
    for name, value in vars(services.domain.errors).items()
    if isinstance(value, type) and issubclass(value, BackendError)
}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(VIEWS.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def holds_state(tree: ast.Module) -> bool:
    """Return whether the module defines a state holder, by its decorator, or the base of one."""
    return any(
        "ft.observable" in map(ast.unparse, node.decorator_list)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    )


def components(tree: ast.Module) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, Function) and any(
            isinstance(mark, ast.Name) and mark.id == "component" for mark in node.decorator_list
        ):
            yield node


def own(body: Function) -> Iterator[ast.AST]:
    """Yield the nodes that run during a render, without the nested functions."""
    for statement in body.body:
        yield from _without_functions(statement)


def _without_functions(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, Function | ast.Lambda):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _without_functions(child)


def test_source_scan_finds_the_components() -> None:
    found = [body.name for _, tree in sources() for body in components(tree)]
    assert {"App", "LoginView", "HomeView", "UsageView", "PurchasesView", "PurchaseView"} <= set(found)


def test_module_defines_components_or_state_but_not_both() -> None:
    both = [
        path.relative_to(VIEWS).as_posix()
        for path, tree in sources()
        if holds_state(tree) and any(components(tree))
    ]
    assert both == []


def test_components_neither_await_nor_catch_while_rendering() -> None:
    for path, tree in sources():
        for body in components(tree):
            where = f"{path.name}:{body.lineno} {body.name}"
            assert isinstance(body, ast.FunctionDef), f"{where} is async"
            for node in own(body):
                assert not isinstance(node, ast.Await | ast.Try), where


def test_components_use_the_guarded_decorator() -> None:
    """Plain `ft.component` freezes the session if its body raises."""
    for path, tree in sources():
        if path == VIEWS / "core" / "component.py":
            continue
        assert all(ast.unparse(node) != "ft.component" for node in ast.walk(tree)), path.name


def caught(handler: ast.ExceptHandler) -> set[str]:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {ast.unparse(kind) for kind in kinds if kind is not None}


def test_backend_errors_are_caught_only_in_states_and_no_handler_is_bare() -> None:
    shared = {VIEWS / "core" / name for name in ("loadable.py", "change.py")}
    for path, tree in sources():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ExceptHandler):
                continue
            where, kinds = f"{path.name}:{node.lineno}", caught(node)
            if kinds & ERRORS:
                assert holds_state(tree) or path in shared, where
            # These modules report the exceptions that they catch.
            reporting = ("core/component.py", "core/loadable.py", "web/demo/browser.py")
            if path.relative_to(VIEWS).as_posix() not in reporting:
                assert kinds, f"{where} catches everything"
                assert not kinds & {"Exception", "BaseException"}, where


def test_backend_is_called_only_by_states() -> None:
    asked = {
        "account",
        "billing_periods",
        "purchases",
        "purchase",
        "begin_sign_in",
        "finish_sign_in",
        "resume",
    }
    for path, tree in sources():
        if holds_state(tree):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Await) and isinstance(node.value, ast.Call):
                target = ast.unparse(node.value.func)
                assert ".backend." not in target, f"{path.name}:{node.lineno}"
                assert not (target.startswith("backend.") and target.split(".")[1] in asked), path.name


def waits(tree: ast.Module) -> set[str]:
    """Return the names of the coroutine functions of a module."""
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)}


def test_handlers_are_no_lambdas_that_return_a_coroutine() -> None:
    """Flet never awaits what a lambda returns, as handler or as effect."""
    coroutines = set[str]().union(*(waits(tree) for _, tree in sources()))
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Lambda) and isinstance(node.body, ast.Call):
                called = ast.unparse(node.body.func).rpartition(".")[2]
                passed_on = holds_state(tree)  # passed to SingleFlight, which awaits it
                assert passed_on or called not in coroutines, f"{path.name}:{node.lineno} {called}"


def test_asynchronous_effects_have_a_cleanup() -> None:
    """Flet 1.0.5 cancels an effect on unmount only if it has a cleanup."""
    for path, tree in sources():
        waiting = waits(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "ft.use_effect":
                named = {keyword.arg for keyword in node.keywords}
                effect = node.args[0]
                at_once = isinstance(effect, ast.Name) and effect.id not in waiting
                root = path.name == "app.py"  # the root is never unmounted
                assert at_once or root or "cleanup" in named, f"{path.name}:{node.lineno}"


def test_modules_have_no_mutable_globals() -> None:
    """Prevent state shared by the users of one process."""
    for path, tree in sources():
        for node in tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict | ast.Set):
                constant = all(
                    name.id.isupper()
                    for name in ast.walk(node.targets[0] if isinstance(node, ast.Assign) else node.target)
                    if isinstance(name, ast.Name)
                )
                assert constant, f"{path.name}:{node.lineno}"
            runs = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
            assert not runs, f"{path.name}:{node.lineno} runs when it is imported"


def test_handlers_read_user_input_from_the_event_data() -> None:
    """Read the event: after a re-render, the control holds the value of the app."""
    for path, _ in sources():
        for property_ in ("value", "selected", "selected_index"):
            assert f"event.control.{property_}" not in path.read_text(encoding="utf-8"), path.name


def test_screens_animate_nothing_of_their_own() -> None:
    """Leave motion to Flutter, whose durations are 250 ms for a bottom sheet and 150 ms for a dialog."""
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword):
                moves = (node.arg or "").startswith("animate") or node.arg == "transition"
                assert not moves, f"{path.name}:{node.lineno} {node.arg}"
            if isinstance(node, ast.Call):
                built = ast.unparse(node.func)
                own = ("ft.Animation", "ft.AnimatedSwitcher", "ft.AnimationStyle", "ft.ProgressRing")
                kit = path.name == "progress.py"  # it turns only if animations are enabled
                assert built not in own or kit, f"{path.name}:{node.lineno} {built}"


def test_signs_of_ways_on_are_drawn_only_by_the_kit() -> None:
    """Keep one chevron for rows, one for links, and one icon for what opens outside the app."""
    signs = ("Icons.CHEVRON_", "Icons.NAVIGATE_", "Icons.ARROW_FORWARD", "Icons.OPEN_IN_NEW", " url=")
    for path, _ in sources():
        if path.parent.name != "kit":
            source = path.read_text(encoding="utf-8")
            assert [sign for sign in signs if sign in source] == [], path.name
