#!/usr/bin/env python3
"""Checks that executables are built with memory hardening and unpredictable addresses.

Usage: hardening.py [--compiled] <executable>…

By the linker: position independent, relocations read-only from the start (full RELRO), no executable stack.
--compiled: also the protections of the compiler in a release: stack protector, fortified calls of the C library, assertions of the
C++ library.
"""
import re
import subprocess
import sys


def readelf(option, executable):
    return subprocess.run(["readelf", "-W", option, executable], check=True, capture_output=True, text=True, timeout=600).stdout


def linked(executable):
    dynamic, segments = readelf("-d", executable), readelf("-l", executable)
    stack = re.search(r"GNU_STACK\s.*?\s([RWE ]{3})\s+0x", segments)
    return {
        "position independent (-pie)": re.search(r"\(FLAGS_1\).*\bPIE\b", dynamic),
        "bound at the start (-z now)": re.search(r"\(FLAGS(_1)?\).*\b(BIND_)?NOW\b", dynamic),
        "relocations read-only (-z relro)": "GNU_RELRO" in segments,
        "no executable stack": stack and "E" not in stack[1],
    }


def compiled(executable):
    symbols = readelf("--dyn-syms", executable)
    return {
        "stack protector (-fstack-protector-strong)": re.search(r"\b__stack_chk_fail\b", symbols),
        "fortified calls (_FORTIFY_SOURCE)": re.search(r"\b__\w+_chk\b(?<!__stack_chk)", symbols),
        "assertions of the C++ library (_GLIBCXX_ASSERTIONS)": "__glibcxx_assert_fail" in symbols,
    }


def main(arguments):
    executables = [name for name in arguments if name != "--compiled"]
    faults = []
    for executable in executables:
        properties = linked(executable)
        if "--compiled" in arguments:
            properties |= compiled(executable)
        faults += [f"{executable}: not {name}" if name.startswith(("position", "bound")) else f"{executable}: lacks: {name}"
                   for name, there in properties.items() if not there]
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(executables)} executables, {len(faults)} faults")
    return 1 if faults or not executables else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
