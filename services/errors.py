"""Why the backend could not answer, in the user's terms. Everything else is a bug.

BackendError
├── Unreachable        no answer: offline, name resolution, TLS, timeout
│   ├── NotSent          of a change: it did not even leave, so nothing was done
│   ├── CertificateRefused    no trusted authority vouches for the backend's certificate
│   └── DeviceMisconfigured   the device's proxy or certificates cannot be used
├── OutcomeUnknown     a change was sent, and whether it was done could not be found out
├── NotDone            a change was sent without an answer, and found not to be done
├── Unavailable        it answers that it cannot serve now (408, 425, 429, 5xx); `retry_after` when it says so
├── UnexpectedAnswer   an answer this version of the app does not understand
├── NotFound           it does not exist, or is not this subscriber's
├── Forbidden          signed in, but without the right (a household user without billing rights)
├── UpdateNeeded       this version of the app is no longer served
├── KeyringUnavailable the credential store of this device is locked or fails: nothing was sent
├── SessionExpired     the session is over: the user has to sign in again
├── PasswordNeeded     signed in too long ago for this: nothing was done, the password is wanted again
├── Changed            what was on screen is no longer true: nothing was done, read again
├── NotPossible        the backend's rules do not allow it; `code` says which
└── SignInError        the sign-in did not succeed
    ├── Refused          wrong identifier or password; `attempts_left`
    ├── Locked           too many tries; `retry_after`
    ├── SignInTimedOut   the two-step sign-in lasted too long: start again
    └── ActionNeeded     to be finished on the operator's site (captcha, renewal); `url`

No message carries a secret: an error may be shown or logged. `correlator` finds the exchange in the
backend's logs.
"""

from __future__ import annotations

from datetime import timedelta


class BackendError(Exception):
    """Base of every failure a screen has to explain."""

    sent = False
    """The request left and nothing is known of its answer: what it asked for may have been done."""

    def __init__(self, detail: str = "", *, correlator: str | None = None) -> None:
        super().__init__(detail)
        self.correlator = correlator


class Unreachable(BackendError):
    """No answer: offline, name resolution, TLS, timeout."""


class NotSent(Unreachable):
    """A change did not leave this device: nothing was done."""


class CertificateRefused(Unreachable):
    """The backend's certificate was refused: intercepted connection, unknown authority, wrong clock."""


class DeviceMisconfigured(Unreachable):
    """The proxy or the certificates that this device is set to use cannot be used."""


class OutcomeUnknown(BackendError):
    """A change was sent, and whether it was done could not be found out: reading again tells, or the same
    once more."""


class NotDone(BackendError):
    """A change was sent without an answer; what was read since shows that it was not done."""


class Unavailable(BackendError):
    """The backend answers that it cannot serve now."""

    def __init__(
        self,
        detail: str = "",
        *,
        retry_after: timedelta | None = None,
        correlator: str | None = None,
    ) -> None:
        super().__init__(detail, correlator=correlator)
        self.retry_after = retry_after


class UnexpectedAnswer(BackendError):
    """An answer this version of the app does not understand."""


class NotFound(BackendError):
    """It does not exist, or is not this subscriber's."""


class Forbidden(BackendError):
    """Signed in, but without the right to see this."""


class UpdateNeeded(BackendError):
    """The backend does not serve this version of the app any more."""


class SessionExpired(BackendError):
    """The session is over: the user has to sign in again."""


class KeyringUnavailable(BackendError):
    """The credential store of this device is locked, slow or fails: nothing was sent, signed in as before."""


class PasswordNeeded(BackendError):
    """The password was given too long ago for this change (RFC 9470): nothing was done."""


class Changed(BackendError):
    """What the user decided on is no longer true: nothing was done, and it has to be read again."""


class NotPossible(BackendError):
    """The backend's rules do not allow it: nothing was done, and trying again will not help.

    `code` is the contract's: `TERMINATION_NOT_ALLOWED`, `SERVICE_LOCKED`, `DISPUTE_EXISTS`,
    `DISPUTE_NOT_ALLOWED`, `IDEMPOTENCY_KEY_REUSED`, or one this version does not know.
    """

    def __init__(self, detail: str = "", *, code: str = "", correlator: str | None = None) -> None:
        super().__init__(detail, correlator=correlator)
        self.code = code


class SignInError(BackendError):
    """The sign-in did not succeed."""


class Refused(SignInError):
    """The identifier and password were not accepted."""

    def __init__(
        self, detail: str = "", *, attempts_left: int | None = None, correlator: str | None = None
    ) -> None:
        super().__init__(detail, correlator=correlator)
        self.attempts_left = attempts_left


class Locked(SignInError):
    """Too many tries: the account is closed for `retry_after`."""

    def __init__(self, detail: str = "", *, retry_after: timedelta, correlator: str | None = None) -> None:
        super().__init__(detail, correlator=correlator)
        self.retry_after = retry_after


class SignInTimedOut(SignInError):
    """The two steps took too long: the sign-in starts again."""


class ActionNeeded(SignInError):
    """The operator's own site has to finish this sign-in."""

    def __init__(self, detail: str = "", *, url: str | None, correlator: str | None = None) -> None:
        super().__init__(detail, correlator=correlator)
        self.url = url
