# SPDX-License-Identifier: MIT
"""`python3 -m mutants.unit PROGRAM TEST`: runs one unit program; fails where that test of it does not pass."""

import sys

import postgres
import unit_programs


def main(program, test):
    env = {}
    if test.endswith("[postgresql]"):
        env["DIRECTMESSAGES_TEST_POSTGRES"] = postgres.shared().url("")
    results = unit_programs.run_once(unit_programs.PROGRAMS / program, env)
    wanted = test.split("[")[0]
    status = {name: status for name, status, _ in results}
    if status.get("ends_well") == "not ok" and wanted not in status:
        return 1  # the program has died before it
    if wanted not in status:
        print(f"{program} has no test {wanted}; it has {', '.join(status)}")
        return 2
    return 0 if status[wanted] == "ok" else 1


sys.exit(main(*sys.argv[1:]))
