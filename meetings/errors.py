"""The error tree of the record.  Codes are stable strings listed in docs/protocol.md; params are data, never prose.

    MeetingError(code, **params)
    ├── NotAllowed    the person may see the thing, but not do this to it
    ├── NotFound      there is no such thing, or the person may not know that there is
    ├── Conflict      something else stands in the way (a booking, a ballot, an order of steps)
    ├── Stale         the caller worked from an older version
    ├── Closed        the thing has ended and takes nothing more
    ├── Invalid       the input is wrong; `field` names where
    ├── TooLarge      the input is beyond a limit
    └── Unavailable   the machine cannot do it now (disk full, database busy or away); nothing was changed

Only `web/errors.py` turns these into text and status codes.
"""

from __future__ import annotations

from typing import Any


class MeetingError(Exception):
    """A refusal with a stable `code` ("booking.overlap") and `params` that explain it."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.code}({shown})" if shown else self.code

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross process borders in race tests and workers; the default would lose the params."""
        return _rebuild, (type(self), self.code, self.params)


def _rebuild(kind: type[MeetingError], code: str, params: dict[str, Any]) -> MeetingError:
    return kind(code, **params)


class NotAllowed(MeetingError):
    """The person may see the thing, but not do this to it."""


class NotFound(MeetingError):
    """No such thing, or the person may not know that there is: strangers cannot tell the two apart."""


class Conflict(MeetingError):
    """Something else stands in the way."""


class Stale(MeetingError):
    """The caller worked from an older version."""


class Closed(MeetingError):
    """The thing has ended and takes nothing more."""


class Invalid(MeetingError):
    """The input is wrong; `field` in params names where."""


class TooLarge(MeetingError):
    """The input is beyond a limit."""


class Unavailable(MeetingError):
    """The machine cannot do it now (disk full, store away); nothing was changed."""
