# SPDX-License-Identifier: MIT
"""contrib/monitoring: the alert rules and the dashboard ask for metrics that there are, in expressions that Prometheus takes."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from harness import ROOT
from metrics import Admin, scrape

pytestmark = pytest.mark.sqlite

FOLDER = ROOT / "contrib" / "monitoring"
NAME = re.compile(r"\b(?:directmessages|process)_\w+")


def rules():
    return [rule for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"] for rule in group["rules"]]


def panels():
    return [panel for panel in json.loads((FOLDER / "dashboard.json").read_text())["panels"] if panel["type"] != "row"]


def queries():
    """What the panels ask, with what Grafana would put in."""
    return [target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*") for panel in panels() for target in panel["targets"]]


@pytest.fixture
def promtool():
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("there is no promtool here (Debian: prometheus)")

    def run(*words):
        done = subprocess.run([program, *words], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_rules_are_such_and_tell_what_is_wrong(promtool, tmp_path):
    shutil.copy(FOLDER / "alerts.yml", tmp_path)
    shutil.copy(ROOT / "tests" / "monitoring" / "alerts_test.yml", tmp_path)
    assert f"{len(rules())} rules found" in promtool("check", "rules", tmp_path / "alerts.yml")
    promtool("test", "rules", tmp_path / "alerts_test.yml")
    played = (tmp_path / "alerts_test.yml").read_text()
    assert [rule["alert"] for rule in rules() if f"alertname=\"{rule['alert']}\"" not in played] == [], "each is played through"
    for rule in rules():
        assert rule["annotations"].keys() == {"summary", "action"} and rule["labels"]["severity"] in ("warning", "critical")


def test_the_dashboard_asks_what_prometheus_takes(promtool, tmp_path):
    asked = tmp_path / "asked.yml"
    asked.write_text(yaml.safe_dump({"groups": [{"name": "x", "rules": [{"record": f"x:{number}", "expr": query} for number, query in enumerate(queries())]}]}))
    assert f"{len(queries())} rules found" in promtool("check", "rules", asked)


def test_the_dashboard_is_laid_out():
    places = [(panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
              for panel in panels() for x in range(panel["gridPos"]["w"]) for y in range(panel["gridPos"]["h"])]
    assert len(places) == len(set(places)), "panels lie upon one another"
    assert max(x for x, _ in places) == 23
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_each_metric_that_is_asked_for_exists(make_server):
    text = scrape(Admin(make_server(flags=["--admin-listen", "127.0.0.1:0"]))).text
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    known = set()
    for name, kind in types.items():
        known |= {f"{name}_bucket", f"{name}_sum", f"{name}_count"} if kind == "histogram" else {name}
    asked = {name for text in [*queries(), *(rule["expr"] for rule in rules())] for name in NAME.findall(text)}
    assert len(asked) > 25 and asked <= known, asked - known
    for query in [*queries(), *(rule["expr"] for rule in rules())]:
        for name in re.findall(r"(?:rate|increase)\((\w+)", query):
            assert name.endswith(("_total", "_bucket", "_sum", "_count")), f"{name} is no counter"
