# SPDX-License-Identifier: MIT
"""The OpenAPI documents that the build has made, and what tests ask of them."""

import functools

import yaml

from harness import BUILD

FOLDER = BUILD / "server" / "openapi"
PATH = FOLDER / "openapi.yaml"
METHODS = ["get", "post", "put", "patch", "delete", "head", "options", "trace"]


@functools.cache
def document(name="openapi"):
    """The API's, or the one of administration (`admin`)."""
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text())


def operations(of=None):
    """(path, method, operation) of each operation, in the order of the document."""
    paths = (of or document())["paths"]
    return [(path, method, item[method]) for path, item in paths.items() for method in METHODS if method in item]


def resolve(node, of=None):
    """What a reference stands for; anything else is itself."""
    while "$ref" in node:
        found = of or document()
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node
