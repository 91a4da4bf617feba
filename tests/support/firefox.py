"""A stock Firefox, driven by WebDriver BiDi over its own WebSocket: no driver program, no patched browser.

`start` runs it headless with a profile of its own; `page` opens a page in a user context of its own (own storage), which
answers the few calls of a Playwright page that the journeys use.  It never waits for ever: a command without an answer
within `PATIENCE` fails.  Called by journeys with two kinds of browsers (tests/journeys).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import re
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import Any

import aiohttp

PATIENCE = 30.0  # seconds
_LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
PREFERENCES: dict[str, bool | int | str] = {
    "media.navigator.streams.fake": True,                 # a camera and a microphone that every machine has
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.cubeb.force_mock_context": True,               # without a sound card nothing that has to do with sound would run
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.gmp-manager.updateEnabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "app.update.enabled": False,
    "app.normandy.enabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "services.settings.server": "data:,",                 # asks nobody outside
    "intl.accept_languages": "vi-VN, vi",
}
# Playwright's manners: an expression is its value, a function is called with the argument; values travel as JSON.
_CALL = """async (text) => {
  const found = (%s);
  const value = typeof found === "function" ? await found(JSON.parse(text)) : await found;
  return JSON.stringify(value ?? null);
}"""


class Failed(Exception):
    """Firefox refused a command, or a script in the page threw."""


def program() -> str | None:
    """Where Firefox is installed."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class Firefox:
    """One running browser.  Begin with `start`, end with `close`."""

    def __init__(self, process: Process, client: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._process, self._client, self._socket = process, client, socket
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._pages: dict[str, FirefoxPage] = {}
        self._last = 0
        self._reader = asyncio.create_task(self._read(), name="firefox")
        self._drain = asyncio.create_task(_drained(process), name="firefox-errors")

    @classmethod
    async def start(cls, folder: Path, **preferences: bool | int | str) -> Firefox:
        """`folder` becomes its profile and its home; `preferences` (with _ for . where Python needs it) come on top."""
        path = program()
        assert path, "the journeys need a Firefox: python3 -m tests installs one"
        folder.mkdir(parents=True, exist_ok=True)
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in {**PREFERENCES, **preferences}.items()]
        (folder / "user.js").write_text("\n".join(lines))
        process = await asyncio.create_subprocess_exec(
            path, "--headless", "--profile", str(folder), "--remote-debugging-port=0", "about:blank",
            stdout=DEVNULL, stderr=PIPE, start_new_session=True, env={**os.environ, "HOME": str(folder), "LANG": "C.UTF-8"},
        )
        client = None
        try:
            address = await asyncio.wait_for(_address(process), PATIENCE)
            client = aiohttp.ClientSession()
            browser = cls(process, client, await client.ws_connect(f"{address}/session", max_msg_size=0))
            await browser.ask("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
            await browser.ask("session.subscribe", events=["log.entryAdded"])
            return browser
        except BaseException:
            if client is not None:
                await client.close()
            await _ended(process)
            raise

    async def close(self) -> None:
        """Ends the browser and all its children."""
        with contextlib.suppress(Failed, asyncio.TimeoutError):
            await self.ask("browser.close")
        self._reader.cancel()
        await self._socket.close()
        await self._client.close()
        await _ended(self._process)
        self._drain.cancel()
        await asyncio.gather(self._reader, self._drain, return_exceptions=True)

    async def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command and its result.  Raises Failed, TimeoutError."""
        self._last += 1
        number, answer = self._last, asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            await self._socket.send_json({"id": number, "method": method, "params": parameters})
            found: dict[str, Any] = await asyncio.wait_for(answer, PATIENCE)
            return found
        finally:
            del self._waiting[number]

    async def page(self, script: str = "", *, width: int = 1280, height: int = 800) -> FirefoxPage:
        """A blank page with nothing remembered; `script` runs in it before those of every address it goes to."""
        user = (await self.ask("browser.createUserContext"))["userContext"]
        if script:
            await self.ask("script.addPreloadScript", functionDeclaration=f"() => {{ {script} }}", userContexts=[user])
        context = (await self.ask("browsingContext.create", type="tab", userContext=user))["context"]
        page = self._pages[context] = FirefoxPage(self, context, user)
        await page.resize(width, height)
        return page

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                said = json.loads(message.data)
                waiting = self._waiting.get(said.get("id") or -1)
                if waiting is not None and not waiting.done():
                    if said["type"] == "success":
                        waiting.set_result(said["result"])
                    else:
                        waiting.set_exception(Failed(f"{said['error']}: {said['message']}"))
                elif said.get("method") == "log.entryAdded":
                    self._log(said["params"])
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(Failed("Firefox has gone"))

    def _log(self, entry: dict[str, Any]) -> None:
        page = self._pages.get(entry["source"].get("context"))
        if page is not None and entry["type"] == "javascript" and entry["level"] == "error":
            page.problems.append(entry["text"])


class FirefoxPage:
    """One page.  `problems` are the errors that its scripts did not catch."""

    def __init__(self, browser: Firefox, context: str, user: str) -> None:
        self._browser, self._context, self._user = browser, context, user
        self.problems: list[str] = []

    async def goto(self, url: str) -> None:
        await self._browser.ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height}
        await self._browser.ask("browsingContext.setViewport", context=self._context, viewport=size)

    async def evaluate(self, expression: str, argument: Any = None) -> Any:
        """The value of an expression, or what a function answers to `argument`.  Raises Failed where it throws."""
        answer = await self._browser.ask(
            "script.callFunction", functionDeclaration=_CALL % expression, awaitPromise=True, userActivation=True,
            target={"context": self._context}, arguments=[{"type": "string", "value": json.dumps(argument)}],
        )
        if answer["type"] == "exception":
            raise Failed(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    async def press(self, selector: str) -> None:
        """A real press of the mouse on the middle of the first such element, once it has stayed where it is for some frames."""
        place = await self.evaluate("""async (selector) => {
          const element = document.querySelector(selector);
          const middle = () => {
            element.scrollIntoView({ block: "center" });
            const box = element.getBoundingClientRect();
            return { x: Math.round(box.x + box.width / 2), y: Math.round(box.y + box.height / 2) };
          };
          let place = middle();
          for (let still = 0, looks = 0; still < 10 && looks < 300; looks += 1) {
            await new Promise(requestAnimationFrame);
            const now = middle();
            still = now.x === place.x && now.y === place.y ? still + 1 : 0;
            place = now;
          }
          return place;
        }""", selector)
        button = {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}
        actions = [{"type": "pointer", "id": "mouse", "actions": [{"type": "pointerMove", **place}, *button]}]
        await self._browser.ask("input.performActions", context=self._context, actions=actions)

    async def wait_for_timeout(self, milliseconds: float) -> None:
        await asyncio.sleep(milliseconds / 1000)

    async def screenshot(self, path: Path) -> None:
        """What the window shows, as PNG."""
        shot = await self._browser.ask("browsingContext.captureScreenshot", context=self._context)
        path.write_bytes(base64.b64decode(shot["data"]))

    async def close(self) -> None:
        """Ends the page and forgets what it remembered."""
        await self._browser.ask("browser.removeUserContext", userContext=self._user)


async def _address(process: Process) -> str:
    assert process.stderr is not None
    said = []
    while line := (await process.stderr.readline()).decode(errors="replace"):
        said.append(line)
        if found := _LISTENING.search(line):
            return found.group(1)
    raise Failed("Firefox did not start: " + "".join(said[-5:]))


async def _drained(process: Process) -> None:
    """A pipe that nobody reads would stop the browser."""
    assert process.stderr is not None
    while await process.stderr.read(65_536):
        pass


async def _ended(process: Process) -> None:
    """Gives it a few seconds, then ends its whole group."""
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(process.wait(), 10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
