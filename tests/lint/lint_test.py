#!/usr/bin/env python3
"""Each lint finds what it is for, in a small tree that has one thing wrong."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

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

    def test_a_room_of_a_service_that_only_its_main_file_may_name(self):
        layers = LAYERS + "node_agent|services/node-agent|core\n"
        agent = {"services/node-agent/executor/docker/engine.hpp": "\n"}
        include = '#include "services/node-agent/executor/docker/engine.hpp"\n'
        for user in ("main.cpp", "executor/docker/engine.cpp", "testing/world.hpp", "executor/runner_test.cpp"):
            status, output = self.lint({**agent, f"services/node-agent/{user}": include}, layers)
            self.assertEqual(status, 0, output)
        self.refused({**agent, "services/node-agent/executor/runner.cpp": include}, "executor/runner.cpp:1",
                     "is for services/node-agent/executor/docker and services/node-agent/main.cpp only", layers=layers)

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


class MetricNames(unittest.TestCase):
    def lint(self, code, page, alerts):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {"libs/a.cpp": code, "page.md": page, "alerts.yml": alerts}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            done = subprocess.run([sys.executable, HERE / "metric_names.py", root, root / "page.md", root / "alerts.yml"],
                                  capture_output=True, text=True)
            return done.returncode, done.stderr

    def test_each_metric_is_declared_and_on_the_page(self):
        code = 'metrics.counter("lamda_a_total", "");\nmetrics.gauge("lamda_b_now", "");\n'
        self.assertEqual(self.lint(code, "lamda_a_total lamda_b_now", "lamda_b_now")[0], 0)
        status, faults = self.lint(code, "lamda_a_total", "lamda_c_now")
        self.assertEqual(status, 1)
        self.assertIn("page.md: lamda_b_now is missing", faults)
        self.assertIn("alerts.yml: lamda_c_now is declared nowhere", faults)


class ErrorCodes(unittest.TestCase):
    def test_codes_are_found_with_status_and_detail(self):
        import error_codes
        text = '''throw problem::Problem{404, "no_receipt", "",
                                         "the job has "
                                         "no receipt", {}};
                 refuse(413, "body_too_large", fmt::format("the body exceeds {} bytes", most));
                 throw unavailable("database_gone", "try again");
                 return Error{"invalid_cid", "malformed: " + why, ""};
                 out.push_back({"/spec/salt", "too_long", "at most 64 digits"});
                 fields.refuse("zero", "must not be zero", key);
                 body.refuse("spec", breach);'''
        self.assertEqual(sorted(error_codes.found_in("gateway", text)), [
            ("body_too_large", "413", "the body exceeds … bytes", "gateway"),
            ("database_gone", "503", "try again", "gateway"),
            ("invalid_cid", "", "malformed: …", "gateway"),
            ("no_receipt", "404", "the job has no receipt", "gateway"),
            ("too_long", "", "at most 64 digits", "gateway"),
            ("zero", "", "must not be zero", "gateway")])

    def test_a_code_that_the_page_does_not_have_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name in ("tests/lint", "docs", "deploy/nginx", "libs/http"):
                (root / name).mkdir(parents=True)
            shutil.copy(HERE / "error_codes.py", root / "tests/lint")
            (root / "deploy/nginx/lamda.conf").write_text("")

            def run(*arguments):
                return subprocess.run([sys.executable, root / "tests/lint/error_codes.py", *arguments], capture_output=True, text=True)
            self.assertEqual(run("--write").returncode, 0)
            self.assertEqual(run().returncode, 0)
            (root / "libs/http/a.cpp").write_text('throw Problem{410, "gone", "", "it is gone", {}};\n')
            refused = run()
            self.assertEqual(refused.returncode, 1)
            self.assertIn("--write", refused.stdout)
            run("--write")
            self.assertIn("| `gone` | 410 | it is gone | gateway |", (root / "docs/errors.md").read_text())


class Deployment(unittest.TestCase):
    """A copy of the tree's deployment with one thing wrong; no executables, so names are judged by env.example."""

    FILES = ["env.example", ".gitignore", ".dockerignore", "deploy", "docs/operations.md", "libs/runtime/detail/admin_endpoint.cpp", "libs/runtime/setting_names.cpp",
             "services/api-gateway/routes/api.cpp"]
    COMPOSE = "deploy/docker/docker-compose.yml"

    def lint(self, path=None, old="", new=""):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name in self.FILES:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                if (SOURCE / name).is_dir():
                    shutil.copytree(SOURCE / name, root / name)
                else:
                    shutil.copy(SOURCE / name, root / name)
            if path:
                text = (root / path).read_text()
                self.assertIn(old, text)
                (root / path).write_text(text.replace(old, new))
            done = subprocess.run([sys.executable, HERE / "deployment.py", root, root / "none"], capture_output=True, text=True)
            return done.returncode, done.stderr

    def refused(self, path, old, new, *words):
        status, errors = self.lint(path, old, new)
        self.assertEqual(status, 1, errors)
        for word in words:
            self.assertIn(word, errors)

    def test_the_tree_passes(self):
        self.assertEqual(self.lint(), (0, ""))

    def test_names_that_nothing_reads(self):
        self.refused(self.COMPOSE, "API_PORT:", "API_PROT:", "API_PROT is no setting of lamda-api-gateway")
        self.refused("deploy/systemd/lamda-reputation.service", "METRICS_PORT=", "METRIC_PORT=", "METRIC_PORT is no setting")

    def test_secrets_volumes_and_files_that_are_not_there(self):
        self.refused(self.COMPOSE, "secrets: [operator-token]", "secrets: []", "the secret operator-token is not given to it")
        self.refused(self.COMPOSE, "./secrets/operator.token", "./secrets/token", "make-secrets.sh does not make it")
        self.refused(self.COMPOSE, "nats:/var/lib/nats", "bus:/var/lib/nats", "volumes bus")
        self.refused(self.COMPOSE, "../nats:", "../bus:", "does not exist")
        self.refused("deploy/docker/make-secrets.sh", " NATS_FEED", "", "NATS_FEED_PASSWORD")
        self.refused(".dockerignore", "/deploy/docker/secrets", "", ".dockerignore")
        self.refused(".gitignore", "/deploy/nats/providers.conf", "", ".gitignore")

    def test_secrets_of_others(self):
        self.refused("libs/runtime/setting_names.cpp", '"NATS_FEED_PASSWORD"', '"NATS_FEED"', "nats.conf: NATS_FEED_PASSWORD: not among")
        self.refused(self.COMPOSE, '  OPERATOR_TOKEN: ""\n', "", "node-registry: OPERATOR_TOKEN of .env reaches it")

    def test_ports_that_differ(self):
        self.refused(self.COMPOSE, "127.0.0.1:8080:8080", "127.0.0.1:8080:8081", "does not listen on")
        self.refused("deploy/systemd/lamda-reputation.service", "=9103", "=9113", "prometheus.yml", "docs/operations.md")
        self.refused(self.COMPOSE, '"127.0.0.1:4222:4222"', '"4222:4222"', "open to the world")

    def test_health_checks_that_cannot_answer(self):
        self.refused(self.COMPOSE, "9100/readyz", "9100/ready", "does not serve")
        self.refused(self.COMPOSE, "127.0.0.1:9100/", "127.0.0.1:9101/", "does not serve")
        self.refused("deploy/docker/Dockerfile", "        curl \\\n", "", "the image has no curl")

    def test_a_bus_without_jetstream_users_or_a_lasting_store(self):
        self.refused("deploy/nats/nats.conf", "jetstream {", "mqtt {", "JetStream is not enabled")
        self.refused(self.COMPOSE, '"-c", "/etc/nats/lamda/nats.conf"', '"-js"', "must run with deploy/nats/nats.conf")
        self.refused(self.COMPOSE, "nats://gateway:", "nats://reputation:", "NATS_URL is no login")
        self.refused(self.COMPOSE, '"nats:/var/lib/nats"', '"nats:/data"', "is in no volume")

    def test_a_database_login_that_is_another_services(self):
        self.refused(self.COMPOSE, "lamda_gateway:", "lamda_dispatcher:", "its database role is lamda_gateway")
        self.refused(self.COMPOSE, "lamda_gateway:${POSTGRES_GATEWAY", "lamda:${POSTGRES", "its database role is lamda_gateway")
        self.refused(self.COMPOSE, "LAMDA_GATEWAY_PASSWORD:", "LAMDA_GATE_PASSWORD:", "takes", "LAMDA_GATEWAY_PASSWORD")
        self.refused("deploy/postgres/roles.sql", "printenv LAMDA_GATEWAY_PASSWORD", "true", "passwords")
        self.refused("deploy/systemd/lamda-reputation.service", "EnvironmentFile=-", "#", "its own DATABASE_URL")


if __name__ == "__main__":
    unittest.main()
