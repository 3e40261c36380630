# SPDX-License-Identifier: MIT
"""The OpenAPI document of administration, held against the route table and against what all its operations have."""

import re

import pytest

from harness import ADMIN_KEY, run_program
from openapi_document import FOLDER, document, operations, resolve
from routes import check_error

ADMIN = document("admin")
OPERATIONS = [pytest.param(*one, id=f"{one[1]} {one[0]}") for one in operations(ADMIN)]
COMMON = {"400", "401", "404", "405", "406", "413", "414", "500", "501", "503"}


def test_every_route_is_documented_and_nothing_else():
    rows = [row for row in run_program("routes").stdout.splitlines() if " /admin/" in row]
    routes = {}
    for row in rows:
        methods, path = re.fullmatch(r"(\w+(?:, \w+)*) +(/admin/\S*) +\S.*", row).groups()
        routes[re.sub("<(.*?)>", "{\\1}", path)] = set(methods.split(", "))
    documented = {path: {method.upper() for method in item if method != "parameters"} for path, item in ADMIN["paths"].items()}
    assert documented == routes and len(rows) == len(routes) > 2


def test_operation_ids_are_unique_and_those_of_administration():
    ids = [one["operationId"] for _, _, one in operations(ADMIN)]
    assert len(set(ids)) == len(ids) and all(one.startswith("admin_") for one in ids)


@pytest.mark.parametrize("path, method, operation", OPERATIONS)
def test_what_all_have_in_common(path, method, operation):
    wanted = COMMON | {"301" if method in ("get", "head") else "308"}
    if method in ("post", "put", "patch"):
        wanted |= {"415"}
    assert wanted <= set(operation["responses"])
    assert operation["security"] == [{"adminKey": []}]
    for status, header in {"301": "Location", "308": "Location", "401": "WWW-Authenticate", "503": "Retry-After"}.items():
        if status in operation["responses"]:
            headers = resolve(operation["responses"][status], ADMIN)["headers"]
            assert resolve(headers[header], ADMIN)["required"], status


@pytest.mark.parametrize("path, method, operation", OPERATIONS)
def test_everything_has_an_example(path, method, operation):
    described = [resolve(one, ADMIN) for one in operation["responses"].values()]
    if "requestBody" in operation:
        described.append(resolve(operation["requestBody"], ADMIN))
    for one in described:
        for media_type, content in one.get("content", {}).items():
            assert "example" in content or content["examples"], (one["description"], media_type)
    for parameter in operation["parameters"]:
        found = resolve(parameter, ADMIN)
        assert {"example", "examples"} & found.keys() or len(found["schema"]["enum"]) == 1, found["name"]


def test_it_is_served_in_both_forms(admin_server):
    default = admin_server.admin("GET", "schema/")
    assert default.headers["Content-Type"] == "application/vnd.oai.openapi; charset=utf-8"
    assert default.body == (FOLDER / "admin.yaml").read_bytes()
    assert admin_server.admin("GET", "schema/?format=json").json() == ADMIN
    answer = admin_server.admin("GET", "schema/", headers={"Accept": "application/json"})
    assert answer.json() == ADMIN and answer.headers["Vary"] == "Accept"
    check_error(admin_server.admin("GET", "schema/?format=xml"), 404, "Not found.")
    answer = admin_server.admin("GET", "schema/", headers={"Accept": "text/html"})
    check_error(answer, 406, "Could not satisfy the request Accept header.")


@pytest.mark.sqlite
def test_no_documents_means_neither(make_server):
    server = make_server(administered=True, env={"DIRECTMESSAGES_DOCS": 0})
    check_error(server.admin("GET", "schema/"), 404, "Not found.")
    assert server.admin("GET", "users/").status == 200


def test_neither_document_holds_the_other(admin_server):
    assert "/admin/" not in admin_server.anonymous().get("/api/schema/").text
    assert "/api/dm/" not in "".join(ADMIN["paths"]) and ADMIN_KEY not in str(ADMIN)
