# SPDX-License-Identifier: MIT
"""What schemathesis is not to send as good: a number beyond 64 bits anywhere in JSON is a parse error (compatibility.md)."""

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


@schemathesis.deserializer("application/x-ndjson")
def lines_are_text(_context, response):
    return response.text


@schemathesis.deserializer("application/vnd.oai.openapi")
def document_is_yaml(_context, response):
    return yaml.safe_load(response.text)
