# SPDX-License-Identifier: MIT
"""What schemathesis is not to send as good: a number beyond 64 bits anywhere in JSON is a parse error (compatibility.md)."""

import schemathesis


def is_small(value):
    if isinstance(value, dict):
        return all(map(is_small, value.values()))
    if isinstance(value, list):
        return all(map(is_small, value))
    return not isinstance(value, int) or -(2**63) <= value < 2**63


@schemathesis.hook
def filter_body(context, body):
    return is_small(body)
