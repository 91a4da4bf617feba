"""What the error codes of the calendar say to a person.  Only texts; see `messages.py`."""

from __future__ import annotations

from web.i18n import N_

TEXTS: dict[str, str] = {
    "calendar.stale": N_("Cuộc họp vừa được người khác đổi sang {when}. Hãy tải lại trang rồi đổi giờ lại."),
}
