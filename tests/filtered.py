# SPDX-License-Identifier: MIT
"""filtered.py CALLS PROGRAM...: runs a program that may make these system calls (numbers, with commas) and no others.

Unlike under systemd, whose filter makes a forbidden call fail, the program is killed by it: nobody then has to notice.
As there, the program is not root's.
"""

import ctypes
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, KILL_PROCESS = 0x7FFF0000, 0x80000000
NOBODY = 65534
NUMBER_OF_CALL, NUMBER_OF_ARCHITECTURE, X86_64 = 0, 4, 0xC000003E


def instructions(calls):
    """A program of the kernel's filter machine: each is (code, jump if true, jump if false, value)."""
    yield LOAD_WORD, 0, 0, NUMBER_OF_ARCHITECTURE
    yield JUMP_IF_EQUAL, 1, 0, X86_64
    yield RETURN, 0, 0, KILL_PROCESS
    yield LOAD_WORD, 0, 0, NUMBER_OF_CALL
    for call in calls:
        yield JUMP_IF_EQUAL, 0, 1, call
        yield RETURN, 0, 0, ALLOW
    yield RETURN, 0, 0, KILL_PROCESS


def restrict(calls):
    libc = ctypes.CDLL(None, use_errno=True)
    packed = [struct.pack("HBBI", *one) for one in instructions(calls)]
    code = ctypes.create_string_buffer(b"".join(packed))
    program = ctypes.create_string_buffer(struct.pack("HP", len(packed), ctypes.addressof(code)))
    for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0)):
        if libc.prctl(*arguments) != 0:
            sys.exit(f"filtered.py: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    restrict([int(call) for call in sys.argv[1].split(",")])
    os.execv(sys.argv[2], sys.argv[2:])
