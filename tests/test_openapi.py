# SPDX-License-Identifier: MIT
"""The OpenAPI document, held against the route table, the reference's own document and the contract's errors."""

import re
import subprocess

import pytest
import yaml

import reference_project
from docs_page import FILES
from web_client import FILES as WEB_FILES
from harness import ROOT, environment, run_program
from openapi_document import document, operations, resolve

pytestmark = pytest.mark.sqlite

# What the reference's document calls things; the captured text says how it was made.
REFERENCE = yaml.safe_load((ROOT / "tests" / "data" / "drf-spectacular.yaml").read_text())

# For machines that watch the server and for browsers, not for clients of the API.
UNDOCUMENTED = {
    *("/livez", "/readyz", "/metrics", "/", "/app/settings.json"),
    *("/api/docs/" + file for file in FILES),
    *("/app/" + file for file in WEB_FILES),
}

COMMON = {"400", "401", "404", "405", "406", "413", "414", "500", "501", "503"}
GUARDED = {  # these change or hold something
    (f"/api/dm/{path}/", "get") for path in ("conversations/{id}", "conversations/@{username}", "events")
}
OPERATIONS = [pytest.param(*one, id=f"{one[1]} {one[0]}") for one in operations()]
OF_API = [one for one in OPERATIONS if one.values[0].startswith("/api/dm/")]


SETTINGS = """
SECRET_KEY = "x"
ROOT_URLCONF = "urls"
USE_I18N = False
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes",
    "rest_framework", "rest_framework.authtoken", "directmessages", "drf_spectacular",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
"""
URLS = """
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
urlpatterns = [
    path("api/dm/", include("directmessages.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
]
"""


def test_the_captured_document_is_what_drf_spectacular_generates(tmp_path):
    if reason := reference_project.why_not():
        pytest.skip(reason)
    (tmp_path / "settings.py").write_text(SETTINGS)
    (tmp_path / "urls.py").write_text(URLS)
    command = [reference_project.python(), "-m", "django", "spectacular"]
    env = environment(DJANGO_SETTINGS_MODULE="settings", PYTHONPATH=tmp_path)
    done = subprocess.run(command, cwd=tmp_path, env=env, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout) == REFERENCE


def routes():
    """Path to methods, of each row that `directmessages routes` prints, as the document writes it: <user> is two paths."""
    rows = run_program("routes").stdout.splitlines()[1:]
    found = [re.fullmatch(r"(\w+(?:, \w+)*) +(/\S*) +\S.*", row) for row in rows]
    assert all(found), rows
    return {
        match[2].replace("<id>", "{id}").replace("<user>", user): set(match[1].split(", "))
        for match in found
        for user in ("{id}", "@{username}")
    }


def test_every_route_is_documented_and_nothing_else():
    documented = {path: set() for path, _, _ in operations()}
    for path, method, _ in operations():
        documented[path].add(method.upper())
    for path in documented.keys() - {path for path, _, _ in (one.values for one in OF_API)}:
        documented[path].add("HEAD")  # of the server's own paths only GET is described
    of_api = {path: methods for path, methods in routes().items() if not path.startswith("/admin/")}
    assert documented == {path: methods for path, methods in of_api.items() if path not in UNDOCUMENTED}


def test_undocumented_routes_exist():
    assert UNDOCUMENTED <= routes().keys()


def test_operations_are_called_as_the_reference_calls_them():
    ours = {(path, method): one for path, method, one in operations()}
    for path, method, theirs in operations(REFERENCE):
        one = ours[path, method]
        for name in ("operationId", "tags"):
            assert one[name] == theirs[name], (path, method)
        names = {resolve(parameter)["name"] for parameter in one["parameters"]}
        wanted = {parameter["name"] for parameter in theirs.get("parameters", [])}
        if (path, method) == ("/api/dm/conversations/{id}/", "post"):
            wanted -= {"cursor"}  # the answer of a POST is not paginated
        assert wanted <= names, (path, method)
        bodies = resolve(one.get("requestBody", {})).get("content", {})
        assert list(bodies) == list(theirs.get("requestBody", {}).get("content", {})), (path, method)


def test_a_user_may_be_named_wherever_there_is_an_id():
    ours = {(path, method): one for path, method, one in operations()}
    named = {key: one for key, one in ours.items() if "@{username}" in key[0]}
    assert ("/api/dm/send/@{username}/", "post") in named
    for (path, method), one in named.items():
        by_id = ours[path.replace("@{username}", "{id}"), method]
        assert one["operationId"] == by_id["operationId"] + "_by_name"
        assert {**one, "operationId": 0, "summary": 0, "parameters": 0} == {**by_id, "operationId": 0, "summary": 0, "parameters": 0}
        names = [resolve(parameter)["name"] for parameter in one["parameters"]]
        assert names == ["username", *[resolve(parameter)["name"] for parameter in by_id["parameters"]][1:]]


def test_operation_ids_are_unique():
    ids = [one["operationId"] for _, _, one in operations()]
    assert len(set(ids)) == len(ids)


def plain(name):
    """What a generator of clients makes of a name, whatever its language's case is."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def test_names_stay_apart_in_generated_clients():
    """Of parameters, schemas and responses each becomes a type; of the parameters of an operation, each a variable."""
    types = [plain(name) for kind in ("parameters", "schemas", "responses") for name in document()["components"][kind]]
    assert sorted(types) == sorted(set(types))
    for path, method, operation in operations():
        names = [plain(resolve(parameter)["name"]) for parameter in operation.get("parameters", [])]
        assert sorted(names) == sorted(set(names)), (path, method)


def test_components_are_called_as_the_reference_calls_them():
    ours, theirs = document()["components"], REFERENCE["components"]
    jwt = {"jwtAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}  # as drf-spectacular has SimpleJWT's
    assert ours["securitySchemes"] == theirs["securitySchemes"] | jwt
    for name, schema in theirs["schemas"].items():
        assert ours["schemas"][name]["type"] == schema["type"], name
        assert ours["schemas"][name].get("enum") == schema.get("enum"), name
        assert list(ours["schemas"][name].get("properties", {})) == list(schema.get("properties", {})), name


@pytest.mark.parametrize("path, method, operation", OF_API)
def test_every_status_of_the_contract_is_there(path, method, operation):
    """The common errors for all, the redirect that suits the method, 415 where there is a body."""
    wanted = COMMON | {"301" if method in ("get", "head") else "308"}
    if method == "post":
        wanted |= {"415"}
    if (path, method) == ("/api/dm/events/", "get"):
        wanted |= {"429"}
    if "dm_send" in operation["operationId"] or "dm_conversations_create" in operation["operationId"]:
        wanted |= {"409", "422", "429"} if method == "post" else set()
    if method not in ("get", "head", "options") or (path, method) in GUARDED:
        wanted |= {"403"}
    assert wanted == {status for status in operation["responses"] if not status.startswith("2")}
    assert operation["security"] == [{"tokenAuth": []}, {"jwtAuth": []}]


@pytest.mark.parametrize("path, method, operation", OPERATIONS)
def test_everything_has_an_example(path, method, operation):
    for parameter in map(resolve, operation["parameters"]):
        # Where there is one value only, an example would make the docs page send it.
        assert {"example", "examples"} & parameter.keys() or len(parameter["schema"]["enum"]) == 1, parameter["name"]
    described = [resolve(one) for one in operation["responses"].values()]
    if "requestBody" in operation:
        described.append(resolve(operation["requestBody"]))
    for one in described:
        for media_type, content in one.get("content", {}).items():
            assert "example" in content or content["examples"], (one["description"], media_type)
        for header in map(resolve, one.get("headers", {}).values()):
            assert "example" in header, one["description"]


@pytest.mark.parametrize("path, method, operation", OPERATIONS)
def test_headers_that_go_with_a_status(path, method, operation):
    for status, header in {"301": "Location", "308": "Location", "401": "WWW-Authenticate", "503": "Retry-After"}.items():
        if status in operation["responses"]:
            headers = resolve(operation["responses"][status])["headers"]
            assert resolve(headers[header])["required"], status
    success = next(resolve(one) for status, one in operation["responses"].items() if status.startswith("2"))
    assert "Allow" in success["headers"]


@pytest.mark.parametrize("path, method, operation", OPERATIONS)
def test_names_of_requests(path, method, operation):
    """Each operation takes X-Request-ID and traceparent, and each of its responses may have the first."""
    found = {(one["in"], one["name"]) for one in map(resolve, operation["parameters"])}
    assert {("header", "X-Request-ID"), ("header", "traceparent")} <= found
    for status, one in operation["responses"].items():
        assert not resolve(resolve(one)["headers"]["X-Request-ID"])["required"], status


DETAILS = {
    "400": [
        "Invalid Idempotency-Key header.",
        "content is required",
        "content must be a string.",
        "Null characters are not allowed.",
        "content is not valid UTF-8.",
        "Ensure this field has no more than 65536 characters.",
        "You can't send messages to yourself.",
        "You are not allowed to message this user.",
        "You have blocked this user.",
        "JSON parse error - ",
        "Invalid data. Expected a dictionary, but got list.",
        "Multipart form parse error - the boundary or a part is malformed.",
        "Invalid Host header.",
        "The length of the request body is ambiguous.",
    ],
    "409": ["The message of this Idempotency-Key does not exist any more."],
    "429": ["Request was throttled. Expected available in 12 seconds.", "Request was throttled.",
            "You have started too many new conversations. Expected available in 3600 seconds."],
    "422": ["This Idempotency-Key was used for another message."],
    "401": [
        "Authentication credentials were not provided.",
        "Invalid token header. No credentials provided.",
        "Invalid token header. Token string should not contain spaces.",
        "Invalid token header. Token string should not contain invalid characters.",
        "Invalid token.",
        "User inactive or deleted.",
    ],
    "403": ["CSRF Failed: Origin checking failed."],
    "404": ["Not found.", "No User matches the given query."],
    "405": ['Method "PUT" not allowed.'],
    "406": ["Could not satisfy the request Accept header."],
    "413": ["Request body exceeds the limit of 2621440 bytes."],
    "414": ["The URI is too long to be redirected: let its path end with a slash."],
    "415": ['Unsupported media type "text/plain" in request.', 'Unsupported media type "" in request.'],
    "500": ["Internal server error."],
    "501": ["The transfer coding is unknown; send the body with a Content-Length or in chunks."],
    "503": ["Service temporarily unavailable."],
}


@pytest.mark.parametrize("status", DETAILS)
def test_every_error_of_the_contract_is_an_example(status):
    """On sending, which has them all; those of other paths are looked at below."""
    response = resolve(document()["paths"]["/api/dm/send/{id}/"]["post"]["responses"][status])
    examples = [one["value"]["detail"] for one in response["content"]["application/json"]["examples"].values()]
    for detail in DETAILS[status]:
        assert any(example.startswith(detail) for example in examples), detail
    assert len(examples) == len(DETAILS[status])


def test_what_else_is_not_found():
    def details(path, method):
        response = resolve(document()["paths"]["/api/dm/" + path][method]["responses"]["404"])
        return {one["value"]["detail"] for one in response["content"]["application/json"]["examples"].values()}

    for path in ("conversations/", "conversations/{id}/"):
        refused = resolve(document()["paths"]["/api/dm/" + path]["get"]["responses"]["400"])
        examples = refused["content"]["application/json"]["examples"].values()
        assert "page_size must be a number from 1 to 100." in [one["value"]["detail"] for one in examples]
    assert "Invalid cursor" in details("conversations/", "get") & details("conversations/{id}/", "get")
    assert "No User matches the given query." in details("conversations/{id}/", "get")
    assert "Message not found or not authorized." in details("messages/{id}/", "delete")
