#!/usr/bin/env python3
"""Repeats each CTest test on a busy machine, and fails if any run fails.

usage: flaky.py [--repeat N] [--tests REGEX] [--budget 30m] [--jobs N] [--seed N] <build folder>

Every test has its first run before any has its second. Two load processes run until the end: one computes, one writes and
syncs a file. CTest provides the tests and their properties. The output of a failed run is stored in
<build folder>/flaky/<test>/<run>.log. Exit status: 0, no run failed; 1, a run failed; 2, the tests cannot be run.
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

# Properties that this script applies. A test with another property is refused: its run would prove nothing.
APPLIED = {"ENVIRONMENT", "TIMEOUT", "WORKING_DIRECTORY", "RUN_SERIAL", "RESOURCE_LOCK", "LABELS", "COST"}
CTEST_TIMEOUT = 1500  # CTest's default
HOG_FILE_BYTES = 32 << 20
UNITS = {"s": 1, "m": 60, "h": 3600}


class Refused(Exception):
    """The tests cannot be run; the text states the reason and what to do."""


class Test:
    def __init__(self, entry):
        properties = {p["name"]: p["value"] for p in entry.get("properties", [])}
        self.name = entry["name"]
        self.command = entry.get("command")
        self.environment = dict(pair.split("=", 1) for pair in properties.get("ENVIRONMENT", []))
        self.timeout = float(properties.get("TIMEOUT", CTEST_TIMEOUT))
        self.folder = properties.get("WORKING_DIRECTORY")
        self.serial = bool(properties.get("RUN_SERIAL", False))
        # Two runs of one test exclude each other as well: its folders may have fixed names.
        self.locks = {f"test {self.name}", *properties.get("RESOURCE_LOCK", [])}
        if not self.command:
            raise Refused(f"{self.name} has no command: its executable is not built; run ninja first")
        unknown = sorted(properties.keys() - APPLIED)
        if unknown:
            raise Refused(f"{self.name} has the property {', '.join(unknown)}: apply it in tests/flaky.py first")


class Run:
    """One run of a test, in its own process group."""

    def __init__(self, test, number, log):
        self.test, self.number, self.log = test, number, log
        log.parent.mkdir(parents=True, exist_ok=True)
        self.begin = time.monotonic()
        with open(log, "wb") as output:
            self.process = subprocess.Popen(test.command, cwd=test.folder, env={**os.environ, **test.environment},
                                            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                            start_new_session=True)

    def seconds(self):
        return time.monotonic() - self.begin

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def failure(self):
        """None while it runs, "" if it succeeded, else the failure."""
        status = self.process.poll()
        if status is None:
            if self.seconds() < self.test.timeout:
                return None
            self.kill()
            return f"no end within {self.test.timeout:.0f} s"
        if status < 0:
            return f"ended by {signal.Signals(-status).name}"
        return f"exit status {status}" if status else ""


def hog(kind, parent, folder):
    """Loads the machine until the process `parent` has ended. The disk load rewrites one unnamed file."""
    block = os.urandom(1 << 20)
    with tempfile.TemporaryFile(dir=folder) as file:
        while os.getppid() == int(parent):
            if kind == "cpu":
                sum(range(1_000_000))
            else:
                file.seek(0)
                file.truncate()
                for _ in range(HOG_FILE_BYTES // len(block)):
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())


class Suite:
    def __init__(self, tests, repeat, jobs, budget, seed, folder):
        self.jobs, self.folder = jobs, folder
        self.budget = budget
        self.begin = 0
        self.running = []
        self.seconds = {test.name: [] for test in tests}
        self.failures = {test.name: 0 for test in tests}
        self.planned = len(tests) * repeat
        self.queue = collections.deque()
        order = random.Random(seed)
        for number in range(1, repeat + 1):
            one_round = list(tests)
            order.shuffle(one_round)  # different parallel tests in each round
            self.queue.extend((test, number) for test in one_round)

    def next(self):
        """Takes the first run that may begin now; None if there is none."""
        if len(self.running) >= self.jobs or any(run.test.serial for run in self.running):
            return None
        held = set().union(*(run.test.locks for run in self.running))
        for i, (test, number) in enumerate(self.queue):
            if test.serial and self.running:
                return None  # no run overtakes it, otherwise it would wait until the end
            if not test.locks & held:
                del self.queue[i]
                return test, number
        return None

    def done(self, run, failure):
        name = run.test.name
        self.seconds[name].append(run.seconds())
        if failure:
            self.failures[name] += 1
        else:
            run.log.unlink()
            with contextlib.suppress(OSError):  # not empty: an earlier run failed
                run.log.parent.rmdir()
        count = sum(len(taken) for taken in self.seconds.values())
        verdict = f"FAILED: {failure}; {run.log}" if failure else "ok"
        print(f"[{count}/{self.planned}] {time.strftime('%H:%M:%S')}  {name} run {run.number}  {run.seconds():.1f} s  "
              f"{verdict}", flush=True)

    def run(self):
        self.begin = time.monotonic()
        try:
            while self.queue or self.running:
                if self.queue and time.monotonic() >= self.begin + self.budget:
                    print(f"the budget is spent: {len(self.queue)} runs are left out", flush=True)
                    self.queue.clear()
                while (chosen := self.next()) is not None:
                    test, number = chosen
                    self.running.append(Run(test, number, self.folder / test.name / f"{number}.log"))
                time.sleep(0.02)
                for run in list(self.running):
                    failure = run.failure()
                    if failure is not None:
                        self.running.remove(run)
                        self.done(run, failure)
        finally:
            for run in self.running:
                run.kill()

    def print_table(self):
        """Tests that failed come first, then the slowest."""
        names = sorted(self.seconds, key=lambda n: (-self.failures[n], -max(self.seconds[n], default=0)))
        width = max(len("test"), *(len(name) for name in names))
        print(f"\n{'test':<{width}}  runs  failures  min s  median s  max s")
        for name in names:
            taken = self.seconds[name]
            times = (min(taken), statistics.median(taken), max(taken)) if taken else (0, 0, 0)
            print(f"{name:<{width}}  {len(taken):>4}  {self.failures[name]:>8}  {times[0]:>5.1f}  {times[1]:>8.1f}  "
                  f"{times[2]:>5.1f}")
        never = sum(1 for name in names if not self.seconds[name])
        failed = sum(1 for name in names if self.failures[name])
        print(f"\n{sum(map(len, self.seconds.values()))} runs of {len(names)} tests in "
              f"{time.monotonic() - self.begin:.0f} s: {failed} tests failed at least once, {never} never ran")
        return failed


def tests_of(build, pattern):
    shown = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1", *(["-R", pattern] if pattern else [])],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    try:
        entries = json.loads(shown.stdout)["tests"]
    except (ValueError, KeyError):
        raise Refused(f"ctest lists no tests in {build}: {shown.stderr.strip() or shown.stdout.strip()}") from None
    if not entries:
        raise Refused(f"no test in {build}" + (f" matches {pattern}" if pattern else ""))
    return [Test(entry) for entry in entries]


def duration(text):
    match = re.fullmatch(r"(\d+)([smh])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"'{text}' is not a duration; write 90s, 30m or 2h")
    return int(match[1]) * UNITS[match[2]]


def count(text):
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 on")
    return int(text)


def main():
    if sys.argv[1:2] == ["hog"]:
        return hog(*sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path, help="build folder, with all tests built")
    parser.add_argument("--repeat", type=count, default=10, help="runs of each test (10)")
    parser.add_argument("--tests", default="", metavar="REGEX", help="only these tests, as ctest -R has it")
    parser.add_argument("--budget", type=duration, default=float("inf"), help="no run begins after that time: 90s, 30m, 2h")
    parser.add_argument("--jobs", type=count, default=2, help="tests at the same time (2)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31), help="seed of the order (random)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = options.build.resolve() / "flaky"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        tests = tests_of(options.build, options.tests)
    except Refused as refused:
        print(f"flaky: {refused}", file=sys.stderr)
        return 2
    print(f"{len(tests)} tests, {options.repeat} runs each, {options.jobs} at a time, order by --seed {options.seed}",
          flush=True)
    suite = Suite(tests, options.repeat, options.jobs, options.budget, options.seed, folder)
    hogs = [subprocess.Popen([sys.executable, __file__, "hog", kind, str(os.getpid()), folder], start_new_session=True)
            for kind in ("cpu", "disk")]
    try:
        suite.run()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        suite.print_table()
        return 130
    finally:
        for process in hogs:
            process.terminate()
        for process in hogs:
            process.wait()
    return 1 if suite.print_table() else 0


if __name__ == "__main__":
    sys.exit(main())
