"""Reads the forms of a page as a browser without scripts would: hidden fields, defaults, what is ticked and selected.

Standard library only; it never guesses a field that the page does not show.  Called by `people.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(slots=True)
class Form:
    """One form: where it goes, and its fields in page order as (name, value)."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    choices: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """What may be ticked or selected: name → (value, the option's words)."""

    def choice(self, name: str, words: str) -> str:
        """The value whose words contain `words`.  Raises KeyError when the page does not offer it."""
        for value, said in self.choices.get(name, []):
            if words in said:
                return value
        raise KeyError(f"{name} offers no {words!r}")

    def filled(self, **values: str | list[str]) -> list[tuple[str, str]]:
        """The fields with `values` put in; a list repeats its name.  Raises KeyError for a name the form lacks."""
        unknown = set(values) - self.names
        if unknown:
            raise KeyError(f"form {self.action} has no field {sorted(unknown)}; it has {sorted(self.names)}")
        kept = [(name, value) for name, value in self.fields if name not in values]
        for name, value in values.items():
            kept += [(name, one) for one in (value if isinstance(value, list) else [value])]
        return kept


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self.metas: dict[str, str] = {}
        self._form: Form | None = None
        self._select: tuple[Form, str] | None = None
        self._first: str | None = None
        self._words: list[tuple[str, str]] = []
        self._chosen = False
        self._area: tuple[Form, str] | None = None
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "meta" and "name" in given:
            self.metas[given["name"]] = given.get("content", "")
        elif tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
            if "id" in given:
                self.by_id[given["id"]] = self._form
        else:
            self._control(tag, given)

    def _control(self, tag: str, given: dict[str, str]) -> None:
        form = self.by_id.get(given["form"]) if "form" in given else self._form
        if tag == "option" and self._select:
            self._option(given)
            return
        name = given.get("name", "")
        if form is None or not name or "disabled" in given:
            return
        form.names.add(name)
        if tag == "input":
            kind = given.get("type", "text")
            ticked = kind not in ("checkbox", "radio") or "checked" in given
            if kind in ("checkbox", "radio"):
                form.choices.setdefault(name, []).append((given.get("value", "on"), ""))
            if ticked and kind not in ("submit", "button", "image", "file"):
                form.fields.append((name, given.get("value", "on" if kind in ("checkbox", "radio") else "")))
        elif tag == "select":
            self._select, self._first, self._chosen, self._words = (form, name), None, False, []
        elif tag == "textarea":
            self._area, self._text = (form, name), []

    def _option(self, given: dict[str, str]) -> None:
        assert self._select is not None, "options are read inside a select only"
        form, name = self._select
        value = given.get("value", "")
        self._first = value if self._first is None else self._first
        form.choices.setdefault(name, []).append((value, ""))
        self._words = form.choices[name]
        if "selected" in given:
            form.fields.append((name, value))
            self._chosen = True

    def handle_data(self, data: str) -> None:
        if self._area:
            self._text.append(data)
        elif self._select and self._words:
            value, said = self._words[-1]
            self._words[-1] = (value, said + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select" and self._select:
            if not self._chosen and self._first is not None:
                self._select[0].fields.append((self._select[1], self._first))
            self._select = None
        elif tag == "textarea" and self._area:
            self._area[0].fields.append((self._area[1], "".join(self._text).removeprefix("\n")))
            self._area = None


@dataclass(frozen=True, slots=True)
class Page:
    """What a page offers: its forms and its named metas."""

    forms: list[Form]
    metas: dict[str, str]

    def form(self, action_end: str) -> Form:
        """The form whose address ends so.  Raises KeyError naming those that are there."""
        for form in self.forms:
            if form.action.split("?")[0].endswith(action_end):
                return form
        raise KeyError(f"no form to …{action_end}; the page has {[form.action for form in self.forms]}")


def read(html: str) -> Page:
    """Forms and metas of an HTML text."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Page(reader.forms, reader.metas)
