# SPDX-License-Identifier: MIT
"""The docs page: its files, where the sources of ours are, and whether this build has it."""

import pytest

from harness import BUILD, ROOT

PAGE = ROOT / "server" / "openapi" / "page"
FILES = {
    "": "text/html; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
}

_WHY_NOT = BUILD / "swagger-ui" / "why-not"

needs_page = pytest.mark.skipif(
    not (BUILD / "swagger-ui" / "node_modules").is_dir(),
    reason=f"no docs page in {BUILD.name}: {_WHY_NOT.read_text().strip() if _WHY_NOT.exists() else 'left out'}",
)
