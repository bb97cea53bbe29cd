"""Paint the sheets of docs/screenshots anew: python -m tests.looks. For eyes, not for tests."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from playwright.sync_api import Page
from tests.looks.browsing import chromium, measured
from tests.looks.letters import LANGUAGES, Letter, letters_in

FOLDER = Path(__file__).parent.parent.parent / "docs" / "screenshots"
VIEWS = ((360, False), (360, True), (1200, False), (1200, True))
SHEET = """<style>body{{margin:0;padding:24px;background:#cfd6d1;font:bold 20px sans-serif}}
.row{{display:flex;gap:18px;align-items:flex-start;margin:0 0 24px}}
img{{height:620px;border:1px solid #8a958d}}</style>{}"""


def main() -> None:
    """One sheet a language: every template and kind of link, phone and desktop, light and dark."""
    FOLDER.mkdir(exist_ok=True)
    with chromium() as context:
        page = context.new_page()
        for language in LANGUAGES:
            rows = "".join(_row(page, letter) for letter in letters_in(language))
            page.emulate_media(color_scheme="light")
            page.set_viewport_size({"width": 2350, "height": 900})
            page.set_content(SHEET.format(rows))
            page.wait_for_load_state("load")
            path = FOLDER / f"letters-{language}.jpg"
            page.screenshot(path=path, full_page=True, type="jpeg", quality=45)
            print(path)  # noqa: T201 - a person waits for it


def _row(page: Page, letter: Letter) -> str:
    shots = []
    for width, dark in VIEWS:
        measured(page, letter.email.html, dark=dark, width=width)
        shots.append(b64encode(page.screenshot(full_page=True, type="jpeg", quality=70)).decode())
    images = "".join(f'<img src="data:image/jpeg;base64,{shot}">' for shot in shots)
    return f'{letter.template}, {letter.kind}: {letter.email.subject}<div class="row">{images}</div>'


if __name__ == "__main__":
    main()
