# SPDX-License-Identifier: MIT
"""Pages of the documentation as their readers use them: links, nginx before the server, the first lines on PostgreSQL."""

import http.client
import os
import re
import secrets
import subprocess

import pytest

import harness
import nginx
import postgres
from harness import ROOT, run_program
from page import Page

needs_nginx = pytest.mark.skipif(nginx.PROGRAM is None, reason="nginx is not installed (Debian: nginx-light)")
ORIGIN = "https://app.example.org"


@pytest.fixture
def before(tmp_path, make_server):
    """Has nginx pass on to our server what the lines say, and gives the server's users and nginx's port."""
    made = []

    def start(lines, **env):
        server = make_server(env={"DIRECTMESSAGES_TRUST_FORWARDED": 1, **env})
        proxy = nginx.Nginx(tmp_path / "nginx", server.port)
        made.append(proxy)
        proxy.put_lines(re.sub(r"http://127.0.0.1:800\d", f"http://{server.netloc}", lines))
        return server, proxy.start()

    yield start
    for proxy in made:
        proxy.close()


def ask(proxy, method, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=harness.DEADLINE)
    connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
    answer = connection.getresponse()
    answer.text = answer.read().decode()
    connection.close()
    return answer


def anchors(page):
    """What headings are called in links, as git hosts make it."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-") for text in headings}


@pytest.mark.sqlite
@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "bench" / "README.md"]), ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if not link.startswith("http"):
            file, _, anchor = link.partition("#")
            target = page.parent / file if file else page
            assert target.exists() and (not anchor or anchor in anchors(target)), link


@pytest.mark.sqlite
def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().split()) <= 900


@needs_nginx
@pytest.mark.sqlite
def test_links_keep_the_port_behind_the_proxy_of_operations(before):
    server, proxy = before(Page(ROOT / "docs" / "operations.md", {}).only("nginx"))
    one, two = server.users(2)
    server.insert_messages([(one, two, "2025-01-01 00:00:00")] * 51)
    answer = ask(proxy, "GET", f"/api/dm/conversations/{two.id}/", Authorization=f"Token {one.token}")
    assert f'"next":"http://127.0.0.1:{proxy.port}/api/dm/conversations/{two.id}/?cursor=' in answer.text


@needs_nginx
@pytest.mark.sqlite
def test_pages_of_another_origin(before):
    page = Page(ROOT / "docs" / "django.md", {})
    name, origins = re.fullmatch(r"export (\w+)=(\S+)\n", page.only("sh cors")).groups()
    server, proxy = before(page.only("nginx"), **{name: origins})
    user = server.user()
    preflight = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "authorization"}
    for origin, allowed in ((ORIGIN, ORIGIN), ("https://evil.example.org", None)):
        answer = ask(proxy, "OPTIONS", "/api/dm/send/1/", Origin=origin, **preflight)
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, allowed)
        assert ("authorization" in answer.headers.get("Access-Control-Allow-Headers", "")) == (allowed is not None)
        for token, status in ((user.token, 200), ("x", 401)):
            answer = ask(proxy, "GET", "/api/dm/unread/", Origin=origin, Authorization=f"Token {token}")
            assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (status, allowed)


# ---- docs/postgresql.md


@pytest.fixture
def roles():
    """Two names that no role of the cluster has, and an environment in which libpq's programs are its administrator."""
    cluster = postgres.shared()
    end = secrets.token_hex(4)
    env = {"PGHOST": "127.0.0.1", "PGPORT": cluster.port, "PGUSER": "postgres"}
    env["PATH"] = f"{postgres.BINARIES.parent}:{harness.PROGRAM.parent}:{os.environ['PATH']}"
    yield f"dm_{end}", f"dm_serve_{end}", env
    for line in (f"DROP DATABASE directmessages_{end}", f"DROP ROLE dm_{end}, dm_serve_{end}"):
        subprocess.run(["psql", "-X", "-d", "postgres", "-c", line], env=harness.environment(**env), capture_output=True)


@pytest.mark.postgresql
@pytest.mark.parametrize("late", [False, True], ids=["after migrate", "before migrate"])
def test_first_lines_and_rights(make_server, roles, backend, late):
    owner, serves, env = roles
    database = owner.replace("dm_", "directmessages_")

    def shell(text, **more):
        done = subprocess.run(["bash", "-ec", text], env=harness.environment(**env, **more), capture_output=True, text=True)
        assert done.returncode == 0, done
        return done.stdout

    def psql(user, text):
        return shell(f"psql -X -qAt -v ON_ERROR_STOP=1 -U {user} -d {database} <<'END'\n{text}\nEND\n")

    page = Page(ROOT / "docs" / "postgresql.md", {"dm_serve": serves})
    first = next(text for kind, text in page.blocks if kind == "sh")
    lines = first.replace("directmessages\n", f"{database}\n", 1).replace("dm\n", f"{owner}\n", 1)
    lines = lines.replace("--owner=dm", f"--owner={owner}")
    create, url, rest = re.fullmatch(r"(.*\n)export DATABASE_URL='(\S+)'\n(.*)", lines, re.DOTALL).groups()
    assert url == "postgresql://dm@db.example.org/directmessages?sslmode=verify-full"
    assert rest == "directmessages migrate\ndirectmessages serve\n"
    shell(create)
    psql("postgres", f"CREATE ROLE {serves} LOGIN")
    place = f"127.0.0.1:{env['PGPORT']}/{database}"
    if late:
        psql(owner, page.only("sql"))
    shell("directmessages migrate", DATABASE_URL=f"postgresql://{owner}@{place}")
    if not late:
        psql(owner, page.only("sql"))
    psql(owner, "CREATE TABLE later (id integer GENERATED BY DEFAULT AS IDENTITY)")
    assert psql(serves, "INSERT INTO later DEFAULT VALUES RETURNING id").strip() == "1"
    for name in ("one", "two"):
        done = run_program("user", "create", name, database=f"postgresql://{serves}@{place}")
        assert done.returncode == 0, done
    server = make_server(start=False, migrate=False)
    server.url = f"postgresql://{serves}@{place}"
    server.start()
    token = run_program("token", "create", "one", database=server.url).stdout.strip()
    connection = http.client.HTTPConnection(server.host, server.port, timeout=harness.DEADLINE)
    connection.request("POST", f"{server.prefix}send/2/", '{"content":"x"}', {"Authorization": f"Token {token}", "Content-Type": "application/json"})
    assert connection.getresponse().status == 201
    connection.close()
    server.stop()
