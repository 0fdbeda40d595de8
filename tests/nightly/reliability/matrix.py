"""Writes the fault matrix for readers, from its tables: `python -m tests.nightly.reliability.matrix`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path

from tests.nightly.reliability.faults import EVERYWHERE, FAULTS, FIRST_OF_KIND
from tests.nightly.reliability.outcomes import OUTCOMES, Kind, Outcome, Told
from tests.nightly.reliability.screens import DOINGS, PURCHASES, READINGS
from tests.views.catalogues import CATALOGUES, forms
from views.core.text import Language

DOCUMENT = Path(__file__).parents[3] / "docs" / "reliability.md"
_BEGIN, _END = "<!-- python -m tests.nightly.reliability.matrix writes from here -->", "<!-- to here -->"

NOTHING = "·"
LETTERS = {
    Told.UNREACHABLE: ("U", "Retry; by itself once the network is back"),
    Told.UNTRUSTED: ("T", "Retry; by itself once the certificate is the backend's"),
    Told.UNAVAILABLE: ("B", "Retry; by itself once the backend answers"),
    Told.UNEXPECTED: ("X", "Retry; the help, with a code that finds the exchange"),
    Told.FORBIDDEN: ("F", "the rest of the app; it is asked again when one comes by"),
    Told.NOT_FOUND: ("A", "the rest of the app; it is asked again when one comes by"),
    Told.NOT_SENT: ("N", "the same button: what was typed is there"),
    Told.UNKNOWN: ("M", "a button to check; by itself once the network is back"),
    Told.NOT_DONE: ("D", "the same button: what was typed is there"),
    Told.CHANGED: ("C", "what is true is read and shown; then the same button"),
    Told.NOT_POSSIBLE: ("I", "the same button"),
    Told.QUEUED: ("Q", "none needed: it is sent by itself"),
    Told.SESSION_OVER: ("S", "signing in leads back to the same screen"),
}
"""What stands for a family of sentences in a cell, and the way forward that goes with it."""

_CHAPTER = """
## The fault matrix

**{faults} faults meet {screens} screens {meetings} times** in
`pytest tests/nightly/reliability`, over real sockets: the app with its client, TLS to a name, a gateway that
plays the fault, the sandbox under uvicorn on a SQLite file. Time-outs and the pauses between tries are
shortened, and reads are tried once more instead of twice; everything else is as users have it.

One fault of each kind meets every screen, and so does each fault that screens could tell from the others of
its kind: {everywhere} faults. Each of the others meets the purchases and the end of a subscription.

A screen that shows something meets a fault when it is seen **first**, the account known and nothing else, and
**again** once it has shown its figures. The app is also **opened** while the fault is on: what it says in the
place of the account is seen on every screen, for one fault of each kind. Each time the test sees this
sentence and no other, a way forward, no crash, no secret in the logs, and nothing turned to zero: no figure
at all where nothing is known, else every amount as it was, with its age. Then the fault ends, the
backend's figures are others, and Retry brings them.

What changes something meets a fault once. It is told as it stands, what was typed stays, and in the end it
has been done once, no less and no more, by the backend's own database.

### What a user is told

{told}

`{nothing}`: nothing, for it goes on as if there were no fault.

### Kinds of trouble

{kinds}

### Every fault on every screen

Two letters: seen first, and again. One letter: on opening, or on doing it; or the screen has nothing to read.

{matrix}
"""


def document(before: str) -> str:
    """The document with its matrix as the tables are now; what else it says stays."""
    head, _, rest = before.partition(_BEGIN)
    tail = rest.partition(_END)[2]
    return f"{head}{_BEGIN}\n{_chapter()}\n{_END}{tail}"


def _chapter() -> str:
    screens = 1 + len(READINGS) + len(DOINGS)
    opened = len(FIRST_OF_KIND) * (len(READINGS) - 1) + len(FAULTS)
    situations = tuple(field.name for field in fields(Outcome))
    return _CHAPTER.format(
        faults=len(FAULTS),
        screens=screens,
        everywhere=len(EVERYWHERE),
        meetings=opened
        + len(EVERYWHERE) * (sum(len(one.situations) for one in READINGS) + len(DOINGS))
        + (len(FAULTS) - len(EVERYWHERE)) * (len(PURCHASES.situations) + 1),
        nothing=NOTHING,
        told=_table(
            ("", "Sentence", "Way forward"),
            ((letter, _sentence(told), forward) for told, (letter, forward) in LETTERS.items()),
        ),
        kinds=_table(
            ("Kind", *situations),
            ((kind.value, *(_letter(getattr(OUTCOMES[kind], one)) for one in situations)) for kind in Kind),
        ),
        matrix=_table(
            ("Fault", "Played", "opening", *(one.name for one in (*READINGS, *DOINGS))),
            (
                (fault.name, fault.how, _letter(OUTCOMES[fault.kind].opened), *_cells(OUTCOMES[fault.kind]))
                for fault in FAULTS
            ),
        ),
    )


def _cells(outcome: Outcome) -> Iterator[str]:
    for screen in READINGS:
        yield "".join(_letter(screen.tells(getattr(outcome, one))) for one in screen.situations)
    for doing in DOINGS:
        yield _letter(getattr(outcome, doing.sort))


def _letter(told: Told | None) -> str:
    return NOTHING if told is None else LETTERS[told][0]


def _sentence(told: Told) -> str:
    """The shortest of the family, in English: a title and a text, or a text alone."""
    words = {key: forms(message)[0] for key, message in CATALOGUES[Language.EN].items()}
    keys = [key for key in (told.value[0], f"{told.value[0]}title", f"{told.value[0]}text") if key in words]
    return ". ".join(words[key] for key in keys)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = tuple(head)
    return "\n".join(f"| {' | '.join(row)} |" for row in (titles, ("---",) * len(titles), *rows))


def main() -> None:
    """Brings the document up to date."""
    before = DOCUMENT.read_text("utf-8") if DOCUMENT.exists() else "# Reliability\n\n"
    DOCUMENT.write_text(document(before), "utf-8")


if __name__ == "__main__":
    main()
