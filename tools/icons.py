"""Draw the icons that cannot be SVG: `python tools/icons.py [CHROMIUM]`, after a change of static/brand/*.svg.

The PNG and ICO files are committed, because drawing them needs Chromium and Playwright, which `make test` installs.
`favicon.ico` is for clients that ask for that address and read no HTML; it holds PNG images, which every browser reads.
The touch icon has no round corners, because the phone cuts them itself. `share.png` is the picture of a link in a
message (Open Graph), 1200 × 630.
"""

import shutil
import struct
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

BRAND = Path(__file__).resolve().parent.parent / "static" / "brand"
PLAIN = "*{margin:0}body{background:transparent}svg,img{display:block;width:100vw;height:100vh;object-fit:cover}"


def main(*names: str) -> None:
    """Draw all of them with the first of these programs that is on the PATH."""
    names = names or ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    chromium = next(filter(None, map(shutil.which, names)), None)
    if not chromium:
        raise SystemExit("No Chromium is on the PATH. Please install it, or name the program.")
    favicon, hero = ((BRAND / name).read_text() for name in ("favicon.svg", "hero.svg"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])

        def draw(svg: str, width: int, height: int) -> bytes:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.set_content(f"<style>{PLAIN}</style>{svg}")
            return page.screenshot(omit_background=True)

        square = favicon.replace('rx="15"', "")
        for name, size in (("apple-touch-icon", 180), ("icon-192", 192), ("icon-512", 512)):
            (BRAND / f"{name}.png").write_bytes(draw(square, size, size))
        (BRAND / "share.png").write_bytes(draw(hero, 1200, 630))
        (BRAND / "favicon.ico").write_bytes(ico({size: draw(favicon, size, size) for size in (16, 32, 48)}))
        browser.close()


def ico(images: dict[int, bytes]) -> bytes:
    """Return an ICO file: a header, one entry of 16 bytes per image, then the images."""
    entries, offset = b"", 6 + 16 * len(images)
    for size, png in images.items():
        entries += struct.pack("<BBBBHHII", size, size, 0, 0, 1, 32, len(png), offset)
        offset += len(png)
    return struct.pack("<HHH", 0, 1, len(images)) + entries + b"".join(images.values())


if __name__ == "__main__":
    main(*sys.argv[1:])
