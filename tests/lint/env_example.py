#!/usr/bin/env python3
"""Fails if env.example and the executables do not name the same settings with the same defaults.

Usage: env_example.py <env.example> <executable>…

An executable's --help ends with "Settings, from the environment:" and a line for each: name, default, meaning.
"""
import os
import re
import subprocess
import sys

HELP_HEAD = "Settings, from the environment:"
HELP_LINE = re.compile(r"^  ([A-Z][A-Z0-9_]*) +(\(required\)|\(none\)|\S+) ")
EXAMPLE_LINE = re.compile(r"^(#?)([A-Z][A-Z0-9_]*)=(.*)$")
NO_DEFAULT = {"(required)", "(none)"}


def settings_of(executable):
    """name → default, from its --help."""
    if not os.access(executable, os.X_OK):
        raise SystemExit(f"{executable} is not built: make build")
    done = subprocess.run([executable, "--help"], capture_output=True, text=True, timeout=600, env={"PATH": "/usr/bin:/bin"})
    if done.returncode != 0 or HELP_HEAD not in done.stdout:
        raise SystemExit(f"{executable} --help: status {done.returncode}, or no \"{HELP_HEAD}\"")
    out = {}
    for line in done.stdout.split(HELP_HEAD, 1)[1].splitlines():
        match = HELP_LINE.match(line)
        if match:
            out[match[1]] = match[2]
        elif line.strip() and line.startswith(" "):
            raise SystemExit(f"{executable} --help: line without name, default and meaning: {line!r}")
    return out


def main(example, *executables):
    faults = []
    shown = {}  # name → (commented out, value)
    text = open(example, encoding="utf-8").read()
    for number, line in enumerate(text.splitlines(), 1):
        match = EXAMPLE_LINE.match(line)
        if match is None:
            if line and not line.startswith("#"):
                faults.append(f"line {number} is neither NAME=value nor a comment")
            continue
        if match[2] in shown:
            faults.append(f"{match[2]} is given twice")
        if " #" in match[3]:
            faults.append(f"{match[2]}: a comment after the value becomes part of it under systemd; put it on its own line")
        shown[match[2]] = (match[1] == "#", match[3])
    asked = {}
    for executable in executables:
        name = executable.rsplit("/", 1)[-1]
        for setting, default in settings_of(executable).items():
            asked.setdefault(setting, {})[name] = default

    def is_file_form(name):
        return name.endswith("_FILE") and name.removesuffix("_FILE") in asked

    for name, by in sorted(asked.items()):
        if name not in shown:
            if not is_file_form(name):  # the head of the file describes these
                faults.append(f"{name} (of {', '.join(by)}) is not in {example}")
            continue
        defaults = set(by.values())
        commented, value = shown[name]
        if len(defaults - NO_DEFAULT) > 1:
            faults.append(f"{name} has several defaults: {by}")
        for default in defaults - NO_DEFAULT:
            if commented and value != default:
                faults.append(f"{name}: the default is {default}, {example} has {value}")
    for name in shown:
        if name not in asked and not is_file_form(name):
            faults.append(f"{name} is in {example}, and no executable reads it")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(executables)} executables, {len(asked)} settings, {len(faults)} faults")
    return 1 if faults or not asked else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
