"""Headers of every page that a browser shows; each kind of page adds its own content policy."""

from __future__ import annotations

from typing import Final

PAGE_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
