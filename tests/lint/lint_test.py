#!/usr/bin/env python3
"""Each lint finds what it is for, in a small tree that has one thing wrong."""

import contextlib
import io
import json
import pathlib
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
SOURCE = HERE.parents[1]

LAYERS = """core|libs/core|
telemetry|libs/telemetry|core
crypto|libs/crypto|core
net|libs/net|core
eth|libs/eth|core,net,crypto
wire|libs/wire|core,crypto,eth
testkit|libs/testkit|core
lamda-a|services/a|core,wire
lamda-b|services/b|core
"""

GOOD = {
    "libs/core/core.hpp": "#include <string>\n",
    "libs/telemetry/log.hpp": '#include "core/core.hpp"\n',
    "libs/telemetry/log.cpp": '#include <spdlog/logger.h>\n#include "telemetry/log.hpp"\n',
    "libs/net/net.hpp": '#include "core/core.hpp"\n',
    "libs/net/exchange.hpp": "#include <curl/curl.h>\n",
    "libs/net/net.cpp": '#include "net/exchange.hpp"\n',
    "libs/eth/rpc.hpp": '#include "net/net.hpp"\n',
    "libs/eth/codec/abi.hpp": '#include "core/core.hpp"\n',
    "libs/wire/message.hpp": '#include "eth/codec/abi.hpp"\n',
    "libs/wire/message.cpp": "#include <nlohmann/json.hpp>\n",
    "libs/testkit/kit.hpp": "\n",
    "libs/wire/message_test.cpp": '#include "testkit/kit.hpp"\n',
    "services/a/main.cpp": '#include "services/a/part.hpp"\n#include "wire/message.hpp"\n',
    "services/a/part.hpp": "\n",
    "services/b/other.hpp": "\n",
}


class Layers(unittest.TestCase):
    def lint(self, changed, layers=LAYERS):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {**GOOD, **changed}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            (root / "layers.txt").write_text(layers)
            done = subprocess.run([sys.executable, HERE / "layers.py", "--root", root, "--layers", root / "layers.txt"],
                                  capture_output=True, text=True)
            self.assertEqual(done.stderr, "")
            return done.returncode, done.stdout

    def refused(self, changed, *words, layers=LAYERS):
        status, output = self.lint(changed, layers)
        self.assertEqual(status, 1, output)
        self.assertEqual(len(output.splitlines()), 1, output)
        for word in words:
            self.assertIn(word, output)

    def test_a_tree_that_keeps_the_rules_passes(self):
        self.assertEqual(self.lint({})[0], 0, self.lint({})[1])

    def test_an_include_of_a_library_that_is_not_declared(self):
        self.refused({"libs/net/net.cpp": '#include "telemetry/log.hpp"\n'}, "libs/net/net.cpp:1", "does not declare USES telemetry")

    def test_an_edge_that_the_table_does_not_allow(self):
        self.refused({}, "core must not use net", layers=LAYERS.replace("core|libs/core|", "core|libs/core|net"))

    def test_an_include_that_reaches_through_an_allowed_library(self):
        self.refused({"libs/wire/message.cpp": '#include "net/net.hpp"\n'}, "wire must not include net")

    def test_only_the_codec_headers_of_eth(self):
        self.refused({"libs/wire/message.cpp": '#include "eth/rpc.hpp"\n'}, "only eth/codec/")

    def test_a_service_that_includes_a_service(self):
        self.refused({"services/a/main.cpp": '#include "services/b/other.hpp"\n'}, "services/a must not include services/b/other.hpp")

    def test_an_include_that_is_not_spelled_from_a_root(self):
        self.refused({"services/a/main.cpp": '#include "part.hpp"\n'}, "services/a/main.cpp:1", "spelled neither")
        self.refused({"services/a/main.cpp": '#include "../b/other.hpp"\n'}, "spelled neither")

    def test_a_private_header_of_a_library(self):
        self.refused({"libs/core/detail/part.hpp": "\n", "libs/net/net.cpp": '#include "core/detail/part.hpp"\n'}, "is private to core")
        self.assertEqual(self.lint({"libs/core/detail/part.hpp": "\n", "libs/core/core.cpp": '#include "core/detail/part.hpp"\n'})[0], 0)

    def test_a_folder_of_more_than_forty_sources(self):
        self.refused({f"libs/net/part{i}.hpp": "\n" for i in range(41)}, "libs/net: ", "split it into rooms")

    def test_a_table_with_a_circle(self):
        table = (HERE / "layers.toml").read_text().replace('core = []', 'core = ["wire"]')
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(table)
            file.flush()
            done = subprocess.run([sys.executable, HERE / "layers.py", "--table", file.name, "--layers", "/dev/null"],
                                  capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("core may use itself by way of wire: a circle", done.stdout)

    def test_reading_and_sending_apart(self):
        layers = LAYERS + "rpcpool|libs/rpcpool|eth\ningest|libs/ingest|rpcpool\ntxsender|libs/txsender|rpcpool,ingest\n"
        self.refused({}, "txsender must not use ingest", layers=layers)

    def test_a_service_that_links_a_service(self):
        self.refused({}, "a must not use services/b", layers=LAYERS.replace("services/a|core", "services/a|lamda-b,core"))

    def test_testkit_in_a_service(self):
        self.refused({}, "testkit is for tests", layers=LAYERS.replace("services/a|core", "services/a|testkit,core"))

    def test_a_third_party_header_outside_its_library(self):
        self.refused({"libs/eth/rpc.cpp": "#include <curl/curl.h>\n"}, "does not belong into eth")
        self.refused({"services/a/main.cpp": "#include <pqxx/pqxx>\n"}, "does not belong into services/a")

    def test_a_third_party_header_in_a_public_header(self):
        self.refused({"libs/net/net.hpp": "#include <curl/curl.h>\n"}, "in a header that others include")
        self.refused({"libs/wire/message.hpp": "#include <nlohmann/json.hpp>\n"}, "in a header that others include")
        # The header itself is private, but a public one includes it.
        self.refused({"libs/net/net.hpp": '#include "net/exchange.hpp"\n'}, "libs/net/exchange.hpp:1")

    def test_json_in_core(self):
        self.refused({"libs/core/core.cpp": "#include <nlohmann/json.hpp>\n"}, "does not belong into core")

    def test_a_library_that_the_table_does_not_know(self):
        self.refused({}, "odd is not in layers.toml", layers=LAYERS + "odd|libs/odd|core\n")


class Migrations(unittest.TestCase):
    def lint(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                pathlib.Path(folder, name).write_text(text)
            done = subprocess.run([sys.executable, HERE / "migrations.py", "--folder", folder], capture_output=True, text=True)
            return done.returncode, done.stdout

    def test_numbers_without_gaps_pass(self):
        self.assertEqual(self.lint({"0001_create_a.sql": "SELECT 1;", "0002_add_b.sql": "SELECT 1;"})[0], 0)

    def test_gaps_doubles_names_and_transactions_are_found(self):
        for files, words in [
            ({"0001_a_b.sql": "x", "0003_a_b.sql": "x"}, "0002 is missing"),
            ({"0001_a_b.sql": "x", "0001_c_d.sql": "x"}, "0002 is missing or there twice"),
            ({"1_a.sql": "x"}, "NNNN_verb_thing"),
            ({"0001_a_b.sql": " "}, "is empty"),
            ({"0001_a_b.sql": "x;\nCOMMIT;"}, "transaction"),
        ]:
            status, output = self.lint(files)
            self.assertEqual(status, 1)
            self.assertIn(words, output)

    def test_a_changed_or_missing_released_one_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "0001_create_a.sql")
            command = [sys.executable, HERE / "migrations.py", "--folder", folder]
            path.write_text("SELECT 1;")
            self.assertEqual(subprocess.run([*command, "--release"], capture_output=True).returncode, 0)
            self.assertEqual(subprocess.run(command, capture_output=True).returncode, 0)
            path.write_text("SELECT 2;")
            changed = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(changed.returncode, 1)
            self.assertIn("now changed", changed.stdout)
            path.unlink()
            self.assertEqual(subprocess.run(command, capture_output=True).returncode, 1)


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


class Format(unittest.TestCase):
    def test_only_what_the_style_would_change_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(SOURCE / ".clang-format", folder)
            subprocess.run(["git", "init", "-q", folder], check=True)
            for text, expected in [("int f();\n", 0), ("int   f( );\n", 1)]:
                pathlib.Path(folder, "a.cpp").write_text(text)
                subprocess.run(["git", "-C", folder, "add", "a.cpp"], check=True)
                done = subprocess.run([HERE / "format.sh", folder], capture_output=True, text=True)
                self.assertEqual(done.returncode != 0, expected != 0, done.stdout + done.stderr)


class Tidy(unittest.TestCase):
    def test_a_finding_fails_and_a_clean_file_is_remembered(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            build = root / "build"
            build.mkdir()
            source = root / "a.cpp"
            (build / "compile_commands.json").write_text(
                '[{"directory": "%s", "command": "c++ -std=c++20 -c %s", "file": "%s"}]' % (build, source, source))
            command = [sys.executable, HERE / "tidy.py", "--root", root, "--build", build]
            source.write_text("#include <string>\nint f(std::string a) {\n    std::string b = std::move(a);\n"
                              "    return static_cast<int>(a.size() + b.size());\n}\n")
            bad = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(bad.returncode, 1, bad.stdout + bad.stderr)
            self.assertIn("bugprone-use-after-move", bad.stdout)
            source.write_text("int f() { return 1; }\n")
            self.assertIn("1 of them new", subprocess.run(command, capture_output=True, text=True).stdout)
            again = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(again.returncode, 0)
            self.assertIn("0 of them new", again.stdout)

    def test_tidy_reads_no_precompiled_header(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            build = root / "build"
            build.mkdir()
            shutil.copy(SOURCE / ".clang-tidy", root)
            header, source = build / "cmake_pch.hxx", root / "a.cpp"
            header.write_text("#include <string>\n")
            (build / "compile_commands.json").write_text(json.dumps(
                [{"directory": str(build), "file": str(source), "command":
                  f"c++ -std=c++20 -fpch-preprocess -Winvalid-pch -include {header} -c {source}"}]))
            source.write_text("std::string f() { return {}; }\n")
            done = subprocess.run([sys.executable, HERE / "tidy.py", "--root", root, "--build", build], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn("undeclared identifier 'std'", done.stdout)


if __name__ == "__main__":
    unittest.main()
