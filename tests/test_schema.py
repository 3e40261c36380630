# SPDX-License-Identifier: MIT
"""GET /api/schema/: the OpenAPI document as the build made it, chosen and named as drf-spectacular does."""

import json
import re

import pytest
import yaml

from routes import check_error
from harness import run_program
from openapi_document import PATH as DOCUMENT

pytestmark = pytest.mark.sqlite

YAML = "application/vnd.oai.openapi; charset=utf-8"
YAML_PLAIN = "application/yaml; charset=utf-8"
JSON = "application/vnd.oai.openapi+json"
JSON_PLAIN = "application/json"

# What drf-spectacular 0.30.0 answered, live.
CHOSEN = [
    (None, "", YAML),
    ("*/*", "", YAML),
    ("application/*", "", YAML),
    ("application/vnd.oai.openapi", "", YAML),
    ("application/yaml", "", YAML_PLAIN),
    ("application/vnd.oai.openapi+json", "", JSON),
    ("application/json", "", JSON_PLAIN),
    ("application/json;indent=4", "", JSON_PLAIN),
    ("application/json, */*", "", JSON_PLAIN),
    ("application/json, application/yaml", "", YAML_PLAIN),
    ("application/yaml, application/json;q=0.9", "", YAML_PLAIN),
    ("application/yaml, application/json;q=0.9;x=1", "", YAML_PLAIN),
    ("application/yaml, application/json;x=1", "", JSON_PLAIN),
    ("application/vnd.oai.openapi+json, application/vnd.oai.openapi", "", YAML),
    ("text/html,application/xhtml+xml,*/*;q=0.8", "", YAML),
    (None, "?format=json", JSON),
    (None, "?format=yaml", YAML),
    (None, "?format=", YAML),
    (None, "?format=yaml&format=json", JSON),
    ("application/json", "?format=json", JSON_PLAIN),
    ("application/yaml", "?format=yaml", YAML_PLAIN),
]


def get(server, query="", accept=None):
    return server.anonymous().get("/api/schema/" + query, {} if accept is None else {"Accept": accept})


@pytest.mark.parametrize("accept, query, content_type", CHOSEN)
def test_the_form_is_chosen(server, accept, query, content_type):
    answer = get(server, query, accept)
    assert answer.status == 200
    assert answer.headers.get_all("Content-Type") == [content_type]
    assert answer.headers.get_all("Vary") == ["Accept"]
    assert answer.headers.get_all("Allow") == ["GET, HEAD"]
    form = "json" if "json" in content_type else "yaml"
    assert answer.headers["Content-Disposition"] == f'inline; filename="schema.{form}"'
    if form == "yaml":
        assert answer.body == DOCUMENT.read_bytes()
    else:
        assert answer.json() == yaml.safe_load(DOCUMENT.read_text())


@pytest.mark.parametrize(
    "accept, query",
    [
        ("text/html", ""),
        ("text/yaml", ""),
        ("application", ""),
        ("application/json", "?format=yaml"),
        ("application/yaml", "?format=json"),
        ("", ""),
    ],
)
def test_what_is_not_offered_is_406(server, accept, query):
    check_error(get(server, query, accept), 406, "Could not satisfy the request Accept header.")


@pytest.mark.parametrize("query", ["?format=xml", "?format=JSON", "?format=openapi-json"])
def test_another_format_is_404(server, query):
    check_error(get(server, query), 404, "Not found.")


def test_it_is_for_everybody_and_only_to_be_read(server):
    assert server.anonymous().get("/api/schema/", {"Authorization": "Token nonsense"}).status == 200
    head = server.anonymous().head("/api/schema/")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(DOCUMENT.read_bytes())
    check_error(server.anonymous().request("POST", "/api/schema/", b""), 405, 'Method "POST" not allowed.')
    answer = server.anonymous().get("/api/schema?format=json")
    assert (answer.status, answer.headers["Location"]) == (301, "/api/schema/?format=json")


@pytest.mark.parametrize("prefix", ["", "v1", "messages/a.b~c-d_e"])
def test_paths_are_those_of_the_configured_prefix(make_server, prefix):
    server = make_server(prefix=prefix)
    original = yaml.safe_load(DOCUMENT.read_text())
    wanted = [path.replace("/api/dm/", server.prefix) for path in original["paths"]]
    texts = get(server).text, get(server, "?format=json").text
    assert yaml.safe_load(texts[0]) == json.loads(texts[1])
    assert list(json.loads(texts[1])["paths"]) == wanted
    assert [path for path in wanted if path.startswith(server.prefix + "unread")]
    assert not any("api/dm" in text for text in texts)


def test_it_can_be_turned_off(make_server):
    server = make_server(env={"DIRECTMESSAGES_DOCS": "0"})
    check_error(get(server), 404, "Not found.")
    check_error(get(server, accept="text/html"), 404, "Not found.")


def test_version_is_the_program_s(server):
    version = run_program("--version").stdout.split()[-1]
    assert yaml.safe_load(get(server).text)["info"]["version"] == version


def test_setting_wants_a_switch(make_server):
    done = run_program("serve", env={"DIRECTMESSAGES_DOCS": "maybe"})
    assert done.returncode == 2 and re.search(r"DIRECTMESSAGES_DOCS is 'maybe'; give 0 or 1", done.stderr)
