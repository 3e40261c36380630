# SPDX-License-Identifier: MIT
"""What the log says at the start of a server: which database it is on, and no password."""

import re
import urllib.parse

import pytest


def named(server):
    return re.search(r" info database (.+)$", server.wait_log(" info database "))[1]


@pytest.mark.sqlite
def test_the_file_is_named_where_it_is(make_server, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (tmp_path / "link.db").symlink_to(folder / "real.db")
    assert named(make_server(database=tmp_path / "link.db")) == f"sqlite:///{folder}/real.db"
    (folder / "a\nb").mkdir()
    assert named(make_server(database=folder / "a\nb" / "x.db")) == f"sqlite:///{folder}/a?b/x.db"


@pytest.mark.postgresql
def test_the_database_is_named_without_a_password(make_server):
    plain = make_server()
    url = urllib.parse.urlsplit(plain.url)
    assert named(plain) == f"postgresql://{url.username}@{url.hostname}:{url.port}{url.path}"
    secret, rest = "s3cr%40t", plain.url.split("://")[1]
    user, place = rest.split("@")
    ways = {
        f"postgresql://{user}:{secret}@{place}": {},
        f"postgres://{user}@{place}?password={secret}&application_name=x": {},
        f"postgresql:///{url.path[1:]}?user={user}&host={url.hostname}&port={url.port}": {"PGPASSWORD": "s3cr@t"},
        "postgresql://": {
            "PGUSER": url.username,
            "PGHOST": url.hostname,
            "PGPORT": url.port,
            "PGDATABASE": url.path[1:],
            "PGPASSWORD": "s3cr@t",
        },
    }
    for way, env in ways.items():
        server = make_server(start=False)
        server.url, server.env = way, {**server.env, **env}
        server.start()
        assert named(server) == named(plain), way
        assert "s3cr" not in "\n".join(server.log)
