# SPDX-License-Identifier: MIT
"""Whether this build has the docs page, and where its sources are."""

import pytest

from harness import BUILD, ROOT

PAGE = ROOT / "server" / "openapi" / "page"
_WHY_NOT = BUILD / "swagger-ui" / "why-not"

needs_page = pytest.mark.skipif(
    not (BUILD / "swagger-ui" / "node_modules").is_dir(),
    reason=f"no docs page in {BUILD.name}: {_WHY_NOT.read_text().strip() if _WHY_NOT.exists() else 'left out'}",
)
