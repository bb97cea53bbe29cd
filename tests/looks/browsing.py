"""One Chromium, and what can be asked of a page in it."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import BrowserContext, Error, Page, TimeoutError, sync_playwright

PATIENCE = 120_000
"""Milliseconds: a loaded machine is slow, and nothing here waits for anything that does not come."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
MEASURE = """() => {
  const opaque = node => { for (let n = node; n; n = n.parentElement) {
    const c = getComputedStyle(n).backgroundColor; if (c && !/, 0\\)$|transparent/.test(c)) return c; }
    return 'rgb(255, 255, 255)'; };
  const texts = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, owner = node.parentElement, box = owner.getBoundingClientRect();
    const words = node.data.trim();
    if (words && box.height > 2) texts.push([getComputedStyle(owner).color, opaque(owner), words]);
  }
  const button = document.querySelector('.button-link'), box = button.getBoundingClientRect();
  return {wide: document.documentElement.scrollWidth, room: document.documentElement.clientWidth, texts,
          button: [box.width, box.height], preheader: getComputedStyle(document.querySelector('.preheader')).display};
}"""


class NoBrowser(Exception):
    """There is no Chromium on this machine, or it does not start."""


@contextmanager
def chromium() -> Iterator[BrowserContext]:
    """A browser with an empty profile and no network. Raises NoBrowser."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        raise NoBrowser("no Chromium on this machine")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, sync_playwright() as playwright:
        try:
            context = playwright.chromium.launch_persistent_context(
                profile, executable_path=path, args=FLAGS, headless=True, timeout=PATIENCE, offline=True
            )
        except Error as error:
            raise NoBrowser(f"Chromium does not start: {error.message.splitlines()[0]}") from error
        context.set_default_timeout(PATIENCE)
        try:
            yield context
            context.close()
        except Error as error:
            # A browser that died or hangs says nothing about the letters; what a page's script says does.
            if isinstance(error, TimeoutError) or re.search("closed|crash", error.message):
                raise NoBrowser(f"Chromium gave up: {error.message.splitlines()[0]}") from error
            raise


def measured(page: Page, html: str, *, dark: bool, width: int) -> dict[str, Any]:
    """What the letter looks like, in numbers."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.set_content(html, wait_until="domcontentloaded")
    found: dict[str, Any] = page.evaluate(MEASURE)
    return found
