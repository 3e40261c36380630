# SPDX-License-Identifier: MIT
"""Fixtures of all tests, the server's log in failure reports, and the closing line of a run."""

import contextlib

import pytest

import django_project
import harness
import hostile_client
import jwts
import postgres

pytest_plugins = ["unit_programs"]

SERVERS_OF_TEST = pytest.StashKey()

# Their tests are about databases that fail, and about who waits for them how long.
OF_FAILURES = ("test_operations_health", "test_postgres", "test_stop", "test_storage")


def pytest_configure(config):
    """Says first what would otherwise be the reason of a thousand failures."""
    if not harness.PROGRAM.exists():
        raise pytest.UsageError(f"{harness.PROGRAM} is missing: build it first, or set DIRECTMESSAGES_BUILD")


def pytest_generate_tests(metafunc):
    """Tests that use a database run once for each backend, but for those marked `sqlite` or `postgresql`; those marked
    `two_servers` run again with requests spread over two servers on one PostgreSQL database. What is marked `short_on` a
    backend runs on that alone, unless the run is a long one."""
    if "backend" not in metafunc.fixturenames:
        return
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    names = [name for name in ("sqlite", "postgresql") if name in marks] or ["sqlite", "postgresql"]
    skip = postgres.why_not()
    lacking = [pytest.mark.skip(reason=skip)] if skip else []
    if "two_servers" in marks:
        names.append("two servers")
    short = metafunc.definition.get_closest_marker("short_on")
    if short and not harness.LONG:
        names = [name for name in names if name in short.args] or names
    backends = [pytest.param(name, marks=lacking if name != "sqlite" else []) for name in names]
    metafunc.parametrize("backend", backends, indirect=True, scope="session")


@pytest.fixture(scope="session")
def backend(request):
    """The name of the storage that the test's servers work on."""
    return request.param


@pytest.fixture(scope="session")
def shared_server(backend):
    kind, options = (harness.TwoServers, {}) if backend == "two servers" else (harness.Server, {"backend": backend})
    running = kind(env=harness.PATIENCE, **options)
    try:
        yield running.start()
    finally:
        running.close()


@pytest.fixture(scope="session")
def shared_admin_server(backend):
    running = harness.Server(backend=backend, administered=True, env=harness.PATIENCE)
    try:
        yield running.start()
    finally:
        running.close()


@pytest.fixture
def admin_server(shared_admin_server):
    """A server that many tests share and that is administered over HTTP (`admin_server.admin`)."""
    return shared_admin_server


@pytest.fixture(scope="module")
def primary():
    """A cluster of PostgreSQL for one file of tests, which may have standbys."""
    own = postgres.Cluster()
    try:
        yield own.start()
    finally:
        own.close()


@pytest.fixture
def server(shared_server):
    """A server with the defaults that many tests share: use users of your own, and no others."""
    return shared_server


@pytest.fixture
def make_server(request, backend):
    """Makes servers of this test alone, started unless `start=False`; takes what harness.Server takes, settings as `env=`."""
    made = []
    patience = {} if request.module.__name__.startswith(OF_FAILURES) else harness.PATIENCE

    def make(*arguments, start=True, **options):
        options["env"] = {**patience, **(options.get("env") or {})}
        if backend == "two servers":
            new = harness.TwoServers(*arguments, **options)
        else:
            new = harness.Server(*arguments, backend=options.pop("backend", backend), **options)
        made.append(new)
        return new.start() if start else new

    request.node.stash[SERVERS_OF_TEST] = made
    yield make
    failures = []
    for one in made:
        try:
            one.close()
        except AssertionError as failure:
            failures.append(str(failure))
    assert not failures, "\n".join(failures)


@pytest.fixture
def database(backend, tmp_path):
    """An empty database for a Django project and us."""
    made = django_project.DATABASES[backend](tmp_path)
    yield made
    made.close()


@pytest.fixture
def make_both(database, make_server):
    """Has a project that is on `database` served by gunicorn, and our server beside it."""
    with contextlib.ExitStack() as stack:

        def make(project, workers=1, **options):
            server = make_server(database=database.store, **options)
            served = django_project.Served(stack.enter_context(project.serving(workers)))
            return django_project.Both(project, server, served)

        yield make


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """Keys that sign JWTs."""
    return jwts.Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def trio(server):
    return server.trio()


@pytest.fixture
def alice(trio):
    return trio[0]


@pytest.fixture
def bob(trio):
    return trio[1]


@pytest.fixture
def carol(trio):
    return trio[2]


@pytest.fixture(scope="module")
def target(request):
    """A server for a module that sends it hostile bytes, with the settings that the module's TARGET names."""
    with hostile_client.hostile_target(**getattr(request.module, "TARGET", {})) as server:
        yield server


@pytest.fixture
def unharmed_target(target):
    """After the test, `target` serves and holds no more than before."""
    with hostile_client.unharmed(target):
        yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Shows the end of the logs of the servers that a failed test used."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        used = list(item.stash.get(SERVERS_OF_TEST, []))
        used += [value for value in getattr(item, "funcargs", {}).values() if isinstance(value, harness.Server)]
        used += [one.second for one in used if isinstance(one, harness.TwoServers)]
        report.sections += [(f"log of {one.url}", one.tail()) for one in used]


def pytest_sessionfinish():
    """Ends the cluster of this process, be it a worker of xdist or the one that reports."""
    if postgres.shared.cache_info().currsize:
        postgres.shared().close()
        postgres.shared.cache_clear()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """Prints the closing line, below pytest's own summary, in the process that reports (no worker of xdist does)."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(config, "workerinput") or reporter is None:
        return
    count = {name: len(reporter.stats.get(name, [])) for name in ("passed", "failed", "error", "skipped")}
    line = f"{count['passed']} passed, {count['failed'] + count['error']} failed"
    if count["skipped"]:
        line += f", {count['skipped']} skipped"
    reporter.write_line(line)
