#!/usr/bin/env python3
"""deploy/docker/docker-compose.yml and the systemd units match the executables, the documents and each other.

Usage: deployment.py <root> <folder of executables>

For a built executable, --help lists the settings and --check-config validates all given ones. For an executable that is
not built, a setting must be in env.example.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

COMPOSE = "deploy/docker/docker-compose.yml"
IMAGE = "lamda"
ROLES = "deploy/postgres/roles.sql"
TOOLS = {"migrate": ["lamda", "migrate"], "lamda": ["version"]}  # containers of our image that end after their work
SECRETS = {"admin-wallet-key": "0x" + "0" * 63 + "1", "agent-key": "0x" + "0" * 63 + "2", "operator-token": "token-of-the-operator"}
ASKED_FOR = re.compile(r"\$\{(\w+):\?[^}]*\}")
HELP_LINE = re.compile(r"^  ([A-Z][A-Z0-9_]*) +(\(required\)|\(none\)|\S+) ")


def example_of(text):
    """(active settings, settings in comments) of env.example."""
    lines = re.findall(r"^(#?)([A-Z][A-Z0-9_]*)=(.*)$", text, re.M)
    return ({name: value for off, name, value in lines if bool(off) == shown} for shown in (False, True))


def port_of(published):
    return published.rsplit(":", 1)[-1]


class Deployment:
    def __init__(self, root, executables):
        self.root, self.executables = pathlib.Path(root), pathlib.Path(executables)
        self.faults = []
        self.judged = 0
        self.set_by_example, self.shown_by_example = example_of(self.text("env.example"))
        self.compose = yaml.safe_load(self.text(COMPOSE))
        self.services = self.compose["services"]
        self.ours = {name: service for name, service in self.services.items() if service.get("image") == IMAGE}

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8")

    def must(self, right, place, fault):
        if not right:
            self.faults.append(f"{place}: {fault}")
        return right

    # --- Settings ---

    def settings_of(self, executable):
        """name → default, "(none)" or "(required)"."""
        if not (self.executables / executable).exists():
            return dict.fromkeys({**self.set_by_example, **self.shown_by_example}, "(none)")
        done = subprocess.run([self.executables / executable, "--help"], capture_output=True, text=True, timeout=600)
        return {match[1]: match[2] for match in map(HELP_LINE.match, done.stdout.splitlines()) if match}

    def check_settings(self, place, executable, given, credentials=()):
        """Each name is read by the executable, which accepts all of them together with env.example's."""
        settings = self.settings_of(executable)
        for name in sorted(name for name in given if given[name] and not {name, name.removesuffix("_FILE")} & settings.keys()):
            self.must(False, place, f"{name} is no setting of {executable}")
        if executable == "lamda" or not (self.executables / executable).exists():  # a command reads its settings when it needs them
            return
        with tempfile.TemporaryDirectory() as folder:
            for name, secret in SECRETS.items():
                path = pathlib.Path(folder) / name
                path.write_text(secret)
                path.chmod(0o400)
            offered = pathlib.Path(folder) / "offered"
            offered.mkdir()
            for name in credentials:
                (pathlib.Path(folder) / name).rename(offered / name)
            here = {name: re.sub(r"^(/run/secrets|%d)/", lambda at: f"{offered if at[1] == '%d' else folder}/", value)
                    for name, value in given.items()}
            here = {name: value.replace("%S", "/var/lib") for name, value in here.items()}
            # The operator sets what is required and commented out.
            filled = {name: self.shown_by_example[name] for name, default in settings.items()
                      if default == "(required)" and name in self.shown_by_example}
            environment = {"PATH": os.environ["PATH"], "CREDENTIALS_DIRECTORY": str(offered), **filled, **self.set_by_example, **here}
            done = subprocess.run([self.executables / executable, "--check-config"], capture_output=True, text=True,
                                  timeout=600, env=environment)
        self.judged += 1
        self.must(done.returncode == 0, place, f"{executable} --check-config: {done.returncode}: {done.stderr.strip()}")

    def environment_of(self, service):
        return {name: ASKED_FOR.sub("secret", str(value)) for name, value in service.get("environment", {}).items()}

    # --- What the file refers to ---

    def check_references(self):
        declared = {kind: set(self.compose.get(kind) or {}) for kind in ("volumes", "secrets")}
        used = {"volumes": set(), "secrets": set()}
        for name, service in self.services.items():
            place = f"{COMPOSE}: {name}"
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("."):
                    self.must((self.root / COMPOSE).parent.joinpath(source).exists(), place, f"{source} does not exist")
                else:
                    used["volumes"].add(source)
            used["secrets"] |= set(service.get("secrets", []))
            for setting, value in self.environment_of(service).items():
                if value.startswith("/run/secrets/"):
                    secret = value.removeprefix("/run/secrets/")
                    self.must(secret in service.get("secrets", []), place, f"{setting}: the secret {secret} is not given to it")
            for other in service.get("depends_on", {}):
                self.must(other in self.services, place, f"depends on {other}, which does not exist")
            if "env_file" in service:
                self.must(service["env_file"] == "../../.env", place, "env_file must be the .env of the installation steps")
            if "build" in service:
                dockerfile = self.root / "deploy/docker" / service["build"]["context"] / service["build"]["dockerfile"]
                self.must(dockerfile.exists(), place, f"{dockerfile} does not exist")
        for kind, names in declared.items():
            for name in sorted(names ^ used[kind]):
                self.must(False, COMPOSE, f"{kind} {name}: used and not declared, or declared and not used")

    def check_secrets(self):
        """make-secrets.sh creates every file and every password; the repository and the image exclude them."""
        maker = self.text("deploy/docker/make-secrets.sh")
        passwords = {f"{name}_PASSWORD" for name in re.search(r"for name in ([A-Z_ ]+);", maker)[1].split()}
        asked = set(ASKED_FOR.findall(re.sub(r"#.*", "", self.text(COMPOSE))))
        for name in sorted(passwords ^ asked):
            self.must(False, COMPOSE, f"{name}: required and not created by make-secrets.sh, or created and not required")
        for name, secret in self.compose["secrets"].items():
            self.must(f"/secrets/{pathlib.Path(secret['file']).name}" in maker, COMPOSE, f"{name}: make-secrets.sh does not make it")
        for ignore in (".gitignore", ".dockerignore"):
            lines = [line.rstrip("/") for line in self.text(ignore).splitlines()]
            for path in ("/.env", "/.env.*", "/deploy/docker/.env", "/deploy/docker/secrets", "/deploy/nats/providers.conf"):
                self.must(path in lines, ignore, f"{path} is missing")
        uid = re.search(r"useradd .*--uid (\d+)", self.text("deploy/docker/Dockerfile"))[1]
        self.must(re.search(rf"^user={uid}\b", maker, re.M), "make-secrets.sh", f"the image's user is {uid}")

    # --- Ports and health ---

    def check_other_secrets(self):
        """.env is given to each of our containers: each key, token or password in it is cleared there, or set again."""
        secret = re.compile(r"_(PRIVATE_KEY|TOKEN|JWT|PASSWORD)$")
        for name in sorted(filter(secret.search, {**self.set_by_example, **self.shown_by_example})):
            for service, content in self.ours.items():
                self.must(name in content.get("environment", {}), f"{COMPOSE}: {service}", f"{name} of .env reaches it")

    def check_wiped_names(self):
        """Each password that a file of deploy/ takes from the environment is wiped by every process."""
        wiped = set(re.findall(r'"([A-Z_]+)"', self.text("libs/runtime/setting_names.cpp")))
        for path in (COMPOSE, "deploy/nats/nats.conf", "deploy/postgres/roles.sql"):
            for name in sorted(set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)*_PASSWORD\b", self.text(path))) - wiped):
                self.must(False, path, f"{name}: not among the secret names of libs/runtime/setting_names.cpp")

    def check_health(self):
        final = self.text("deploy/docker/Dockerfile").rsplit("\nFROM ", 1)[1]
        admin, gateway = self.text("libs/runtime/detail/admin_endpoint.cpp"), self.text("services/api-gateway/routes/api.cpp")
        for name, service in self.services.items():
            place = f"{COMPOSE}: {name}"
            if service.get("restart") == "no":
                self.must(name == "roles" or name in TOOLS, place, "it must be started again when it ends")
                continue
            test = service.get("healthcheck", {}).get("test")
            if not self.must(test, place, "no health check") or name not in self.ours:
                continue
            self.must(re.search(rf"^ +{re.escape(test[1])} \\", final, re.M), place, f"the image has no {test[1]}")
            url = re.fullmatch(r"http://127\.0\.0\.1:(\d+)(/\w+)", test[-1])
            if not self.must(url, place, f"the health check calls {test[-1]}"):
                continue
            given = self.environment_of(service)
            known = {(given.get("METRICS_PORT"), path) for path in re.findall(r'route\("GET", "(/(?:readyz|livez))"', admin)}
            known |= {(given.get("API_PORT"), path) for path in re.findall(r'route\("GET", "(/health)"', gateway)}
            self.must(url.groups() in known, place, f"it does not serve {test[-1]}")
            self.must(given.get("BIND_ADDRESS") == "0.0.0.0", place, "other containers must reach it: set BIND_ADDRESS to 0.0.0.0")

    def check_ports(self, units):
        docs = self.text("docs/operations.md")
        scraped = dict(re.findall(r'targets: \["127\.0\.0\.1:(\d+)"\]\s+labels: \{service: ([\w-]+)\}', self.text("deploy/prometheus/prometheus.yml")))
        documented = re.search(r"its `METRICS_PORT`: ([^.]*)\.", docs)[1]
        for name, given in units.items():
            port, service = given.get("METRICS_PORT"), name.removeprefix("lamda-")
            self.must(f"{service.split('-')[-1]} {port}" in re.sub(r"\s+", " ", documented), name, f"docs/operations.md names another port than {port}")
            if service != "node-agent":
                self.must(scraped.get(port) == service, name, f"prometheus.yml does not scrape {port}")
        gateway = self.services["api-gateway"]
        published = gateway["ports"][0]
        self.must(port_of(published) == self.environment_of(gateway).get("API_PORT"), COMPOSE, f"api-gateway does not listen on {published}")
        for path in ("deploy/nginx/lamda.conf", "docs/operations.md"):
            self.must(f"{published.rsplit(':', 1)[0]}" in self.text(path), COMPOSE, f"{path} names another port than {published}")
        self.must(published.split(":")[1] == self.set_by_example["API_PORT"], COMPOSE, "env.example has another API_PORT")
        for name, service in self.services.items():
            for port in service.get("ports", []):
                self.must(port.startswith("127.0.0.1:"), f"{COMPOSE}: {name}", f"{port} is open to the world; publish it on 127.0.0.1")

    # --- The bus ---

    def check_bus(self):
        conf, nats, place = self.text("deploy/nats/nats.conf"), self.services["nats"], f"{COMPOSE}: nats"
        plain = re.sub(r"#.*", "", conf)
        mounted = [volume.split(":") for volume in nats["volumes"]]
        at = [parts[1] for parts in mounted if parts[0] == "../nats"]
        command = nats["command"]
        self.must(at and "-c" in command and command[command.index("-c") + 1] == f"{at[0]}/nats.conf", place, "it must run with deploy/nats/nats.conf")
        self.must(re.search(r"^jetstream \{", plain, re.M), "deploy/nats/nats.conf", "JetStream is not enabled")
        store = re.search(r'store_dir: "([^"]*)"', plain)[1]
        kept = [parts[1] for parts in mounted if not parts[0].startswith(".")]
        self.must(any(store.startswith(folder + "/") for folder in kept), place, f"{store} is in no volume")
        wanted = set(re.findall(r"\$(NATS_\w+)", plain))
        self.must(wanted == set(nats["environment"]), place, f"nats.conf takes {sorted(wanted)} from its environment")
        passwords = dict(re.findall(r"user: (\w+), password: \$(\w+)", plain))
        for name, service in self.ours.items():
            url = service.get("environment", {}).get("NATS_URL")
            login = re.fullmatch(r"nats://(\w+):\$\{(\w+):\?[^}]*\}@nats:4222", url) if url else None
            self.must(not url or (login and passwords.get(login[1]) == login[2]), f"{COMPOSE}: {name}", "NATS_URL is no login of nats.conf")
        self.must(":4222" in re.search(r"^listen: (\S+)", plain, re.M)[1], "deploy/nats/nats.conf", "compose expects port 4222")

    # --- The database ---

    def check_database(self):
        """Each process has its own login, created by roles.sql; the owner's is for the two that create the schema."""
        script = self.text(ROLES)
        roles = set(re.findall(r"'(lamda_\w+)'", script))
        asked = set(re.findall(r"`printenv (\w+)`", script))
        self.must(asked == {f"{role.upper()}_PASSWORD" for role in roles}, ROLES, f"passwords {sorted(asked)} of {sorted(roles)}")
        given = {name: value for name, value in self.services["roles"]["environment"].items() if name != "PGPASSWORD"}
        self.must(set(given) == asked, f"{COMPOSE}: roles", f"roles.sql takes {sorted(asked)} from its environment")
        for name, value in given.items():
            wanted = f"POSTGRES_{name.removeprefix('LAMDA_')}"
            self.must(ASKED_FOR.fullmatch(value) and ASKED_FOR.fullmatch(value)[1] == wanted, f"{COMPOSE}: roles", f"{name} must be {wanted}")
        users = {}
        for name, service in self.ours.items():
            login = re.fullmatch(r"postgres://(\w+):\$\{(\w+):\?[^}]*\}@postgres:5432/lamda", service["environment"]["DATABASE_URL"])
            if not self.must(login, f"{COMPOSE}: {name}", "DATABASE_URL has no login of the database"):
                continue
            users[name] = login[1]
            password = "POSTGRES" + login[1].removeprefix("lamda").upper() + "_PASSWORD"
            self.must(login[2] == password, f"{COMPOSE}: {name}", f"{login[1]} has the password {password}")
        wanted = {"migrate": "lamda", "lamda": "lamda_operator"}
        for name, user in users.items():
            role = wanted.get(name, f"lamda_{name.split('-')[-1]}")
            self.must(user == role and user in roles | {"lamda"}, f"{COMPOSE}: {name}", f"its database role is {role}")
        for unit in (self.root / "deploy/systemd").glob("*.service"):
            if f"lamda_{unit.stem.split('-')[-1]}" in roles:
                own = f"EnvironmentFile=-/etc/lamda/{unit.stem}.env"
                self.must(own in unit.read_text(encoding="utf-8"), unit.name, f"{own} is missing: its own DATABASE_URL")

    def check(self):
        self.check_references()
        self.check_secrets()
        self.check_other_secrets()
        self.check_wiped_names()
        self.check_health()
        self.check_bus()
        self.check_database()
        for name, service in self.ours.items():
            given = self.environment_of(service)
            self.must(service["command"] == TOOLS.get(name, [f"lamda-{name}"]), f"{COMPOSE}: {name}", f"the command must be lamda-{name}")
            self.check_settings(f"{COMPOSE}: {name}", "lamda" if name in TOOLS else service["command"][0], given)
        units = {}
        for unit in sorted((self.root / "deploy/systemd").glob("*.service")):
            text = unit.read_text(encoding="utf-8")
            given = dict(re.findall(r"^Environment=(\w+)=(.*)$", text, re.M))
            credentials = re.findall(r"^LoadCredential=([\w-]+):", text, re.M)
            self.must(set(credentials) <= SECRETS.keys(), unit.name, f"an unknown credential: {credentials}")
            self.check_settings(unit.name, unit.stem, given, [name for name in credentials if name in SECRETS])
            units[unit.stem] = given
        self.check_ports(units)
        for fault in self.faults:
            print(fault, file=sys.stderr)
        print(f"{len(self.services)} containers, {len(units)} units, {self.judged} configurations checked, {len(self.faults)} faults")
        return 1 if self.faults else 0


if __name__ == "__main__":
    sys.exit(Deployment(*sys.argv[1:]).check())
