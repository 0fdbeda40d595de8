"""Writer of the fault matrix in the documents: `python -m tests.nightly.reliability.matrix`."""

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
    Told.UNREACHABLE: ("U", "Retry; automatic once the network is back"),
    Told.UNTRUSTED: ("T", "Retry; automatic once the certificate is the backend's"),
    Told.UNAVAILABLE: ("B", "Retry; automatic once the backend answers"),
    Told.UNEXPECTED: ("X", "Retry; the help, with a code that identifies the request"),
    Told.FORBIDDEN: ("F", "the rest of the app; each visit of the screen asks the backend again"),
    Told.NOT_FOUND: ("A", "the rest of the app; each visit of the screen asks the backend again"),
    Told.NOT_SENT: ("N", "the same button; the input is kept"),
    Told.UNKNOWN: ("M", "a button to check; automatic once the network is back"),
    Told.NOT_DONE: ("D", "the same button; the input is kept"),
    Told.CHANGED: ("C", "the true state is read and shown; then the same button"),
    Told.NOT_POSSIBLE: ("I", "the same button"),
    Told.INCOMPLETE: ("P", "the rest of the screen; an update of the app, or the invoice"),
    Told.QUEUED: ("Q", "none needed: it is sent automatically"),
    Told.SESSION_OVER: ("S", "the sign-in leads back to the same screen"),
}
"""Letter for each family of sentences, and its way forward."""

_CHAPTER = """
## Fault matrix

`pytest tests/nightly/reliability` combines **{faults} faults with {screens} screens, {meetings} times**,
over sockets: the app with its client, TLS to a host name, a gateway that simulates the fault, and the
sandbox under uvicorn on a SQLite file. Timeouts and the pauses between attempts are shortened, and reads
are retried once instead of twice. All other settings are those of users.

Each screen meets one fault of each kind, and each fault that screens could distinguish from others of its
kind: {everywhere} faults. The other faults meet only the purchases and the end of a subscription.

A screen that shows data meets a fault **first**, with only the account known, and **again**, after it has
shown its figures. The app is also **opened** during the fault: for one fault of each kind, the test
checks the sentence in place of the account on every screen. Each time, the test checks for this sentence
and no other, a way forward, no crash and no secret in the logs. No figure may turn to zero: without data
the screen shows no figure, else every amount as before, with its age. Then the fault ends, the backend's
figures change, and Retry loads them.

A screen that changes data meets a fault once. It shows the true outcome and keeps the input. In the end,
the backend's database contains the change exactly once.

### Messages to users

{told}

`{nothing}`: no message; the app continues as without a fault.

### Kinds of faults

{kinds}

### Every fault on every screen

Two letters: the messages of "first" and "again". One letter: the opening, a change, or a screen without
data.

{matrix}
"""


def document(before: str) -> str:
    """Return the document with the matrix of the current tables; keep the rest."""
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
            ("Fault", "Simulation", "opening", *(one.name for one in (*READINGS, *DOINGS))),
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
    """Return the shortest sentence of a family in English: a title and a text, or a text alone."""
    words = {key: forms(message)[0] for key, message in CATALOGUES[Language.EN].items()}
    keys = [key for key in (told.value[0], f"{told.value[0]}title", f"{told.value[0]}text") if key in words]
    return ". ".join(words[key] for key in keys)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = tuple(head)
    return "\n".join(f"| {' | '.join(row)} |" for row in (titles, ("---",) * len(titles), *rows))


def main() -> None:
    """Update the document."""
    before = DOCUMENT.read_text("utf-8") if DOCUMENT.exists() else "# Reliability\n\n"
    DOCUMENT.write_text(document(before), "utf-8")


if __name__ == "__main__":
    main()
