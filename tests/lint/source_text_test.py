#!/usr/bin/env python3
"""Tests of the lints of source text: each rule accepts a good file, and reports a bad one with its line."""

import contextlib
import io
import pathlib
import runpy
import sys
import tempfile
import unittest
from unittest import mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


class SourceText(unittest.TestCase):
    """The lints of source text: each over a folder of one file, and over that file by its name."""

    def lint(self, name, path, text):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            whole, one = self.run_here(name, "--root", folder), self.run_here(name, "--root", folder, str(file))
        if one[0]:
            self.assertEqual(whole, one)
        return one

    def run_here(self, name, *arguments):
        """(exit status, output); in this process, as starting an interpreter takes longer than the lint."""
        output = io.StringIO()
        with mock.patch.object(sys, "argv", [f"{name}.py", *arguments]), contextlib.redirect_stdout(output):
            with self.assertRaises(SystemExit) as end:
                runpy.run_path(str(HERE / f"{name}.py"), run_name="__main__")
        return end.exception.code, output.getvalue()

    def passes(self, name, path, text):
        status, output = self.lint(name, path, text)
        self.assertEqual((status, len(output.splitlines())), (0, 1), output)

    def refused(self, name, path, text, *places):
        """`places`: (line, words) of each finding."""
        status, output = self.lint(name, path, text)
        self.assertEqual((status, len(output.splitlines())), (1, len(places)), output)
        for finding, (line, words) in zip(output.splitlines(), places):
            self.assertTrue(finding.startswith(f"{path}:{line}: "), finding)
            self.assertIn(words, finding)

    def test_files_of_more_than_400_lines(self):
        self.passes("file_size", "a.cpp", "int a;\n" * 400)
        self.refused("file_size", "a.cpp", "int a;\n" * 401, (401, "401 lines"))
        self.passes("file_size", "proto/a.mjs", "let a;\n" * 401)
        self.passes("file_size", "a.json", "1\n" * 401)

    def test_functions_of_more_than_70_lines(self):
        for before in ("void f() {", "A::A(int b) : a_{b} {", "template <typename T>\nauto A<T>::f() const -> T {",
                       "namespace a {\nclass B : C {\n  public:\n    int f(D d = {}) noexcept {", "bool A::operator==(A a) {"):
            after = "}" * before.count("{") if "B : C" in before else "}"
            begin = before.count("\n") + 1 if "B : C" in before else 1
            signature = before.count("\n") + 2 - begin
            self.passes("function_size", "a.cpp", before + "\n" + "g();\n" * (69 - signature) + after)
            self.refused("function_size", "a.cpp", before + "\n" + "g();\n" * (70 - signature) + after, (begin, "71 lines"))

    def test_braces_that_are_no_functions(self):
        for text in ("const int a[] = {\n%s};", "namespace a {\n%s}", "enum class A {\n%s};", "/* void f() {\n%s} */"):
            self.passes("function_size", "a.cpp", text % ("1,  // '{' {\n" * 100))
        self.passes("function_size", "a.cpp", 'void f() {\n    g("}", R"({\n)", \'{\', 1\'000);\n}\n' * 40)

    def test_test_cases_of_more_than_120_lines(self):
        self.passes("function_size", "a_test.cpp", 'TEST_CASE("a") {\n' + "f();\n" * 118 + "}")
        self.refused("function_size", "a_test.cpp", 'TEST_CASE("a") {\n' + "f();\n" * 119 + "}", (1, "TEST_CASE has 121"))

    def test_sql_outside_of_stores(self):
        for sql in ("SELECT id FROM a", "(SELECT ", "INSERT INTO a.b VALUES ($1)", "UPDATE a.b AS c SET d = 1", "DELETE FROM a",
                    " WHERE id = $1", "LISTEN a", "CREATE UNIQUE INDEX a", "ALTER TABLE a", "COPY a FROM STDIN", " ORDER BY id"):
            self.refused("sql_place", "services/a/loop.cpp", f'f();\nauto a = "{sql}";', (2, "SQL outside of a store"))
            for place in ("services/a/job_store.cpp", "services/a/job_rows.cpp", "libs/store/a.hpp", "tests/bench/a.cpp", "libs/a/a_test.cpp"):
                self.passes("sql_place", place, f'auto a = "{sql}";')
        for text in ("// SELECT 1", '"Select a job"', '"updates the set"', '"JOB   WHERE   STATUS"', '"copy it from there"'):
            self.passes("sql_place", "services/a/loop.cpp", text)

    def test_times_that_are_not_from_a_clock(self):
        for read in ("std::chrono::steady_clock::now()", "system_clock::now()", "using Clock = std::chrono::steady_clock;",
                     "std::time(nullptr)", "::clock_gettime(CLOCK_MONOTONIC, &at)"):
            self.refused("clock_place", "services/a/loop.cpp", f"f();\nauto a = {read};", (2, "not from a Clock"))
            for place in ("libs/core/clock.cpp", "libs/testkit/a.cpp", "libs/a/testing/a.hpp", "tests/bench/a.cpp", "libs/a/a_test.cpp"):
                self.passes("clock_place", place, f"auto a = {read};")
        for text in ("// steady_clock::now()", '"system_clock::now()"', "std::chrono::steady_clock::time_point a;", "clock.now();",
                     "run_time(0);", "using Steady = std::chrono::steady_clock::time_point;"):
            self.passes("clock_place", "services/a/loop.cpp", text)

    def test_head_comments(self):
        for path, text in [("a.hpp", "// Reads blocks one by one.\n#pragma once\n"), ("a.cpp", '#include "x/a.hpp"\n'),
                           ("a_test.cpp", "int a;\n"), ("a.hpp", "// Usage of a bench:\n//\n" + "// more\n" * 9)]:
            self.passes("head_comments", path, text)
        self.refused("head_comments", "a.hpp", "#pragma once\n", (1, "no head comment"))
        self.refused("head_comments", "main.cpp", '#include "x/a.hpp"\n', (1, "no head comment"))
        for start in ("What", "Whether", "Of", "All that", "If"):
            self.refused("head_comments", "a.hpp", f"// {start} a block says.\n", (1, f'begins with "{start}"'))
        self.refused("head_comments", "a.hpp", "// Blocks, one by one\n", (1, "full stop"))
        self.refused("head_comments", "a.hpp", "// Blocks.\n", (1, "names its subject"))
        self.refused("head_comments", "a.hpp", "// Reads blocks one by one.\n" * 5, (1, "5 lines"))

    def test_doc_comments(self):
        head = "// Reads blocks one by one.\n"
        self.passes("head_comments", "a.hpp", head + '/// True if it fits, and\n/// what it costs.\nint a;  ///< in wei\nf("/// What");\n')
        for start in ("What", "Whether", "Whose", "Of"):
            self.refused("head_comments", "a.hpp", head + f"int a;  ///< wei\n\n/// {start} it holds.\n", (4, f'"{start}"'))
            self.refused("head_comments", "a_test.cpp", f"int a;  ///< {start} it holds\n", (1, f'"{start}"'))

    def test_names_in_the_documentation(self):
        PAGE = "docs/" + "a.md"
        self.passes("doc_names", PAGE, "`StreamReader::step`, `std::vector`, `gone_name`\n")
        self.refused("doc_names", PAGE, "a\n`StreamReader::no_function_" + "of_it`\n", (2, "no source has no_function_" + "of_it"))
        self.refused("doc_names", "docs/walkthrough.md", "`no_function_" + "of_it`\n", (1, "no source has no_function_" + "of_it"))
        self.passes("doc_names", "docs/decisions/" + "a.md", "`StreamReader::no_function_" + "of_it`\n")

    def test_words(self):
        for path, text in [("a.cpp", '// nobody\nf("a job that is told");\n'), ("a.md", "A job\n\nthat nobody runs, but\nfor one.\n"),
                           ("a.py", '"""Nobody\n\nis told."""\n'), ("proto/a.yaml", "a: 1  # nobody\ndescription: is told\n"),
                           ("proto/a.schema.json", '{"description": "nobody asks",\n"title": "is told"}\n'), ("a.mjs", 'f("is told");  // nobody\n')]:
            status, output = self.lint("words", path, text)
            self.assertEqual((status, len(output.splitlines())), (1, 2), output)
        self.refused("words", "a.hpp", "int a;\n// Made\n// anew.\n", (3, '"anew"; write: again'))
        for path, text in [("a.cpp", 'int told = nobody(news_);  // `told` and told_\nf("nobody", "SELECT wish FROM a");\n#include "news.hpp"\n'),
                           ("a.md", "`nobody`, news.hpp, a/news\n\n```\ntold\n```\n"), ("a.py", "told = 'nobody'\n"),
                           ("docs/decisions/NNNN-a.md", "nobody\n"), ("migrations/0001_a.sql", "-- nobody\n")]:
            self.passes("words", path, text)


if __name__ == "__main__":
    unittest.main()
