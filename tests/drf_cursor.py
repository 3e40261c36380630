# SPDX-License-Identifier: MIT
"""A model of the pages and cursors of Django REST Framework's cursor pagination, for lists in descending order."""

import base64
import dataclasses
import datetime
import urllib.parse

PAGE_SIZE = 50
MAX_OFFSET = 1000


@dataclasses.dataclass(frozen=True)
class Cursor:
    """What a cursor says: skip `offset` rows of those beyond `position` in the direction `backwards` tells."""

    offset: int = 0
    backwards: bool = False
    position: str | None = None

    def tokens(self):
        """The cursor's tokens in the order in which DRF writes them."""
        told = {}
        if self.offset:
            told["o"] = str(self.offset)
        if self.backwards:
            told["r"] = "1"
        if self.position is not None:
            told["p"] = self.position
        return told


def encode(tokens):
    """Tokens as the value of the query parameter `cursor`, before it is quoted for an URL."""
    return base64.b64encode(urllib.parse.urlencode(tokens).encode()).decode()


def query(tokens):
    """Tokens as a query string."""
    return "?" + urllib.parse.urlencode({"cursor": encode(tokens)})


def link_text(url):
    """The text inside the cursor of a link."""
    parameters = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query, strict_parsing=True)
    (encoded,) = parameters["cursor"]
    return base64.b64decode(encoded, validate=True).decode("ascii")


def link_tokens(url):
    """The tokens inside the cursor of a link, in their order."""
    return dict(urllib.parse.parse_qsl(link_text(url), keep_blank_values=True, strict_parsing=True))


def cursor_of(tokens):
    """The cursor that DRF sees in tokens; it does not know others than its own."""
    return Cursor(int(tokens.get("o", 0)), tokens.get("r") == "1", tokens.get("p"))


def position_of(key):
    """A key as it stands in a cursor: a user id, or a stored time with its zone."""
    if isinstance(key, int):
        return str(key)
    return str(datetime.datetime.fromisoformat(key).replace(tzinfo=datetime.timezone.utc))


class Model:
    """A list of (key, id) rows, highest first; keys are user ids or times as stored, and may occur several times."""

    def __init__(self, rows):
        self.rows = sorted(rows, key=lambda row: (self._value(row[0]), row[1]), reverse=True)

    @staticmethod
    def _value(key):
        return key if isinstance(key, int) else datetime.datetime.fromisoformat(key)

    def _beyond(self, cursor):
        """All rows that lie in the direction of the cursor, nearest first."""
        rows = self.rows[::-1] if cursor.backwards else self.rows
        if cursor.position is None:
            return rows
        at = self._value(int(cursor.position) if cursor.position.isdigit() else cursor.position.removesuffix("+00:00"))
        if cursor.backwards:
            return [row for row in rows if self._value(row[0]) > at]
        return [row for row in rows if self._value(row[0]) < at]

    def page(self, cursor=Cursor(), size=PAGE_SIZE):
        """(ids, next cursor or None, previous cursor or None) as DRF would answer to the cursor."""
        skipped = min(cursor.offset, MAX_OFFSET)
        window = self._beyond(cursor)[skipped : skipped + size + 1]
        page, after = window[:size], window[size:]
        moved = cursor.position is not None or skipped > 0
        onward = self._onward(page, after, dataclasses.replace(cursor, offset=skipped), moved, size) if after else None
        back = self._back(page, after, dataclasses.replace(cursor, offset=skipped), size) if moved else None
        ids = [identity for _, identity in page]
        return (ids[::-1], back, onward) if cursor.backwards else (ids, onward, back)

    @staticmethod
    def _marker(page, neighbour):
        """The position nearest to the page's end that differs from its neighbour's, and the rows after it; or None.

        `neighbour` is the position of whatever follows the end.
        """
        for count, (key, _) in enumerate(reversed(page)):
            if position_of(key) != neighbour:
                return count, position_of(key)
            neighbour = position_of(key)
        return None

    def _onward(self, page, after, cursor, moved, size):
        marker = self._marker(page, position_of(after[0][0]))
        if marker is None:
            # All of the page has one position: go on counting from where this page was counted from.
            marker = (cursor.offset + size, cursor.position) if moved else (size, None)
        return Cursor(marker[0], cursor.backwards, marker[1])

    def _back(self, page, after, cursor, size):
        nearest_first = page[::-1]
        if not page:
            return Cursor(0, not cursor.backwards, cursor.position)
        neighbour = position_of(page[0][0]) if cursor.offset else cursor.position
        marker = self._marker(nearest_first, neighbour)
        if marker is None:
            marker = (0, position_of(after[0][0])) if after else (size, None)
        return Cursor(marker[0], not cursor.backwards, marker[1])
