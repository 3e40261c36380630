# SPDX-License-Identifier: MIT
"""`python3 -m mutants.unit PROGRAM TEST...`: runs a unit program; fails where one of these tests of it does not pass."""

import sys

import postgres
import unit_programs

ON_POSTGRES = "[postgresql]"


def run(program, backend):
    """The status of each test of the program on SQLite (backend "") or on PostgreSQL."""
    env = {"DIRECTMESSAGES_TEST_POSTGRES": postgres.shared().url("")} if backend else {}
    return {name + backend: status for name, status, _ in unit_programs.run_once(unit_programs.PROGRAMS / program, env)}


def main(program, *tests):
    status = {}
    for backend in sorted({ON_POSTGRES if test.endswith(ON_POSTGRES) else "" for test in tests}):
        status |= run(program, backend)
        if status.get("ends_well" + backend) == "not ok":
            print(f"{program} did not end well")
            return 1
    lacking = [test for test in tests if test not in status]
    if lacking:
        print(f"{program} has no test {', '.join(lacking)}; it has {', '.join(status)}")
        return 2
    failed = [test for test in tests if status[test] != "ok"]
    print(f"{program}: failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


sys.exit(main(*sys.argv[1:]))
