# SPDX-License-Identifier: MIT
"""Random multipart/form-data bodies, in all the spellings that come to mind, and what Django's parser reads of them."""

import base64
import json
import re
import string
import subprocess

import reference_project

# Reads lines of [type, body], writes for each what Django has for the field `content`: ["text", value] or ["nothing"].
DJANGO = """
import base64, io, json, sys
from django.conf import settings
settings.configure()
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http.multipartparser import MultiPartParser
for line in sys.stdin:
    kind, body = json.loads(line)
    body = base64.b64decode(body)
    handler = MemoryFileUploadHandler()
    meta = {"CONTENT_TYPE": kind, "CONTENT_LENGTH": len(body)}
    handler.handle_raw_input(None, meta, len(body), None)
    try:
        fields, files = MultiPartParser(meta, io.BytesIO(body), [handler], "utf-8").parse()
        value = fields.get("content")
        found = ["nothing"] if value is None or "content" in files else ["text", value]
    except Exception as error:
        found = ["nothing", repr(error)]
    print(json.dumps(found), flush=True)
"""


def ask_django(forms):
    """What Django reads of each of the (type, body)."""
    lines = [json.dumps([kind, base64.b64encode(body).decode()]) for kind, body in forms]
    done = subprocess.run(
        [reference_project.python(), "-c", DJANGO], input="\n".join(lines), capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def separator_of(kind):
    """`--` and the boundary, of a type that `form` has made."""
    return ("--" + kind.partition("|")[2]).encode()


def mixed(rng, text):
    """In letters of any case."""
    return "".join(rng.choice([letter.lower(), letter.upper(), letter]) for letter in text)


def blank(rng):
    return rng.choice(["", "", "", " ", "  ", "\t"])


def quoted(value):
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def escaped(rng, value, share=0.3):
    safe = string.ascii_letters + string.digits
    return "".join(f"%{ord(c):02{rng.choice('xX')}}" if c not in safe or rng.random() < share else c for c in value)


def parameter(rng, name, value, tokens=string.ascii_letters + string.digits + "-_."):
    """name=value in one of its forms."""
    label, equals = mixed(rng, name), blank(rng) + "=" + blank(rng)
    forms = [label + equals + quoted(value)] * 3
    if value and all(c in tokens for c in value):
        forms += [label + equals + value] * 3 + [label + equals + "<" + value + ">"]
    if value.isascii() and value.isprintable() and value:
        charset = rng.choice(["utf-8", "UTF-8", "us-ascii", "iso-8859-1", ""])
        language = rng.choice(["", "en"])
        forms.append(f"{label}*{equals}{charset}'{language}'{escaped(rng, value)}")
        if "'" not in value:
            forms.append(f"{label}*{equals}{escaped(rng, value, 0)}")
        cuts = sorted(rng.randrange(len(value) + 1) for _ in range(rng.choice([1, 1, 2, 11])))
        pieces = [value[start:end] for start, end in zip([0, *cuts], [*cuts, len(value)])]
        in_sections = [f"{label}*{number}{equals}{quoted(piece)}" for number, piece in enumerate(pieces)]
        if rng.random() < 0.5:
            in_sections[0] = f"{label}*0*{equals}{charset}''{escaped(rng, pieces[0])}"
        rng.shuffle(in_sections)
        forms.append((blank(rng) + ";" + blank(rng)).join(in_sections))
    return rng.choice(forms)


def junk_parameter(rng):
    return rng.choice(
        ["x=y", 'x="a;b"', 'x="a\\"; name=other; b"', 'x="; name=other"', "x", "", "xname=other", "names=other"]
        + ["x*=utf-8''name%3Dother", "x*0=a;x*1=b", "=y", 'x="\\\\"', "name**=other", "name*x=other", "nam*=other"]
    )


def disposition(rng, name, filename):
    parameters = [parameter(rng, "name", name)] if name is not None else []
    if filename is not None:
        parameters.append(parameter(rng, "filename", filename))
    parameters += [junk_parameter(rng) for _ in range(rng.choice([0, 0, 0, 1, 2]))]
    rng.shuffle(parameters)
    kind = rng.choice(["form-data"] * 6 + ["FORM-DATA", "attachment", "", "x"])
    line = mixed(rng, "Content-Disposition") if rng.random() < 0.3 else "Content-Disposition"
    line += ":" + rng.choice([" ", " ", "", "\t", "  "]) + kind
    return line + "".join(blank(rng) + ";" + blank(rng) + each for each in parameters) + rng.choice(["", "", ";", " ", "; "])


def headers(rng, name, filename):
    lines = [disposition(rng, name, filename)]
    if rng.random() < 0.08:
        lines.insert(0, disposition(rng, rng.choice(["content", "other", None]), None))
    others = ["Content-Type: text/plain", "content-type:text/plain;charset=utf-8", "X: y", "garbage", ": x", "Content-Length: 3"]
    others += [f"Content-Transfer-Encoding: {each}" for each in ("7bit", "8bit", "binary", "quoted-printable", "x; y=base64")]
    others += [" name=content", "\tx; name=content", "Content-Disposition : form-data; name=content", "X: a; name=content"]
    for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(others))
    return lines


def data(rng, separator):
    half = separator[: rng.randrange(len(separator))]
    pieces = ["x", "caf\u00e9", "\U0001f600", "\r\n", "\n", "\r", "--", "-", " ", "\r\n\r\n", "a" * rng.randrange(3000), '"', ";"]
    made = b""
    for _ in range(rng.choice([0, 1, 1, 2, 3, 8])):
        made += (b"\r\n" + half) if rng.random() < 0.2 else rng.choice(pieces).encode()
    return b"x" if separator in made else made


def form(rng):
    """A type and a body whose boundary stands at the starts of lines, alone, and nowhere else."""
    letters = string.ascii_letters + string.digits
    boundary = "".join(rng.choice(letters + "-_.'()+,/:=?") for _ in range(rng.choice([1, 2, 16, 40, 70, 200]))) + rng.choice(letters)
    separator = ("--" + boundary).encode()
    more = [junk_parameter(rng).replace("name", "boundary") for _ in range(rng.choice([0, 0, 0, 1]))]
    tokens = letters + "-_.+:/"
    parameters = [parameter(rng, "boundary", boundary, tokens), *more]
    rng.shuffle(parameters)
    kind = "multipart/form-data" + "".join(blank(rng) + ";" + blank(rng) + each for each in parameters)
    body = rng.choice([b"", b"", b"", b"\r\n", b"preamble\r\n", b"pre\n"])
    for number in range(rng.choice([1, 1, 2, 3, 5])):
        name = rng.choice(["content"] * 4 + ["other", "Content", " content ", "contents", "conten", "", None, 'con"tent', "c\\d"])
        filename = rng.choice([None] * 6 + ["", "f.txt"])
        ends = rng.choice([b"\r\n"] * 9 + [b"\n"])
        body += separator + rng.choice(["", "", "", " ", "\t "]).encode() + ends
        body += "\r\n".join(headers(rng, name, filename)).encode() + rng.choice([b"\r\n\r\n"] * 15 + [b"\r\n", b"\n\n", b""])
        body += data(rng, separator) + rng.choice([b"\r\n"] * 9 + [b"\n"])
    ends = [b"--", b"--\r\n", b"--\r\n", b"--  \r\n", b"--\r\nepilogue", b"--\r\n\r\n\r\n", b"\r\n"]
    end = rng.choice(ends + [b""] * (b"filename" not in body.lower()))  # Django forgets a file that nothing follows
    return kind, separator, body + separator + end


def garbled(rng, made):
    """The same with a few bytes changed."""
    kind, separator, body = made
    changed = bytearray(body)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(changed))
        changed[at : at + rng.randrange(3)] = rng.choice([b"", b"\r\n", b"\n", b'"', b";", b":", b"=", b"'", b"*", b"%", b" ", b"\\"])
    return kind, separator, bytes(changed)


def is_plain(separator, body):
    """Whether its boundaries are lines of their own, the closing one the last, and whole: where we read as Django does."""
    if not all(re.match(rb"(--)?[ \t]*(\r?\n|\Z)", body[at.end() :]) for at in re.finditer(re.escape(separator), body)):
        return False
    pieces = body.split(separator)
    at_start = all(not piece or piece.endswith(b"\n") for piece in pieces[:-1])
    closing = [piece.startswith(b"--") for piece in pieces[1:]]
    is_whole = closing and (closing[-1] or not pieces[-1].strip()) and not any(closing[:-1])
    return at_start and is_whole and b"\r\n\r\n" not in pieces[0] and b"base64" not in body
