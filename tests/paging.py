# SPDX-License-Identifier: MIT
"""What the tests of paged lists share: many messages at given times, and walks over pages."""

import urllib.parse

from drf_cursor import Model

START = "2025-06-06 12:00:00"


def time(n):
    """The n-th of many increasing times, some without a fraction."""
    return f"2025-06-06 {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}" + (".000500" if n % 3 else "")


def converse(server, one, other, times):
    """Messages between two users at these times, both directions, already read; returns their Model."""
    pairs = [(one, other), (other, one)]
    rows = [(*pairs[n % 2], when, "2025-06-07 00:00:00") for n, when in enumerate(times)]
    return Model(zip(times, server.insert_messages(rows)))


def after(url):
    """The query of a link, to request the same list with."""
    return "?" + urllib.parse.urlsplit(url).query


def ids(page):
    return [row["id"] for row in page["results"]]


def walk(fetch, page, link):
    """All pages from `page` on by its `next` or `previous` links."""
    pages = [page]
    while pages[-1][link] is not None:
        pages.append(fetch(after(pages[-1][link])))
        assert len(pages) < 60, "the pages go on for ever"
    return pages
