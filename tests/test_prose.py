"""Plain language in docstrings and comments, as far as a test can check it.

The rules are those of CONTRIBUTING.md.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("main.py", "services", "views", "tests")
MOST_WORDS = 25
NOT_A_VERB = re.compile(
    r"(?:A|An|The|This|That|These|Those|It|Its|One|All|Any|Each|Every|Some|None|No|Not|Nothing|Only|Enough|Same"
    r"|What|Whatever|Whether|Which|Who|Whoever|Whose|Where|When|How|Why|If|In|As|At|By|Of|On|For|From|To|Up|With"
    r"|Without|Until|After|Before|So|There|Or|And|Is|Are|Was|Has|Two|Three|True|False|[A-Z]?\d+|«|`.*?`)\b"
)
"""Openings of a function's docstring that are no imperative."""
NOT_A_NOUN = re.compile(r"(?:What|Whatever|Where|When|How|Why|Who|Whoever|Those|If|As|By|Of|It|Its own)\b")
"""Openings of other docstrings that are no noun phrase."""
THIRD_PERSON = re.compile(r"(?!Focus|Pass|Process|Compress|Discuss|Bias)[A-Z][a-z]+(?:[^s]s|sses)\b")
BANNED = re.compile(
    r"\b(?:who(?:m|so)?ever|nobody|somebody|anybody|no one|someone's|anew|afresh|thereof|heed(?:s|ed)?"
    r"|giv(?:e|es|ing) way|what was|the one that|of whom|whose each|under way"
    r"|colour|behaviour|favourite|licence|neighbour|millimetres?|centre)\b",
    re.IGNORECASE,
)
"""Words that style and spelling rule out."""


def files(room: str) -> list[Path]:
    path = ROOT / room
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str, ast.AST | None]]:
    """Yield the line and text of each docstring, with its function; attributes have docstrings too."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for index, statement in enumerate(body if isinstance(body, list) else ()):
            match statement:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and index == 0
                    yield statement.lineno, text, node if is_function else None


def is_property(function: ast.AST) -> bool:
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    return any("property" in ast.unparse(decorator) for decorator in function.decorator_list)


def comments(source: str) -> Iterator[tuple[int, str]]:
    """Yield each block of comments with its first line; directives of tools are left out."""
    last, first, block = -1, 0, ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        text = re.sub(
            r"^#\s*(?:(?:noqa|type: ignore)\S*(?: [A-Z]+\d+,?)*(?: [-#])?|fmt: \w+)?\s*", "", token.string
        )
        alone = not token.line[: token.start[1]].strip()
        if alone and token.start[0] == last + 1:
            block = f"{block} {text}"
        else:
            if block:
                yield first, block
            first, block = token.start[0], text
        last = token.start[0] if alone else -1
    if block:
        yield first, block


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a docstring or comment; an indented line is a sentence of its own."""
    lines = text.strip().split("\n")
    margin = min((len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()), default=0)
    paragraph = ""
    for line in [lines[0], *(each[margin:] for each in lines[1:]), ""]:
        if line.strip() and not line.startswith((" ", "├", "│", "└")):
            paragraph = f"{paragraph} {line}".strip()
            continue
        yield from re.split(r"(?<=[.?!])\s+", paragraph)
        paragraph = ""
        if line.strip():
            yield from re.split(r"(?<=[.?!])\s+", line.strip())


def faults(source: str) -> Iterator[str]:
    """Yield each sentence that breaks a rule, after its line and the rule."""
    texts = list(comments(source))
    for line, text, function in docstrings(ast.parse(source)):
        texts.append((line, text))
        opening = text.strip()
        must_be_imperative = function is not None and not is_property(function)
        if must_be_imperative and (NOT_A_VERB.match(opening) or THIRD_PERSON.match(opening)):
            yield f"{line}: no imperative: {opening[:60]}"
        if function is None and NOT_A_NOUN.match(opening):
            yield f"{line}: no noun phrase: {opening[:60]}"
    for line, text in texts:
        prose = re.sub(r"`[^`]*`|\"[^\"]*\"|«[^»]*»", "x", text)
        for word in BANNED.findall(prose):
            yield f"{line}: {word!r}: {text.strip()[:60]}"
        for sentence in sentences(prose):
            if len(sentence.split()) > MOST_WORDS:
                yield f"{line}: {len(sentence.split())} words: {sentence[:60]}"


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_and_comments_are_plain(room: str) -> None:
    found = [
        f"{file.relative_to(ROOT)}:{fault}"
        for file in files(room)
        for fault in faults(file.read_text("utf-8"))
    ]
    assert files(room)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ('def f():\n    """The value."""\n', "2: no imperative: The value."),
        ('def f():\n    """Returns it."""\n', "2: no imperative: Returns it."),
        ('def f():\n    """Whether it is so."""\n', "2: no imperative: Whether it is so."),
        ('class A:\n    """What is known."""\n', "2: no noun phrase: What is known."),
        ("x = 1  # for whoever reads\n", "1: 'whoever': for whoever reads"),
        ("# Nobody\n# asks.\n", "1: 'Nobody': Nobody asks."),
        (f'"""{"word " * 26}"""\n', "1: 26 words: " + ("word " * 12)),
    ],
)
def test_a_fault_is_found(source: str, fault: str) -> None:
    assert [each.strip() for each in faults(source)] == [fault.strip()]


def test_plain_prose_has_no_fault() -> None:
    source = '''
class Cache:
    """Cache of answers."""

    size: int = 3
    """Number of answers."""

    @property
    def full(self) -> bool:
        """Whether no answer fits."""

    def drop(self) -> None:
        """Pass the oldest answer on, and drop it.

        Raises:
            KeyError: the cache is empty.
        """  # noqa: D401 - kept for the test
'''
    assert not list(faults(source))
