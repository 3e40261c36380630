# SPDX-License-Identifier: MIT
"""What the tests of Idempotency-Key share."""

import json
import uuid

from sending import FORM, MULTIPART, END, part


def new_key():
    return str(uuid.uuid4())


def post(user, path, content, key, body=None, content_type="application/json"):
    """A POST with the key, or with the header's values of a list."""
    values = key if isinstance(key, list) else [key]
    data = body if body is not None else json.dumps({"content": content}).encode()
    headers = [("Content-Type", content_type), *(("Idempotency-Key", value) for value in values)]
    return user.request("POST", path, data, headers)


def send(user, recipient, content, key):
    return post(user, f"send/{recipient.id}/", content, key)


def forms(content):
    """The content as JSON, as a form and as multipart: body and type."""
    text = content.encode()
    return [
        (json.dumps({"content": content}).encode(), "application/json"),
        (b"content=" + text, FORM),
        (part(b"content", text) + END, MULTIPART),
    ]


def is_replayed(answer):
    told = answer.headers.get("Idempotency-Replayed")
    assert told in (None, "true"), answer
    return told == "true"


def check_new(answer):
    assert answer.status == 201 and not is_replayed(answer), answer
    return answer.json()


def check_replayed(answer):
    assert answer.status == 201 and is_replayed(answer), answer
    return answer.json()


def contents_between(server, one, two):
    """All contents that are stored, in the order of ids."""
    rows = server.sql(
        "SELECT content FROM directmessages_message WHERE sender_id = ? AND recipient_id = ? ORDER BY id", (one.id, two.id)
    )
    return [content for (content,) in rows]
