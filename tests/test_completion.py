# SPDX-License-Identifier: MIT
"""What bash, zsh and fish complete behind `directmessages`: every command, flag and listed value, and nothing else."""

import shlex
import shutil
import subprocess
import tempfile

import pytest

from commands import COMMANDS
from harness import BUILD

pytestmark = pytest.mark.sqlite

FOLDER = BUILD / "contrib" / "completion"
COMMON = ["--database", "--config", "--help"]
GROUPS = {command.words[0] for command in COMMANDS if len(command.words) == 2}
TOP = sorted({command.words[0] for command in COMMANDS})
# Lines that are being typed, and what they are to become in every shell; each ends before the last letter.
TYPED = [*TOP, *(command.name for command in COMMANDS if " " in command.name), *(f"{command.name} {flag}" for command in COMMANDS for flag in command.flags),
         "--version", "--config x serve", "--database x user list --json", "--database=x token create",
         "serve --log-level warning", "serve --log-format json", "user update --active yes", "user erase --messages blank",
         "webhook deliveries --state delivered", *(f"help --form {form}" for form in ("man-conf", "settings", "bash", "zsh", "fish"))]


def run(shell, script, *words, cwd=None):
    if not shutil.which(shell[0]):
        pytest.skip(f"{shell[0]} is not installed")
    with tempfile.TemporaryDirectory() as home:  # fish makes folders in it
        done = subprocess.run([*shell, script, *words], capture_output=True, text=True, timeout=120, cwd=cwd,
                              env={"PATH": "/usr/bin:/bin", "HOME": home, "LC_ALL": "C.UTF-8", "TERM": "dumb"})
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def bash(lines, cwd=None):
    """What is offered for the last word of each line. Bash makes words at '=', too."""
    script = f"source {shlex.quote(str(FOLDER / 'directmessages'))}\n"
    for line in lines:
        words = ["directmessages", *line.replace("=", " = ").split(" ")]
        last = f"{shlex.quote(words[-1])} {shlex.quote(words[-2])}"
        script += f"COMP_WORDS=({' '.join(map(shlex.quote, words))}) COMP_CWORD={len(words) - 1} COMPREPLY=()\n"
        script += f"_directmessages directmessages {last}\necho \"${{COMPREPLY[*]}}\"\n"
    return [line.split() for line in run(["bash", "--norc", "-c"], script, cwd=cwd).splitlines()]


def fish(lines, cwd=None):
    script = f"source {shlex.quote(str(FOLDER / 'directmessages.fish'))}\n"
    for line in lines:
        script += f"complete -C {shlex.quote('directmessages ' + line)}\necho --end--\n"
    answers = run(["fish", "--no-config", "-c"], script, cwd=cwd).split("--end--\n")[:-1]
    return [[one.split("\t")[0] for one in answer.splitlines()] for answer in answers]


ZSH = r"""
zmodload zsh/zpty
zpty -b typist zsh -f -i
zpty -w typist "PS1= PS2= fpath=($1 \$fpath); autoload -U compinit; compinit -u -D; zstyle ':completion:*' insert-unambiguous true"
zpty -w typist 'unsetopt beep; show() { print -r -- "<""<$BUFFER>"">"; BUFFER=; }; zle -N show; bindkey "^T" show'
shift
for line; do
    zpty -w -n typist "directmessages $line"$'\t\x14'
    zpty -r -m typist said '*<<*>>*'
    said=${said##*<<}
    print -r -- "${said%%>>*}"
done
zpty -d typist
"""


def zsh(lines):
    """What the line becomes when the tabulator is pressed behind it."""
    return run(["zsh", "-f", "-c"], ZSH, "zsh", FOLDER, *lines).splitlines()


def cut(line):
    return line[:-1]


@pytest.mark.parametrize("shell", [bash, fish], ids=lambda shell: shell.__name__)
def test_what_is_typed_is_offered_whole(shell):
    for line, offered in zip(TYPED, shell(map(cut, TYPED)), strict=True):
        assert line.split()[-1] in offered, (line, offered)


def test_zsh_completes_what_is_typed():
    for line, became in zip(TYPED, zsh(map(cut, TYPED)), strict=True):
        assert became.rstrip(" =") == f"directmessages {line}"


@pytest.mark.parametrize("shell", [bash, fish], ids=lambda shell: shell.__name__)
def test_nothing_else_is_offered(shell):
    names, *of_groups = shell(["", *(f"{group} " for group in sorted(GROUPS))])
    assert sorted(word for word in names if not word.startswith("-")) == TOP
    for group, offered in zip(sorted(GROUPS), of_groups, strict=True):
        assert sorted(set(offered) - {"--help"}) == sorted(command.words[1] for command in COMMANDS if command.words[0] == group)
    for command, offered in zip(COMMANDS, shell(f"{command.name} --" for command in COMMANDS), strict=True):
        more = {"serve": ["--lanes"], "routes": ["--prefix"]}.get(command.name, [])
        assert sorted(offered) == sorted([*command.flags, *COMMON, *more])
    assert shell(["user create --email ", "serve --log-level ", "serve --log-level="])[0] == []


@pytest.mark.parametrize("shell", [bash, fish], ids=lambda shell: shell.__name__)
def test_files_are_offered_where_files_are_wanted(shell, tmp_path):
    (tmp_path / "some.db").touch()
    lines = ["--config so", "serve --config so", "backup so", "restore so", "user show so", "serve so"]
    assert shell(lines, cwd=tmp_path) == [["some.db"]] * 4 + [[]] * 2
