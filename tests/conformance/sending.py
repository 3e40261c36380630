# SPDX-License-Identifier: MIT
"""Random contents and the three formats of a body that carries them."""

import json
import urllib.parse

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
ALPHABETS = [
    "abc ",
    "a\u00e4\u00df\u4e2d\U0001f600\u0301",
    "\"\\/<>&'`=+%;#?",
    "\t\n\r \u00a0\u2028\u2029\ufeff",
    "".join(map(chr, range(1, 32))) + "\x7f\x80\x9f",
    "\ud7ff\ue000\uffff\U0010ffff",
]
NUMBERS = ["0", "-0", "1", "-17", "123", "1.50", "1.0", "-0.0", "1e3", "1E+2", "1e22", "1e-7", "123456789.123456789"]
NUMBERS += [
    "9223372036854775807",
    "-9223372036854775808",
    "0.1",
    "1e16",
    "1e15",
    "12345678901234567.0",
    "5e-324",
    "1e308",
]
BIG_NUMBERS = ["9223372036854775808", "-9223372036854775809", "123456789012345678901234567890", "1e400", "-1e999"]
OTHERS = ["true", "false", "null", "[]", "{}", "[1]", '["a",null]', '{"a":1}', '{"content":"x"}', '""', "0", "0.0"]


def text(random):
    """A content; sometimes long, sometimes only white space."""
    kind = random.random()
    if kind < 0.02:
        return random.choice([" ", "\n", "\r\n", "\t \t"])
    if kind < 0.05:
        return random.choice(["x", "\u00e4", "\U0001f600"]) * random.randrange(500, 3000)
    alphabet = "".join(random.sample(ALPHABETS, random.choice([1, 1, 2, 3])))
    return "".join(random.choice(alphabet) for _ in range(random.randrange(1, 40)))


def body(random):
    """Headers and a body with some content, in one of three formats."""
    kind = random.choice([json_body, json_body, form_body, multipart_body])
    return kind(random)


def json_body(random):
    kind = random.random()
    if kind < 0.75:
        value = json.dumps(text(random), ensure_ascii=random.random() < 0.5)
    else:
        value = random.choice(random.choice([NUMBERS, NUMBERS, BIG_NUMBERS, OTHERS]))
    fields = [f'"content":{value}'] if random.random() < 0.97 else []
    for _ in range(random.choice([0, 0, 0, 1, 2])):
        other = random.choice(
            ['"x":[1,{"content":"no"}]', '"Content":"y"', '"content":"earlier"', '"":null', '"a\\u00e4":1.5']
        )
        fields.insert(random.randrange(len(fields) + 1), other)
    space = random.choice(["", "", " ", "\n\t"])
    media = random.choice([JSON] * 6 + ["application/json; charset=utf-8", "Application/JSON"])
    written = space + "{" + f",{space}".join(fields) + "}" + space
    return [("Content-Type", media)], written.encode("utf-8", "surrogatepass")


def form_body(random):
    fields = [("content", text(random))] if random.random() < 0.97 else []
    for _ in range(random.choice([0, 0, 1])):
        fields.insert(random.randrange(len(fields) + 1), random.choice([("x", "1"), ("content", "other"), ("", "")]))
    written = urllib.parse.urlencode(fields, quote_via=random.choice([urllib.parse.quote, urllib.parse.quote_plus]))
    return [("Content-Type", random.choice([FORM, FORM, FORM + "; charset=utf-8"]))], written.encode()


def multipart_body(random):
    boundary = random.choice(["XX", "----WebKitFormBoundaryabc123", "a'b"])
    value = text(random)
    fields = [("content", value)] if random.random() < 0.97 else []
    for _ in range(random.choice([0, 0, 1])):
        fields.insert(random.randrange(len(fields) + 1), random.choice([("x", "1"), ("content", "other")]))
    written = b""
    for name, field in fields:
        written += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        written += field.encode() + b"\r\n"
    written += f"--{boundary}--\r\n".encode()
    return [("Content-Type", f"multipart/form-data; boundary={boundary}")], written
