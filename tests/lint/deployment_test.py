#!/usr/bin/env python3
"""The deployment lint finds what it is for, in a copy of the deployment that has one thing wrong."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]


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
