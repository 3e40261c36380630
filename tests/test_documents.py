# SPDX-License-Identifier: MIT
"""What the documents name is there: the pages of docs/decisions/ in its index, linked files, files and names of the source."""

import re
import subprocess

import pytest

from harness import ROOT

FOLDER = ROOT / "docs" / "decisions"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))
DOCUMENTS = [ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_index_has_every_page_by_its_title():
    rows = re.findall(r"^\| \[(\d+)\]\((.+)\) \| (.+) \|$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    pages = []
    for page in PAGES:
        title = re.fullmatch(r"# (\d+)\. (.+)", page.read_text().splitlines()[1])
        assert title, f"{page.name}: its second line is no title like '# 12. What was decided'"
        pages.append((title[1], page.name, title[2]))
    assert rows == pages


def test_a_number_is_given_once():
    numbers = [page.name[:4] for page in PAGES]
    assert numbers == sorted(set(numbers))
    for page in PAGES:
        assert page.read_text().splitlines()[1].startswith(f"# {int(page.name[:4])}. "), page.name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(document):
    for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)\s#]+)", document.read_text()):
        assert (document.parent / link).exists(), link


# Paths that stand for others: a place to put a name in, or what a build makes.
PLACEHOLDER = re.compile(r"NAME|SUBJECT|\*|^build|^test_NAME|^\.ci/")
SUFFIXES = r"\.(?:c|h|py|md|yaml|build|in|txt|lua)"


@pytest.fixture(scope="module")
def tree():
    """The files of the tree, those that git does not know yet included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("this is no git checkout")
    return [name for name in done.stdout.splitlines() if (ROOT / name).exists()]


@pytest.mark.parametrize("document", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_files_that_are_named_are_there(document, tree):
    """A path from the top, or the end of one."""
    text = (ROOT / document).read_text()
    names = set(re.findall(rf"`([\w./-]+{SUFFIXES})`", text)) | set(re.findall(r"`((?:server|lib|tests|docs|bench|include)/[\w./-]*)`", text))
    lost = [name for name in sorted(names) if not PLACEHOLDER.search(name)
            and not any(f"/{file}".endswith(f"/{name}") or file.startswith(name.rstrip("/") + "/") for file in tree)]
    assert lost == []


@pytest.mark.parametrize("document", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_names_are_in_the_file_that_is_said(document, tree):
    """Of '`name` in `file`' and '`name` (`file`)'."""
    lost = []
    for names, file in re.findall(rf"((?:`\w+(?:\[\])?`(?:, | and )?)+)(?: in |,? \()`([\w./-]+{SUFFIXES})`", (ROOT / document).read_text()):
        homes = [ROOT / one for one in tree if f"/{one}".endswith(f"/{file}")]
        for name in re.findall(r"`(\w+)", names):
            if not any(re.search(rf"\b{name}\b", home.read_text()) for home in homes):
                lost.append(f"{name} in {file}")
    assert lost == []


def test_names_of_the_architecture_are_in_the_source(tree):
    sources = [ROOT / name for name in tree if name.endswith((".c", ".h", ".in", ".build")) or name == "Makefile"]
    known = set(re.findall(r"\w+", "\n".join(path.read_text() for path in sources)))
    text = (ROOT / "ARCHITECTURE.md").read_text()
    named = {name for name in re.findall(r"`(?:struct |enum )?([A-Za-z]\w{3,})(?:\[\])?`", text)}
    assert sorted(named - known) == []
