# SPDX-License-Identifier: MIT
"""Administration of users and their tokens over HTTP."""

from routes import check_error


def test_one_user(admin_server):
    user = admin_server.user(first_name="Jane", last_name='"Doe"', email="jane@example.org", active=False)
    answer = admin_server.admin("GET", f"users/{user.id}/")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.text == (
        f'{{"id":{user.id},"username":"{user.username}","first_name":"Jane","last_name":"\\"Doe\\"",'
        '"email":"jane@example.org","is_active":false}'
    )
    assert admin_server.admin("GET", f"users/@{user.username}/").body == answer.body
    assert admin_server.admin("GET", f"users/%40%75{user.username[1:]}/").body == answer.body
    for path in ("users/@nobody/", "users/@%FF/", "users/@a%00b/", "users/999999999/", "users/99999999999999999999/"):
        check_error(admin_server.admin("GET", path), 404, "No User matches the given query.")


def test_pages_of_users(make_server):
    server = make_server(administered=True)
    users = server.users(201)
    seen, path, pages = [], "/admin/users/?x=1", 0
    while path:
        page = server.admin("GET", path).json()
        assert page["previous"] is None
        seen += page["results"]
        pages += 1
        if page["next"]:
            start, query = page["next"].split("?")
            assert start.endswith("/admin/users/") and query.endswith("&x=1")
            path = f"/admin/users/?{query}"
        else:
            path = None
    assert ([user["id"] for user in seen], pages) == ([user.id for user in users], 3)
    server.sql("DELETE FROM authtoken_token WHERE user_id = ?", (users[-1].id,))
    server.sql("DELETE FROM auth_user WHERE id = ?", (users[-1].id,))
    last = server.admin("GET", "users/?cursor=cD00").json()  # p=4
    assert len(last["results"]) == 100 and last["results"][0]["id"] > 4
    for number in range(2):  # exactly two pages now: the second has no next
        page = server.admin("GET", page_of(server, number)).json()
    assert page["next"] is None and len(page["results"]) == 100


def page_of(server, number):
    path = "users/"
    for _ in range(number):
        path = "users/?" + server.admin("GET", path).json()["next"].split("?")[1]
    return path


def test_bad_cursors(admin_server):
    assert admin_server.admin("GET", "users/?cursor=").status == 200
    for cursor in ("cD1qYW5l", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OQ=="):  # p=jane, p=9999999999999999999
        check_error(admin_server.admin("GET", f"users/?cursor={cursor}"), 404, "Invalid cursor")
    beyond = admin_server.admin("GET", "users/?cursor=cD05MjIzMzcyMDM2ODU0Nzc1ODA3")  # p=9223372036854775807
    assert beyond.json() == {"next": None, "previous": None, "results": []}
