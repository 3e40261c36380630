# SPDX-License-Identifier: MIT
"""What all files of the pages that the program holds are served with."""


def check_asset(answer, content_type, policy):
    assert answer.status == 200
    assert answer.headers.get_all("Content-Type") == [content_type]
    assert answer.headers.get_all("Cache-Control") == ["no-cache"]
    assert answer.headers.get_all("Vary") == ["Accept-Encoding"]
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert answer.headers.get_all("Referrer-Policy") == ["no-referrer"]
    found = dict(one.strip().split(" ", 1) for one in answer.headers["Content-Security-Policy"].split(";"))
    assert found == policy
    assert "Content-Encoding" not in answer.headers
