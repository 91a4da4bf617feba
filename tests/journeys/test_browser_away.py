"""The service worker in a real Chromium: a page that cannot be had is one that says so; what has a hash never passes through it."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.support.installation import Installation, soon
from tests.support.running import installation  # noqa: F401 - a fixture

pytestmark = [pytest.mark.browser]

THROUGH = "performance.getEntriesByType('resource').filter((one) => one.workerStart > 0 && one.workerFinalSourceType !== 'network').map((one) => one.name)"


async def test_without_a_line_a_page_says_so_and_scripts_never_pass_the_worker(chromium: Browser, installation: Installation) -> None:  # noqa: F811
    context = await chromium.new_context(locale="vi-VN")
    page = await context.new_page()
    await page.goto(f"{installation.url}/signin")
    await soon(lambda: page.evaluate("navigator.serviceWorker?.controller?.state === 'activated'"))
    await page.reload()
    assert await page.evaluate("performance.getEntriesByType('navigation')[0].workerStart") > 0, "the page itself does"
    assert await page.evaluate("performance.getEntriesByType('resource').length") > 2
    assert await page.evaluate(THROUGH) == []
    await context.set_offline(True)
    await page.goto(f"{installation.url}/")
    assert "Không có kết nối" in await page.inner_text("body")
    await context.set_offline(False)
    await page.goto(f"{installation.url}/signin")
    assert await page.locator("input[name=login]").count() == 1
    await context.close()
