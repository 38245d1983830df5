#!/usr/bin/env python3
"""Tests of flaky.py and slowest.py, with small generated suites."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
EVERY_SECOND_TIME = "if [ -e mark ]; then rm mark; echo it is there; exit 3; fi; touch mark"
ALONE = "mkdir taken && sleep 0.1 && rmdir taken"


class Scripts(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.build = pathlib.Path(self.temporary.name)
        self.lines = []

    def add(self, name, script, properties=""):
        self.lines.append(f'add_test([=[{name}]=] "/bin/sh" "-c" [==[{script}]==])\n')
        if properties:
            self.lines.append(f"set_tests_properties([=[{name}]=] PROPERTIES {properties})\n")
        (self.build / "CTestTestfile.cmake").write_text("".join(self.lines))

    def command(self, *arguments):
        return [sys.executable, str(HERE / "flaky.py"), *arguments, str(self.build)]

    def flaky(self, status, *arguments):
        done = subprocess.run(self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout

    def logs(self):
        return sorted(str(p.relative_to(self.build / "flaky")) for p in (self.build / "flaky").rglob("*") if p.is_file())

    def test_one_run_of_many_that_fails_is_found_and_its_output_kept(self):
        self.add("part/sometimes", EVERY_SECOND_TIME)
        self.add("good", "true")
        shown = self.flaky(1, "--repeat", "4")
        self.assertRegex(shown, r"(?m)^part/sometimes +4 +2 ")
        self.assertRegex(shown, r"(?m)^good +4 +0 ")
        self.assertEqual(self.logs(), ["part/sometimes/2.log", "part/sometimes/4.log"])
        self.assertEqual((self.build / "flaky/part/sometimes/2.log").read_text(), "it is there\n")

    def test_no_failure_is_exit_status_0_and_no_log(self):
        self.add("good", "true")
        self.flaky(0, "--repeat", "3")
        self.assertEqual(self.logs(), [])

    def test_environment_folder_and_timeout_are_those_of_ctest(self):
        self.add("environment", 'test "$WHO" = a=b', "ENVIRONMENT WHO=a=b")
        self.add("folder", 'test "$PWD" = /', "WORKING_DIRECTORY /")
        self.add("endless", "sleep 600", "TIMEOUT 0.5")
        shown = self.flaky(1, "--repeat", "1")
        self.assertIn("1 tests failed", shown)
        self.assertRegex(shown, r"endless run 1 .*no end within")

    def test_what_ctest_keeps_apart_is_kept_apart(self):
        for name in "abc":
            self.add(name, ALONE, "RESOURCE_LOCK taken")
        self.add("serial", ALONE, "RUN_SERIAL ON")
        self.flaky(0, "--repeat", "3", "--jobs", "4")

    def test_every_test_has_its_first_run_before_any_has_its_second(self):
        for name in "abcd":
            self.add(name, "true")
        shown = self.flaky(0, "--repeat", "3", "--jobs", "1")
        self.assertEqual(re.findall(r"run (\d)", shown), list("111122223333"))

    def test_no_run_begins_after_the_budget_and_tests_that_never_ran_are_counted(self):
        self.add("a", "sleep 6")
        self.add("b", "sleep 6")
        shown = self.flaky(0, "--budget", "5s", "--jobs", "1")
        self.assertIn("19 runs are left out", shown)
        self.assertIn("1 never ran", shown)

    def test_only_the_tests_that_are_asked_for(self):
        self.add("one", "true")
        self.add("two", "false")
        self.assertNotIn("two", self.flaky(0, "--tests", "^one$", "--repeat", "1"))

    def test_tests_that_cannot_be_run_truthfully_are_refused(self):
        self.assertIn("no test in", self.flaky(2))
        self.add("reversed", "false", "WILL_FAIL ON")
        self.assertIn("reversed has the property WILL_FAIL", self.flaky(2))

    def test_the_hogs_end_with_a_flaky_that_is_killed(self):
        self.add("long", "touch go; while [ -e go ]; do sleep 0.1; done")  # until tearDown removes its folder
        with subprocess.Popen(self.command("--repeat", "1"), stdout=subprocess.DEVNULL) as started:
            self.wait(lambda: len(self.hogs()) == 2)
            started.send_signal(signal.SIGKILL)
        self.wait(lambda: not self.hogs())

    def hogs(self):
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if "hog" in words and str(self.build.resolve() / "flaky") in words:
                found.append(process.name)
        return found

    def wait(self, condition):
        end = time.monotonic() + 60 * int(os.environ.get("LAMDA_TEST_PATIENCE", "1"))
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    def test_the_slowest_come_first(self):
        self.add("quick", "true")
        self.add("slow", "sleep 0.5")
        self.add("wrong", "false")
        report = self.build / "report.xml"
        subprocess.run(["ctest", "--test-dir", self.build, "--output-junit", report], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
        done = subprocess.run([sys.executable, HERE / "slowest.py", report], stdout=subprocess.PIPE, text=True, check=True)
        lines = done.stdout.splitlines()
        self.assertIn("3 tests, 1 failed", lines[0])
        seconds = [float(line.split()[0]) for line in lines[1:]]
        self.assertEqual(seconds, sorted(seconds, reverse=True))
        self.assertEqual(sorted(line.split(maxsplit=2)[2] for line in lines[1:]), ["quick", "slow", "wrong  fail"])

    def test_a_report_that_is_not_there_is_named(self):
        done = subprocess.run([sys.executable, HERE / "slowest.py", "/nowhere.xml"], stderr=subprocess.PIPE, text=True,
                              check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nowhere.xml", done.stderr)


if __name__ == "__main__":
    unittest.main()
