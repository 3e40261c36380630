# SPDX-License-Identifier: MIT
"""What the tests of sending share: bodies, their types, and looks at what came of them."""

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=XX"
REQUIRED = "content is required"
NOT_A_STRING = "content must be a string."


def sent_content(answer):
    """The content that a send or a post to a conversation has stored, as its answer shows it."""
    assert answer.status == 201, answer
    told = answer.json()
    return (told[0] if isinstance(told, list) else told)["content"]


def check_nothing_stored(sender, recipient):
    assert recipient.unread() == 0
    assert sender.conversation(recipient)["results"] == []


def part(name, data, more=b""):
    return b"--XX\r\nContent-Disposition: form-data; name=\"" + name + b"\"" + more + b"\r\n\r\n" + data + b"\r\n"


END = b"--XX--\r\n"
FILE = b'; filename="a.txt"'
TEXT_FILE = b'; filename="a.txt"\r\nContent-Type: text/plain'
