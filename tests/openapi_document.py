# SPDX-License-Identifier: MIT
"""The OpenAPI document that the build has made, and what tests ask of it."""

import functools

import yaml

from harness import BUILD

PATH = BUILD / "server" / "openapi" / "openapi.yaml"
METHODS = ["get", "post", "put", "patch", "delete", "head", "options", "trace"]


@functools.cache
def document():
    return yaml.safe_load(PATH.read_text())


def operations(of=None):
    """(path, method, operation) of each operation, in the order of the document."""
    paths = (of or document())["paths"]
    return [(path, method, item[method]) for path, item in paths.items() for method in METHODS if method in item]


def resolve(node):
    """What a reference stands for; anything else is itself."""
    while "$ref" in node:
        found = document()
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node
