"""Errors of the backend, in the user's terms. Any other exception is a bug.

BackendError
├── Unreachable        no answer: offline, name resolution, TLS, timeout
│   ├── NotSent          of a change: the request did not leave, so nothing was done
│   ├── CertificateRefused    no trusted authority vouches for the backend's certificate
│   └── DeviceMisconfigured   the device's proxy or certificates cannot be used
├── OutcomeUnknown     a change was sent, and its result could not be found out
├── NotDone            a change was sent without an answer, and a later read shows that it was not done
├── Unavailable        the backend cannot serve now (408, 425, 429, 5xx); `retry_after` if given
├── UnexpectedAnswer   this version of the app does not understand the answer
├── NotFound           the resource does not exist, or belongs to another subscriber
├── Forbidden          signed in, but without the right (a household user without billing rights)
├── UpdateNeeded       this version of the app is no longer served
├── KeyringUnavailable the credential store of this device is locked or fails: nothing was sent
├── SessionExpired     the session has ended: the user has to sign in again
├── PasswordNeeded     the sign-in is too old for this: nothing was done, the password is needed again
├── Changed            the data on screen is stale: nothing was done, read it again
├── NotPossible        the backend's rules do not allow it; `code` tells which rule
└── SignInError        the sign-in failed
    ├── Refused          wrong identifier or password; `attempts_left`
    ├── Locked           too many tries; `retry_after`
    ├── SignInTimedOut   the two-step sign-in took too long: start again
    └── ActionNeeded     finish on the operator's site (captcha, renewal); `url`

No message carries a secret: an error may be shown or logged. `correlator` identifies the exchange in the
backend's logs.
"""

from __future__ import annotations

from datetime import timedelta


class BackendError(Exception):
    """Base of all failures that a screen has to explain."""

    sent = False
    """The request left, and its answer is unknown: the operation may have been done."""

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
    """A change was sent, and its result could not be found out. A new read or a repeated request tells."""


class NotDone(BackendError):
    """A change was sent without an answer; a later read shows that it was not done."""


class Unavailable(BackendError):
    """The backend cannot serve requests now."""

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
    """This version of the app does not understand the answer."""


class NotFound(BackendError):
    """The resource does not exist, or belongs to another subscriber."""


class Forbidden(BackendError):
    """The subscriber is signed in, but may not see this resource."""


class UpdateNeeded(BackendError):
    """The backend no longer serves this version of the app."""


class SessionExpired(BackendError):
    """The session has ended: the user has to sign in again."""


class KeyringUnavailable(BackendError):
    """The device's credential store failed or is locked: nothing was sent, the session is unchanged."""


class PasswordNeeded(BackendError):
    """The password was given too long ago for this change (RFC 9470): nothing was done."""


class Changed(BackendError):
    """The user decided on stale data: nothing was done, and the data has to be read again."""


class NotPossible(BackendError):
    """The rules do not allow the change or the export: nothing was done, and a retry does not help.

    `code` is the contract's: `TERMINATION_NOT_ALLOWED`, `SERVICE_LOCKED`, `DISPUTE_EXISTS`,
    `DISPUTE_NOT_ALLOWED`, `IDEMPOTENCY_KEY_REUSED`, or a code that this version does not know. The app's own
    code is `ARCHIVE_TOO_LARGE`.
    """

    def __init__(self, detail: str = "", *, code: str = "", correlator: str | None = None) -> None:
        super().__init__(detail, correlator=correlator)
        self.code = code


class SignInError(BackendError):
    """The sign-in failed."""


class Refused(SignInError):
    """The identifier and password were not accepted."""

    def __init__(
        self, detail: str = "", *, attempts_left: int | None = None, correlator: str | None = None
    ) -> None:
        super().__init__(detail, correlator=correlator)
        self.attempts_left = attempts_left


class Locked(SignInError):
    """Too many tries: the account is locked for `retry_after`."""

    def __init__(self, detail: str = "", *, retry_after: timedelta, correlator: str | None = None) -> None:
        super().__init__(detail, correlator=correlator)
        self.retry_after = retry_after


class SignInTimedOut(SignInError):
    """The two steps took too long: the user has to sign in again."""


class ActionNeeded(SignInError):
    """The user has to finish this sign-in on the operator's site."""

    def __init__(self, detail: str = "", *, url: str | None, correlator: str | None = None) -> None:
        super().__init__(detail, correlator=correlator)
        self.url = url
