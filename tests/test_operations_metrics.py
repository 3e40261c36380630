# SPDX-License-Identifier: MIT
"""/metrics: what is counted, and that it is Prometheus's text form."""

import concurrent.futures
import os
import shutil
import subprocess
import threading

import pytest

from harness import ROOT, run_program, wait_until
from metrics import scrape, wait_for_requests
from test_storage_locked import locked

DURATION = "directmessages_http_request_duration_seconds"
BATCH = "directmessages_lane_batch_operations"


@pytest.fixture
def own(make_server):
    return make_server()


# ---- the form


def test_media_type(server):
    answer = server.anonymous().get("/metrics")
    assert answer.headers.get_all("Content-Type") == ["text/plain; version=0.0.4; charset=utf-8"]
    assert answer.text.endswith("\n")


def test_promtool_finds_nothing_to_say(own):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("there is no promtool here (Debian: prometheus)")
    one, two = own.users(2)
    one.send(two)
    two.conversation(one)
    own.anonymous().get("/nowhere")
    text = own.anonymous().get("/metrics").text
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_metric_has_its_help_and_is_documented(server):
    documented = (ROOT / "docs" / "operations.md").read_text()
    lines = scrape(server).text.splitlines()
    families = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    assert len(families) == len(set(families)) > 15
    assert [line.split()[2] for line in lines if line.startswith("# HELP ")] == families
    for family in families:
        assert f"| `{family}`" in documented


# ---- requests


def test_requests_are_counted_by_route_and_status(own):
    one, two = own.users(2)
    sent = one.send(two)
    for path in (f"conversations/{one.id}/", f"conversations/000{one.id}/?cursor=", "conversations/999999/"):
        two.get(path)
    two.head("unread/")
    two.options("unread/")
    two.get("unread")
    own.anonymous().get("unread/")
    own.anonymous().get("/livez")
    two.post("unread/", {})
    two.delete(f"messages/{sent['id']}/")
    wanted = {
        ("send/<user>/", "201"): 1,
        ("conversations/<user>/", "200"): 2,
        ("conversations/<user>/", "404"): 1,
        ("unread/", "200"): 2,
        ("unread/", "401"): 1,
        ("unread/", "405"): 1,
        ("messages/<id>/", "204"): 1,
        ("/livez", "200"): 1,
        ("none", "301"): 1,
    }
    wait_for_requests(own, wanted)


def test_what_clients_make_up_makes_no_new_series(own):
    before = len(scrape(own).samples)
    anonymous = own.anonymous()
    for n in range(30):
        anonymous.request(f"METHOD{n}", f"/path{n}/")
        anonymous.get(f"conversations/{n}/")
        anonymous.get(f"/livez?{n}")
    wanted = {("none", "404"): 30, ("conversations/<user>/", "401"): 30, ("/livez", "200"): 30}
    after = wait_for_requests(own, wanted)
    assert len(after.samples) == before + 3 + 1  # and that of /metrics itself


def test_a_prefix_does_not_change_the_names(make_server):
    server = make_server(prefix="some/where")
    server.user().get("unread/")
    wait_for_requests(server, {("unread/", "200"): 1})


def test_client_that_leaves_is_counted_without_a_status(own):
    one, two = own.users(2)
    head = f"POST /api/dm/send/{two.id}/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token {one.token}\r\n"
    with own.raw(head.encode() + b"Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{"):
        wait_until(lambda: scrape(own)["directmessages_http_requests_in_flight"] == 2, "it is under way")
    wait_for_requests(own, {("send/<user>/", "none"): 1})
    wait_until(lambda: scrape(own)["directmessages_http_requests_in_flight"] == 1, "none is under way but this one")


def test_durations_are_a_histogram_of_the_same_requests(own):
    one, two = own.users(2)
    for _ in range(20):
        one.send(two)
    metrics = wait_for_requests(own, {("send/<user>/", "201"): 20})
    buckets, total, count = metrics.histogram(DURATION, 'route="send/<user>/"')
    assert list(buckets)[0] == "0.0001" and list(buckets)[-2:] == ["10", "+Inf"]
    assert [float(bound) for bound in buckets] == sorted(float(bound) for bound in buckets)
    assert list(buckets.values()) == sorted(buckets.values())
    assert buckets["+Inf"] == count == 20
    assert 0 < total <= slowest(buckets)


def slowest(buckets):
    """The most that all those durations can be together."""
    bounds, counts = list(buckets), [0, *buckets.values()]
    return sum(float(bound) * (counts[i + 1] - counts[i]) for i, bound in enumerate(bounds) if counts[i + 1] > counts[i])


def test_connections_are_counted_while_they_are_open(own):
    def open_now():
        return scrape(own)["directmessages_http_connections"]

    wait_until(lambda: open_now() == 1, "this one alone")
    raw = [own.raw() for _ in range(5)]
    wait_until(lambda: open_now() == 6, "those and this one")
    for one in raw:
        one.close()
    wait_until(lambda: open_now() == 1, "this one alone again")


@pytest.mark.concurrent
@pytest.mark.sqlite
def test_nothing_is_lost_among_several_clients(make_server):
    server = make_server(env={"DIRECTMESSAGES_THREADS": 4})
    one, two = server.users(2)

    def work(number):
        for _ in range(25):
            one.send(two) if number % 2 else one.get("unread/")
            scrape(server)

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    metrics = wait_for_requests(server, {("send/<user>/", "201"): 100, ("unread/", "200"): 100})
    assert 100 <= metrics.histogram(BATCH)[1] < 200  # with pieces of folding
    wait_until(lambda: scrape(server)["directmessages_http_requests_in_flight"] == 1, "no other is under way")
    assert scrape(server)['directmessages_http_requests_total{route="/metrics",status="200"}'] > 200


# ---- the store


@pytest.mark.sqlite
def test_batches_and_commits(own):
    one, two = own.users(2)
    before = scrape(own)
    for _ in range(7):
        one.send(two)
    after = scrape(own)
    buckets, total, count = after.histogram(BATCH)
    assert list(buckets) == ["1", "2", "4", "8", "16", "32", "64", "128", "256", "+Inf"]
    batches = count - before.histogram(BATCH)[2]
    assert total - before.histogram(BATCH)[1] >= batches >= 7  # each send has one; others fold, perhaps beside a send
    assert after["directmessages_store_commits_total"] - before["directmessages_store_commits_total"] >= 7
    assert after["directmessages_lanes"] == 1


@pytest.mark.sqlite
def test_operations_that_wait(make_server):
    server = make_server(env={"DIRECTMESSAGES_BUSY_TIMEOUT": 60_000})
    one, two = server.users(2)
    senders = [threading.Thread(target=one.send, args=[two]) for _ in range(6)]
    with locked(server):
        for sender in senders:
            sender.start()
        # The lane has taken some of them, which wait for the lock; all others wait for the lane.
        metrics = wait_until(lambda: all_in_lane(server, 6), "all have come")
        assert metrics["directmessages_lane_operations_waiting_max"] == 4096
        assert metrics["directmessages_store_up"] == 1
    for sender in senders:
        sender.join(60)
    metrics = wait_until(  # a piece of folding may wait at the moment
        lambda: (m := scrape(server))["directmessages_lane_operations_waiting"] == 0 and m, "none waits")
    assert metrics.histogram(BATCH)[1] >= 6  # pieces of folding, too


def all_in_lane(server, count):
    metrics = scrape(server)
    taken = metrics.histogram(BATCH)[1]
    come = metrics["directmessages_lane_operations_waiting"] + taken  # with a piece of folding, perhaps
    return metrics if taken > 0 and come >= count else None


@pytest.mark.sqlite
def test_failures_of_the_store(make_server):
    server = make_server(env={"DIRECTMESSAGES_BUSY_TIMEOUT": 50})
    one, two = server.users(2)
    with locked(server):
        assert one.post(f"send/{two.id}/", {"content": "x"}).status == 503
    metrics = scrape(server)
    assert metrics['directmessages_store_failures_total{reason="busy"}'] >= 1  # what the server does by itself fails, too
    assert metrics["directmessages_store_up"] == 1


def test_store_that_is_down(own):
    assert scrape(own)["directmessages_store_up"] == 1
    own.sql("DROP INDEX directmessages_unread")
    up = "directmessages_store_up"
    metrics = wait_until(lambda: (m := scrape(own))[up] == 0 and m, "it is noticed")
    assert metrics['directmessages_store_failures_total{reason="schema"}'] >= 1
    own.run("migrate")
    wait_until(lambda: scrape(own)[up] == 1, "it is up again")


# ---- the process


def test_process(own):
    proc = f"/proc/{own.process.pid}"

    def ask():
        """The samples, and the files that were open then; the webhook worker may open its session in between."""
        with own.raw(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n") as connection:
            text = connection.response().text
            files = len(os.listdir(f"{proc}/fd"))
        samples = dict(line.split(" ") for line in text.splitlines() if line.startswith("process_"))
        return samples if float(samples["process_open_fds"]) == files else None

    samples = wait_until(ask, "the open files are counted")
    with open(f"{proc}/stat") as stat, open("/proc/stat") as system:
        ticks = float(stat.read().rsplit(") ", 1)[1].split()[19])
        boot = next(float(line.split()[1]) for line in system if line.startswith("btime "))
    started = boot + ticks / os.sysconf("SC_CLK_TCK")
    assert abs(float(samples["process_start_time_seconds"]) - started) < 60
    assert float(samples["process_cpu_seconds_total"]) > 0
    resident, virtual = (float(samples[f"process_{kind}_memory_bytes"]) for kind in ("resident", "virtual"))
    with open(f"{proc}/statm") as statm:
        pages = [float(number) * os.sysconf("SC_PAGESIZE") for number in statm.read().split()[:2]]
    assert pages[1] / 2 < resident < pages[1] * 2 and pages[0] / 2 < virtual < pages[0] * 2
    with open(f"{proc}/limits") as limits:
        most = next(line.split()[3] for line in limits if line.startswith("Max open files"))
    assert float(samples["process_max_fds"]) == float(most)


@pytest.mark.sqlite
def test_build(server):
    version = run_program("--version").stdout.splitlines()[0].split()[1]
    assert scrape(server)[f'directmessages_build_info{{version="{version}",backend="sqlite"}}'] == 1
