# SPDX-License-Identifier: MIT
"""The manual pages, docs/settings.md and docs/command-line.md: made by the program (that of the library by its headers), whole, and up to date."""

import re
import shutil
import subprocess

import pytest

from commands import COMMANDS
from harness import BUILD, ROOT, run_program

pytestmark = pytest.mark.sqlite

VARIABLE = re.compile(r"\b(?:DATABASE_URL|DIRECTMESSAGES_[A-Z_]*[A-Z])\b")
# Not read by the program: those of the build, of the tests, and the prefix of a family of settings.
OTHER_VARIABLES = re.compile(r"DIRECTMESSAGES_(BUILD|DJANGO_PYTHON|FUZZ|SCHEMATHESIS|SCHEMATHESIS_SEED|TEST_DEADLINE|USER|WEBHOOK|WEBHOOK_SECRET|VERSION)")


def printed(form):
    done = run_program("help", "--form", form)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def settings():
    """Every variable that the program reads, as its table of settings names them."""
    return set(VARIABLE.findall(re.sub(r"^\| (`\w+`).*|.*", r"\1", printed("settings"), flags=re.MULTILINE)))


@pytest.mark.parametrize("page", ["settings", "command-line"])
def test_the_page_is_what_the_program_prints(page):
    assert (ROOT / "docs" / f"{page}.md").read_text() == printed(page), "run 'make reference'"


def test_each_setting_has_one_row():
    rows = re.findall(r"^\| `(\w+)` \|", printed("settings"), re.MULTILINE)
    assert len(rows) == len(set(rows)) > 40


def test_text_is_what_the_flag_help_prints():
    assert printed("text") == run_program("--help").stdout


def test_serve_help_names_every_setting():
    assert settings() <= set(VARIABLE.findall(run_program("serve", "--help").stdout))


def test_help_fits_a_terminal():
    for words in ([], *(command.words for command in COMMANDS)):
        for line in run_program(*words, "--help").stdout.splitlines():
            assert len(line) <= 80 or " " not in line.strip(), line


@pytest.mark.parametrize("form", ["command-line", "man"])
def test_commands_and_flags_are_described(form):
    text = printed(form).replace("\\-", "-")
    for command in COMMANDS:
        assert re.search(rf"^(## |\\fB){command}\b", text, re.MULTILINE), command
    for flag in sum((command.flags for command in COMMANDS), ()):
        assert re.search(rf"^(\| `|\\fB){flag}\b", text, re.MULTILINE), flag


@pytest.mark.parametrize("form", ["man", "man-conf"])
def test_commands_and_flags_can_be_typed(form):
    """A hyphen in a manual page may show as another character, which a shell does not take for '-'."""
    codes = re.findall(r"\\fB(.*?)\\fR", printed(form))
    assert len(codes) > 50
    assert [code for code in codes if "-" in code.replace("\\-", "")] == []


def test_manual_names_every_setting():
    named = set(re.findall(r"^\\fB(\w+)\\fR$", printed("man-conf"), re.MULTILINE))
    assert settings() <= named


def test_manual_describes_the_whole_library():
    page = re.sub(r"\\-", "-", (BUILD / "libdirectmessages.3").read_text())
    headers = sorted((ROOT / "include" / "directmessages").glob("*.h"))
    assert len(headers) > 10
    for header in headers:
        text = header.read_text()
        assert f".SH \"{header.stem.upper()}\"" in page, header
        for name in re.findall(r"^(?:DM_CHECK|DM_API)[^(]*?(\w+)\(", text, re.MULTILINE) + re.findall(r"^struct (\w+) {", text, re.MULTILINE):
            assert re.search(rf"\b{name}[( ]", page), name
    assert "DM_CHECK" not in page and "__cplusplus" not in page and "The rules for all functions" not in page


def test_pages_name_no_other_settings():
    known = settings()
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for name in VARIABLE.findall(page.read_text()):
            assert name in known or OTHER_VARIABLES.fullmatch(name), f"{page.name}: {name}"


@pytest.mark.parametrize("name, form", [("directmessages.1", "man"), ("directmessages.conf.5", "man-conf")])
def test_manual_is_made_by_the_build(name, form):
    assert (BUILD / name).read_text() == printed(form)


@pytest.mark.parametrize("checker", [["mandoc", "-Tlint", "-Wwarning"], ["man", "--warnings", "-l"]], ids=lambda words: words[0])
@pytest.mark.parametrize("name", ["directmessages.1", "directmessages.conf.5", "libdirectmessages.3"])
def test_manual_is_well_formed(checker, name):
    if not shutil.which(checker[0]):
        pytest.skip(f"{checker[0]} is not installed")
    done = subprocess.run([*checker, BUILD / name], capture_output=True, text=True, timeout=60, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
    warnings = done.stderr if checker[0] == "man" else done.stdout + done.stderr
    assert (done.returncode, warnings) == (0, "")


def test_links_of_markdown_do_not_reach_the_manual():
    for form in ["man", "man-conf"]:
        assert "](" not in printed(form)
    assert "See administration.md." in printed("man-conf")
