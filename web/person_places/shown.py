"""The page of a paper that all see now: a link without scripts, the picture itself where the page's script follows it."""

from __future__ import annotations

from typing import Any

from web.person_places.look import Look


def place(look: Look) -> dict[str, Any] | None:
    shown = look.sections["shown"]
    return {"template": "person/shown.html", **shown} if shown else None
