# SPDX-License-Identifier: MIT
"""What schemathesis is not to send as good: a number beyond 64 bits anywhere in JSON is a parse error (compatibility.md)."""

import re

import schemathesis
import yaml


def is_small(value):
    if isinstance(value, dict):
        return all(map(is_small, value.values()))
    if isinstance(value, list):
        return all(map(is_small, value))
    return not isinstance(value, int) or -(2**63) <= value < 2**63


@schemathesis.hook
def filter_body(context, body):
    return is_small(body)


@schemathesis.hook
def map_body(context, body):
    """Of some messages of administration the users are those that there are, or all would be 404."""
    if context.operation.path == "/admin/messages/" and isinstance(body, dict):
        names, content = (body.get("from"), body.get("to")), body.get("content")
        good = all(isinstance(name, str) and re.fullmatch(r"@.+|[0-9]{1,18}", name) for name in names)
        if good and isinstance(content, str) and len(content) % 2 == 0:
            return {**body, "from": "1", "to": "2"}
    return body


@schemathesis.deserializer("application/x-ndjson")
def lines_are_text(_context, response):
    return response.text


@schemathesis.deserializer("application/vnd.oai.openapi")
def document_is_yaml(_context, response):
    return yaml.safe_load(response.text)
