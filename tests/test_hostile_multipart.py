# SPDX-License-Identifier: MIT
"""Odd multipart/form-data: boundaries, parts and headers of parts that are missing, broken or huge."""

import os
import random

import pytest

from hostile_client import check_no_growth, contents, send_to

pytestmark = [pytest.mark.sqlite, pytest.mark.usefixtures("unharmed_target")]

MALFORMED = "Multipart form parse error"
REQUIRED = "content is required"


def part(name=b'name="content"', data=b"x", more=b"", boundary=b"XX"):
    return b"--" + boundary + b"\r\nContent-Disposition: form-data; " + name + more + b"\r\n\r\n" + data + b"\r\n"


def post(server, body, kind=b"multipart/form-data; boundary=XX"):
    return server.exchange(send_to(server, b"Content-Type: " + kind, body=body))


def check_refused(server, body, *details, kind=b"multipart/form-data; boundary=XX"):
    before = contents(server)
    answer = post(server, body, kind)
    assert answer.status == 400, answer
    assert any(answer.json()["detail"].startswith(detail) for detail in details), answer
    assert contents(server) == before


@pytest.mark.parametrize(
    "kind",
    [
        b"multipart/form-data",
        b"multipart/form-data;",
        b"multipart/form-data; boundary",
        b"multipart/form-data; boundary=",
        b'multipart/form-data; boundary=""',
        b"multipart/form-data; x=y",
        b"multipart/form-data; boundary=\xff",
        b'multipart/form-data; boundary="XX',
        b"multipart/form-data; boundary=YY",
    ],
)
def test_boundary_that_is_missing_empty_or_another_is_refused(target, kind):
    check_refused(target, part() + b"--XX--\r\n", MALFORMED, REQUIRED, kind=kind)


@pytest.mark.parametrize("length", [1, 2, 70, 201])
def test_boundary_of_any_length_is_taken(target, length):
    boundary = b"Q" * length
    answer = post(
        target, part(boundary=boundary) + b"--" + boundary + b"--\r\n", b"multipart/form-data; boundary=" + boundary
    )
    assert (answer.status, answer.json().get("content")) == (201, "x"), answer


WHOLE = part() + b"--XX--\r\n"


@pytest.mark.parametrize(
    "kind, body",
    [
        (b"multipart/form-data; charset=utf-8; boundary=XX", WHOLE),
        (b'multipart/form-data;boundary="XX"', WHOLE),
        (
            None,
            b"--XX\r\nContent-Type: text/plain\r\n"
            b'Content-Disposition: form-data; name="content"\r\n\r\nx\r\n--XX--\r\n',
        ),
        (None, b'--XX\r\nContent-Disposition: form-data; x=y; name="content"\r\n\r\nx\r\n--XX--'),
        (None, b"preamble\r\n" + WHOLE),
        (b"multipart/form-data; boundary=XX; charset=utf-8", WHOLE),
        (b"multipart/form-data; xboundary=YY; boundary=XX", WHOLE),
        (b"multipart/form-data; BOUNDARY=XX", WHOLE),
        (b"multipart/form-data; boundary*=us-ascii'en'%58X", WHOLE),
        (None, WHOLE.replace(b'"', b"")),
        (None, WHOLE.replace(b": ", b":")),
        (None, WHOLE.replace(b"; ", b";")),
        (None, WHOLE.replace(b"form-data; name", b"form-data; name ").replace(b"form-data; ", b"form-data;.. ; ")),
        (None, WHOLE.replace(b"Content-Disposition", b"CONTENT-DISPOSITION").replace(b"name", b"NAME")),
        (None, WHOLE.replace(b'name="content"', b"name*=utf-8''con%74ent")),
        (None, WHOLE.replace(b'name="content"', b'name*1="tent"; name*0="con"')),
        (None, WHOLE.replace(b'name="content"', b'name="content"; filename=""')),
        (None, WHOLE.replace(b'name="content"', b'x="\\";name=other;"; name="content"')),
        (None, WHOLE.replace(b'"content"', b'" content "')),
        (None, WHOLE + b"epilogue"),
        (None, WHOLE + WHOLE.replace(b"x", b"epilogue")),
        (None, WHOLE.replace(b"--XX\r\n", b"--XX  \r\n")),
        (None, WHOLE.replace(b"x\r\n--XX--", b"x\n--XX--")),
        (b"multipart/form-data; boundary=X", WHOLE.replace(b"XX", b"X")),
    ],
    ids=range(24),
)
def test_unusual_but_right_form_is_read(target, kind, body):
    """The reference takes each of them (and reads an epilogue as if it were none)."""
    answer = post(target, body, kind or b"multipart/form-data; boundary=XX")
    assert (answer.status, answer.json().get("content")) == (201, "x"), answer


@pytest.mark.parametrize("length", [1000, 5000, 10_000])
def test_boundary_of_thousands_is_refused(target, length):
    boundary = b"Q" * length
    answer = post(
        target, part(boundary=boundary) + b"--" + boundary + b"--\r\n", b"multipart/form-data; boundary=" + boundary
    )
    assert (answer.status, answer.json()["detail"][: len(MALFORMED)]) == (400, MALFORMED), answer


@pytest.mark.parametrize(
    "body",
    [
        part(b""),
        part(b'name=""'),
        part(b"name="),
        part(b"name"),
        part(b'name="other"'),
        part(b'name="Content"'),
        part(b'name="contents"'),
        part(b'filename="content"'),
        b"--XX\r\n\r\nx\r\n",
        b"--XX\r\nContent-Type: text/plain\r\n\r\nx\r\n",
        b'--XX\r\nX: name="content"\r\n\r\nx\r\n',
        part(data=b""),
    ],
    ids=lambda body: body[:60].decode("ascii").replace("\r\n", "|"),
)
def test_part_without_its_name_is_no_content(target, body):
    check_refused(target, body + b"--XX--\r\n", REQUIRED, MALFORMED)


@pytest.mark.parametrize(
    "body",
    [
        b"x",
        b"--",
        b"--XX",
        b"--XX\r\n",
        b"--XX--",
        b"--XX--\r\n",
        b"\r\n--XX--\r\n",
        b"\0" * 100,
        b"--XX" * 1000,
        b"\r\n" * 1000,
        b"--XX\r\nContent-Disposition",
        b'--XX\r\nContent-Disposition: form-data; name="content"',
        b'--XX\r\nContent-Disposition: form-data; name="content"\r\n',
        b"--XX\r\n--XX\r\n--XX--\r\n",
        b"--XX\n--XX\n",
        b"--XX\r\n\0\0\r\n\r\nx\r\n--XX--\r\n",
        b"--XX\r\n" + b":" * 1000 + b"\r\n\r\nx\r\n--XX--\r\n",
    ],
    ids=lambda body: body[:40].decode("ascii").replace("\r\n", "|").replace("\0", "0"),
)
def test_body_that_is_no_form_is_refused(target, body):
    check_refused(target, body, MALFORMED, REQUIRED)


@pytest.mark.parametrize("tail", [b"", b"--XX", b"--XX-", b"--XX\r\n", b"--XXx\r\n", b"--X", b"--", b"junk"])
def test_form_without_its_end_is_refused_or_whole(target, tail):
    """The reference takes a part that ends with a boundary; cut content must never be stored."""
    ends = tail in (b"--XX", b"--XX\r\n")
    for data in (b"all of it", b"all of it\r\n--X", b"all of it\r\n--XY"):
        before = contents(target)
        answer = post(target, part(data=data) + tail)
        assert answer.status == (201 if ends else 400), answer
        assert contents(target) == before + [data.decode()] * ends


@pytest.mark.parametrize(
    "data", [b"\r\n", b"\r", b"\n", b"\r\n--", b"\r\n--X", b"\r\n--XY", b"--XX", b"-", b"\r\n\r\n", b"\r\n--Xx\r\n"]
)
def test_content_that_looks_like_a_boundary_is_content(target, data):
    for text in (
        data + b"x",
        b"x" + data,
        b"x" + data + b"x",
        data * 1000 + b"x",
        b"x" * 4095 + data,
        b"x" * 4090 + data * 3,
    ):
        answer = post(target, part(data=text) + b"--XX--\r\n")
        assert (answer.status, answer.json().get("content")) == (201, text.decode()), answer


@pytest.mark.parametrize("size", [1000, 4000, 5000, 100_000, 1_000_000])
@pytest.mark.parametrize(
    "make",
    [
        lambda size: b'; x="' + b"a" * size + b'"',
        lambda size: b"\r\nX: " + b"a" * size,
        lambda size: b"\r\nX: a" * (size // 6),
        lambda size: b"\r\n" + b"a" * size,
        lambda size: b"; a=b" * (size // 5),
    ],
    ids=["parameter", "header", "headers", "name", "parameters"],
)
def test_huge_headers_of_a_part_are_taken_or_refused(target, make, size):
    before = contents(target)
    answer = post(target, part(more=make(size)) + b"--XX--\r\n")
    assert answer.status in (201, 400), answer
    assert contents(target) == before + ["x"] * (answer.status == 201)


def test_huge_name_is_not_ours(target):
    for size in (100, 4000, 100_000):
        check_refused(target, part(b'name="content' + b"t" * size + b'"') + b"--XX--\r\n", REQUIRED, MALFORMED)


def test_many_parts_are_read(target):
    answer = post(target, part(b'name="a"') * 10_000 + part(data=b"last") + b"--XX--\r\n")
    assert (answer.status, answer.json()["content"]) == (201, "last")
    answer = post(target, part() * 10_000 + part(data=b"last") + b"--XX--\r\n")
    assert (answer.status, answer.json()["content"]) == (201, "last")


def test_part_within_a_part_is_answered(target):
    inner = b'--YY\r\nContent-Disposition: form-data; name="content"\r\n\r\ninner\r\n--YY--\r\n'
    for kind in (b"multipart/mixed; boundary=YY", b"multipart/form-data; boundary=YY", b"multipart/mixed"):
        answer = post(target, part(b'name="a"', inner, b"\r\nContent-Type: " + kind) + b"--XX--\r\n")
        assert answer.status == 400, answer


@pytest.mark.parametrize("encoding", [b"quoted-printable", b"8bit", b"binary", b"nonsense"])
def test_transfer_encoding_of_a_part_is_not_looked_at(target, encoding):
    answer = post(target, part(more=b"\r\nContent-Transfer-Encoding: " + encoding) + b"--XX--\r\n")
    assert (answer.status, answer.json().get("content")) == (201, "x"), answer


@pytest.mark.parametrize("spelling", [b"base64", b" BASE64 ", b"base64; x=y"])
def test_a_part_in_base64_is_refused(target, spelling):
    """The reference decodes it; RFC 7578 has abolished it."""
    body = part(more=b"\r\nContent-Transfer-Encoding:" + spelling) + b"--XX--\r\n"
    check_refused(target, body, MALFORMED)
    assert post(target, body.replace(b"content", b"other") + part() + b"--XX--\r\n").status == 400
    assert post(target, body.replace(b"content", b"other").replace(b"--XX--\r\n", WHOLE)).status == 201


def test_cut_and_garbled_forms_leave_nothing_behind(target):
    rng = random.Random(1)
    whole = part(b'name="a"') + part(data=b"y" * 5000) + part(b'name="b"; filename="f"', b"z" * 100) + b"--XX--\r\n"

    def garbled():
        data = bytearray(whole)
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(data)) if rng.random() < 0.3 else rng.randrange(150)
            data[at : at + rng.randrange(4)] = rng.choice([b"", b"\r\n", b'"', b"--XX", b";", b"\0", rng.randbytes(2)])
        return bytes(data[: rng.randrange(1, len(data))] if rng.random() < 0.3 else data)

    def post_many():
        for _ in range(100):
            assert post(target, garbled()).status in (201, 400)

    check_no_growth(target, post_many, 2)


def cpu_seconds(server):
    with open(f"/proc/{server.process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_of_posts(server, body, kind):
    """What the server takes to read a body that holds no boundary, for a few of them."""
    before = cpu_seconds(server)
    for _ in range(4):
        check_refused(server, body, MALFORMED, kind=kind)
    return cpu_seconds(server) - before


def test_a_body_that_is_one_boundary_after_the_other_takes_no_longer(target):
    kind = b"multipart/form-data; boundary="
    harmless = cpu_of_posts(target, b"-" * 1_000_000, kind + b"x" * 198)
    assert cpu_of_posts(target, b"-" * 1_000_000, kind + b"-" * 198) < 4 * harmless + 0.2
