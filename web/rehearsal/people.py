"""A person with a browser: signs in, reads pages, submits their forms.  One HTTP client each, so cookies stay apart.

Called by `journey.py`.  Raises Refused with the server's own words when an answer is not what a person hoped for.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin

import httpx

from web.i18n import _, language
from web.rehearsal import forms

SENTENCE = re.compile(r"<[^>]+>|\s+")
HEADERS = {"accept": "text/html,application/xhtml+xml", "sec-fetch-site": "same-origin"}


class Refused(Exception):
    """The server said no; the text is what a person would have read."""


class Person:
    """One person at `base_url`.  `login` is None for somebody who only holds a link."""

    def __init__(self, base_url: str, login: str | None = None, password: str = "", *, verify: Any = True) -> None:
        self.base_url = base_url
        self.login = login
        self._password = password
        self._token = ""
        self._http = httpx.AsyncClient(
            base_url=base_url, headers={**HEADERS, "accept-language": language(), "origin": base_url}, timeout=60,
            verify=verify, follow_redirects=True,
        )

    async def sign_in(self) -> None:
        """Raises Refused when login or password do not fit."""
        await self.submit("/signin", "/signin", login=str(self.login), password=self._password)
        answer = await self._http.get("/", follow_redirects=False)
        if answer.status_code != 200:
            raise Refused(_("{login} không đăng nhập được ({status})", login=self.login, status=answer.status_code))

    async def close(self) -> None:
        """Closes the browser."""
        await self._http.aclose()

    async def get(self, path: str) -> httpx.Response:
        return _happy(await self._http.get(path))

    async def status(self, path: str) -> int:
        """The bare status of a page: what a stranger learns."""
        return (await self.answer(path)).status_code

    async def answer(self, path: str) -> httpx.Response:
        """Whatever the server answers, taken as it is."""
        return await self._http.get(path, follow_redirects=False)

    async def page(self, path: str) -> forms.Page:
        return forms.read((await self.get(path)).text)

    async def submit(self, path: str, action_end: str, *, files: Any = None, **values: str | list[str]) -> httpx.Response:
        """Opens `path`, fills the form whose address ends with `action_end`, sends it, follows to the next page."""
        form = (await self.page(path)).form(action_end)
        target = urljoin(str(self._http.base_url.join(path)), form.action or path)
        if form.method == "get":
            return _happy(await self._http.get(target, params=form.filled(**values)))
        data: dict[str, list[str]] = {}
        for name, value in form.filled(**values):
            data.setdefault(name, []).append(value)
        return _happy(await self._http.post(target, data=data, files=files))

    async def post(self, path: str, **values: Any) -> httpx.Response:
        """A script's request: JSON in, JSON out, with the token that the person's pages carry."""
        if not self._token:
            self._token = (await self.page("/")).metas["csrf-token"]
        headers = {"x-csrf-token": self._token, "accept": "application/json"}
        return _happy(await self._http.post(path, json=values, headers=headers))


def _happy(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    words = SENTENCE.sub(" ", re.sub(r"(?s)<(style|script|nav|head)\b.*?</\1>", " ", answer.text)).strip()
    raise Refused(f"{answer.request.method} {answer.request.url.path} → {answer.status_code}: {words[:300]}")
