#!/usr/bin/env python3
"""Checks that wrong usage of any executable gives exit status 2, a reason on stderr and nothing on stdout; --help gives 0.

Usage: exit_status.py <executable>…
"""
import pathlib
import subprocess
import sys

WRONG = [["--no-such-option"], ["no-such-word"], ["--help-me"]]
MORE = {
    "lamda": [[], ["job"], ["job", "no-such-word"], ["job", "show"], ["job", "list", "--limit"], ["job", "list", "--limit", "x"],
              ["job", "list", "--no-such-option"], ["chain", "verify"], ["deploy", "--only", "x"], ["--env-file"]],
    "lamda-devnet": [[], ["up", "--api-port"], ["up", "--api-port", "70000"], ["demo", "--jobs", "x"], ["demo", "--kill", "x"], ["down", "x"]],
}
SERVICE = [["--env-file"], ["--check-config", "x"]]
SERVICES = {"lamda-node-registry", "lamda-job-dispatcher", "lamda-reputation", "lamda-api-gateway", "lamda-node-agent"}


def main(*executables):
    faults, tried = [], 0
    for executable in executables:
        name = pathlib.Path(executable).name
        wrong = WRONG + MORE.get(name, []) + (SERVICE if name in SERVICES else [])
        for arguments in [*wrong, ["--help"]]:
            tried += 1
            wanted = 0 if arguments == ["--help"] else 2
            done = subprocess.run([executable, *arguments], capture_output=True, text=True, timeout=600,
                                  env={"PATH": "/usr/bin:/bin"})
            said = done.stdout if wanted == 0 else done.stderr
            if done.returncode != wanted or not said.strip() or (wanted and done.stdout):
                faults.append(f"{name} {' '.join(arguments)}: {done.returncode}, expected {wanted}: {done.stderr.strip()[:200]}")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(executables)} executables, {tried} command lines, {len(faults)} faults")
    return 1 if faults or not executables else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
