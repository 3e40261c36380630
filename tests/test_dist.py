# SPDX-License-Identifier: MIT
"""The release tarball and what the packages say: `make dist` holds the commit and Swagger UI, the same bytes each time. `make deb-test`
and `make container-test` build and use the packages."""

import hashlib
import re
import subprocess
import tarfile

import pytest
import yaml

from harness import BUILD, ROOT, environment

pytestmark = pytest.mark.sqlite


def git(*words):
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("this is no git checkout")
    return done.stdout


def test_the_tarball_holds_the_commit_and_needs_no_npm(tmp_path):
    files = git("ls-tree", "-r", "--name-only", "HEAD").splitlines()
    made = []
    for folder in ("one", "two"):
        done = subprocess.run([ROOT / "scripts" / "dist", "HEAD", tmp_path / folder], capture_output=True, text=True, env=environment(), timeout=120)
        if "no docs page" in done.stderr:
            pytest.skip(done.stderr)
        assert done.returncode == 0, done.stderr
        made.append(tmp_path / folder)
    (tarball,) = made[0].glob("*.tar.xz")
    version = re.search(r"^  version: '(.+)',$", git("show", "HEAD:meson.build"), re.MULTILINE)[1]
    assert tarball.name == f"directmessages-{version}.tar.xz"
    assert tarball.read_bytes() == (made[1] / tarball.name).read_bytes()
    told = (made[0] / f"{tarball.name}.sha256").read_text()
    assert told == f"{hashlib.sha256(tarball.read_bytes()).hexdigest()}  {tarball.name}\n"
    with tarfile.open(tarball) as archive:
        members = archive.getmembers()
        page = f"directmessages-{version}/server/openapi/page"
        fetch = archive.extractfile(f"{page}/fetch").read()
    names = {member.name.removeprefix(f"directmessages-{version}/") for member in members if member.isfile()}
    assets = {name for name in names if name.startswith("server/openapi/page/swagger-ui-dist/")}
    assert names - assets == set(files)
    assert {name.rsplit("/", 1)[1] for name in assets} >= {"swagger-ui-bundle.js", "swagger-ui.css", "LICENSE", "NOTICE"}
    assert {(member.uid, member.gid, member.mtime) for member in members} == {(0, 0, int(git("log", "-1", "--format=%ct", "HEAD")))}
    assert {member.mode for member in members if member.isfile()} == {0o644, 0o755}
    # The build takes those files, whatever else there is: without npm, in an empty folder.
    unpacked = tmp_path / "page"
    (unpacked / "swagger-ui-dist").mkdir(parents=True)
    (unpacked / "swagger-ui-dist" / "swagger-ui-bundle.js").touch()
    (unpacked / "fetch").write_bytes(fetch)
    done = subprocess.run(["sh", unpacked / "fetch", tmp_path / "empty"], capture_output=True, text=True, env={"PATH": "/nonexistent:/bin"})
    assert (done.returncode, done.stdout) == (0, f"{unpacked}/swagger-ui-dist\n")


def test_versions_are_the_same_everywhere():
    version = re.search(r"^  version: '(.+)',$", (ROOT / "meson.build").read_text(), re.MULTILINE)[1]
    assert (ROOT / "debian" / "changelog").read_text().startswith(f"directmessages ({version}) ")
    assert f"\n## {version} - " in (ROOT / "CHANGELOG.md").read_text()
    page = (ROOT / "docs" / "installing.md").read_text()
    assert set(re.findall(r"directmessages[-_](\d+\.\d+\.\d+)", page)) == {version}


@pytest.mark.skipif(BUILD.name.endswith(("asan", "tsan")), reason="a sanitizer's build exports more")
def test_symbols_of_the_package_are_those_of_the_library():
    library = BUILD / "lib" / "libdirectmessages.so"
    done = subprocess.run([ROOT / "scripts" / "symbols", library], capture_output=True, text=True, check=True)
    assert (ROOT / "debian" / "libdirectmessages0.symbols").read_text() == done.stdout, "run 'make reference'"


def test_packages_need_what_the_build_needs():
    """The lists of scripts/setup, debian/control and the Containerfile are one."""
    setup = re.search(r"^build='(.+)'$", (ROOT / "scripts" / "setup").read_text(), re.MULTILINE)[1].split()
    control = (ROOT / "debian" / "control").read_text()
    container = (ROOT / "contrib" / "container" / "Containerfile").read_text()
    libraries = {name for name in setup if name.endswith("-dev") and name != "libc6-dev"}
    assert {"python3", "python3-yaml", "meson", *libraries} <= set(re.findall(r"[\w.+-]+", re.search(r"^Build-Depends: (.+)$", control, re.MULTILINE)[1]))
    assert set(setup) - {"make"} <= set(re.findall(r"[\w.+-]+", container))


def test_the_compose_file_has_a_service_and_its_database():
    services = yaml.safe_load((ROOT / "contrib" / "container" / "compose.yml").read_text())["services"]
    assert services.keys() == {"directmessages", "database"}
    ours, database = services["directmessages"], services["database"]
    assert (ROOT / "contrib" / "container" / ours["build"]["context"] / ours["build"]["dockerfile"]).exists()
    url = ours["environment"]["DATABASE_URL"]
    assert url == f"postgresql://{database['environment']['POSTGRES_USER']}@database/{database['environment']['POSTGRES_DB']}"
    assert ours["environment"]["PGPASSWORD"] == database["environment"]["POSTGRES_PASSWORD"]
    assert ours["depends_on"]["database"]["condition"] == "service_healthy" and "healthcheck" in database
