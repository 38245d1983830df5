#!/usr/bin/env python3
"""deploy/nats/nats.conf under a real nats-server: each role can do what it must, and reaches nothing else. Tries every role
with every subject of proto/asyncapi.yaml and of JetStream: as the publish subject, as the reply subject (to which the server
and the services answer, whatever the permissions are), and as a subscription.

Usage: nats_permissions.py <nats.conf> <asyncapi.yaml> <scratch folder>
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

from nats_client import Client
from nats_roles import (ACCOUNTS, AGENT, CHANNELS, HOME, JOB, MAY_FILL, MAY_REACH, OTHER, OWNER, QUEUES, ROLES, STREAMS,
                        jetstream_subjects, matches, subjects, undocumented)


class Server:
    """As deployed, but on a free port, with its store below `scratch`, and with one user in each role's account who receives all."""

    def __init__(self, conf, scratch):
        self.passwords = {role: f"pass-{role}" for role in ROLES}
        self.scratch, self.adder = scratch, conf.parent / "add-provider.sh"
        (scratch / "providers.conf").write_text("")
        text, n = re.subn(r"^listen: \S+", "listen: 127.0.0.1:-1", conf.read_text(), flags=re.M)
        text, m = re.subn(r'store_dir: "[^"]*"', f'store_dir: "{scratch}/store"', text)
        for account in ACCOUNTS:
            text, k = re.subn(rf"(^  {account} \{{.*?users: \[)", rf"\1 {{ user: witness-{account}, password: w }} ", text, count=1, flags=re.M | re.S)
            n *= k
        if (n, m) != (1, 1):
            raise SystemExit(f"{conf}: listen, store_dir and the accounts {ACCOUNTS} must occur once each")
        (scratch / "nats.conf").write_text(text)
        environment = {"PATH": os.environ["PATH"], "HOME": str(scratch)}
        environment |= {f"NATS_{role.upper()}_PASSWORD": password for role, password in self.passwords.items()}
        self.log = open(scratch / "nats.log", "wb")
        self.process = subprocess.Popen(["nats-server", "-c", scratch / "nats.conf", "--ports_file_dir", scratch], env=environment,
                                        stdout=self.log, stderr=self.log)
        self.port = self.wait_port()

    def wait_port(self):
        ports = self.scratch / f"nats-server_{self.process.pid}.ports"
        deadline = time.monotonic() + 300
        while True:
            try:
                return int(json.loads(ports.read_text())["nats"][0].rsplit(":", 1)[1])
            except (OSError, ValueError):
                pass  # not written yet, or partly
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise SystemExit("nats-server did not start:\n" + (self.scratch / "nats.log").read_text())
            time.sleep(0.05)

    def add_provider(self, address):
        return subprocess.run(["sh", self.adder, address, f"127.0.0.1:{self.port}", self.scratch / "providers.conf"], capture_output=True, text=True)

    def reload(self):
        """Reloads by signal; open connections persist."""
        subprocess.run(["nats-server", "--signal", f"reload={self.process.pid}"], check=True, capture_output=True)

    def connect(self, user):
        return Client(self.port, user, self.passwords.get(user, "w"))

    def lets_in(self, user=None, password=None):
        client = Client(self.port, user, password)
        client.flush()
        client.close()
        return not client.closed

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=600)
        self.log.close()


def add_providers(server):
    """Faults of the script; the server must apply the new accounts while it runs."""
    for address in (AGENT, OTHER.upper().replace("0X", "0x")):
        done = server.add_provider(address)
        login = re.fullmatch(r"NATS_URL=nats://(0x[0-9a-f]{40}):(\w+)@\S+\n", done.stdout)
        if not login:
            yield f"add-provider.sh {address}: {done}"
            return
        server.passwords[login[1]] = login[2]
    before = (server.scratch / "providers.conf").read_text()
    for wrong, status in ((AGENT, 1), ("0x12", 64), ("nobody", 64)):
        if server.add_provider(wrong).returncode != status:
            yield f"add-provider.sh {wrong}: must end with {status}"
    if (server.scratch / "providers.conf").read_text() != before:
        yield "add-provider.sh: changes the file although it refuses"
    deadline = time.monotonic() + 300
    while not all(is_heard(server, provider) for provider in (AGENT, OTHER)):
        if time.monotonic() > deadline:
            yield "the server does not apply the new accounts"
            return
        server.reload()  # several times: server 2.9 applies the account at first, and its imports the next time
        time.sleep(0.2)


def is_heard(server, provider):
    """True if the provider can connect, and its heartbeat reaches the registry."""
    if not server.lets_in(provider, server.passwords[provider]):
        return False
    agent, registry = server.connect(provider), server.connect("registry")
    registry.subscribe(f"nodes.heartbeat.{provider}")
    registry.flush()
    agent.publish(f"nodes.heartbeat.{provider}")
    agent.flush()
    heard = registry.take()
    agent.close()
    registry.close()
    return bool(heard)


class Scene:
    """Stand-ins for the services on the bus, and one witness in each account."""

    def __init__(self, server):
        self.server = server
        self.dispatcher, self.registry = server.connect("dispatcher"), server.connect("registry")
        self.make_streams()
        for subject in ("jobs.command", "jobs.query", "nodes.heartbeat.*"):
            self.dispatcher.subscribe(subject)
        for subject in ("nodes.query registries", "nodes.credentials registries", "nodes.heartbeat.* registries"):
            self.registry.subscribe(subject)
        self.witnesses = {account: server.connect(f"witness-{account}") for account in ACCOUNTS}
        self.witnesses[OTHER] = server.connect(OTHER)
        for witness in self.witnesses.values():
            witness.subscribe(">")
        for client in (self.dispatcher, self.registry, *self.witnesses.values()):
            client.take()
        self.owner = server.connect("witness-LAMDA")

    def ask_owner(self, client, what, body, inbox):
        answer = json.loads(client.request(f"$JS.API.{what}", json.dumps(body).encode(), inbox))
        if "error" in answer:
            raise SystemExit(f"{what}: {answer['error']}")
        return answer

    def make_streams(self):
        for name, subject in STREAMS.items():
            retention = "workqueue" if name in QUEUES else "limits"
            config = {"name": name, "subjects": [subject], "retention": retention, "storage": "file"}
            self.ask_owner(self.dispatcher, f"STREAM.CREATE.{name}", config, "_INBOX.dispatcher")
        for provider in (AGENT, OTHER):
            for stream in QUEUES:
                config = {"durable_name": provider, "filter_subject": STREAMS[stream].replace("*", provider), "ack_policy": "explicit", "max_deliver": -1}
                self.ask_owner(self.dispatcher, f"CONSUMER.DURABLE.CREATE.{stream}.{provider}", {"stream_name": stream, "config": config}, "_INBOX.dispatcher")
                for _ in range(10 if provider == OTHER else 0):
                    self.dispatcher.request(STREAMS[stream].replace("*", provider), b"{}", "_INBOX.dispatcher")

    def answer_all(self):
        """Answers every received message on its reply subject, as the services do."""
        for service in (self.dispatcher, self.registry):
            for message in service.take():
                if message.reply and "heartbeat" not in message.subject:
                    service.publish(message.reply, b'{"code":"refused","status":400}')
            service.flush()

    def snapshot(self):
        """State of JetStream: (configurations of streams, consumers, messages of each subject)."""
        configs, consumers, counts = {}, {}, {}
        for stream in sorted(self.ask_owner(self.owner, "STREAM.NAMES", {}, "_INBOX")["streams"] or []):
            info = self.ask_owner(self.owner, f"STREAM.INFO.{stream}", {"subjects_filter": ">"}, "_INBOX")
            configs[stream] = info["config"]
            counts |= info["state"].get("subjects") or {}
            for name in self.ask_owner(self.owner, f"CONSUMER.NAMES.{stream}", {}, "_INBOX")["consumers"] or []:
                info = self.ask_owner(self.owner, f"CONSUMER.INFO.{stream}.{name}", {}, "_INBOX")
                info = {key: value for key, value in info.items() if key not in ("cluster", "push_bound", "ts")}
                if name == AGENT:
                    del info["num_waiting"]  # its own requests
                consumers[stream, name] = info
        return configs, consumers, counts


def changes(before, after, fills):
    if before[:2] != after[:2]:
        yield "changes a stream or a consumer"
    for subject in sorted(before[2].keys() | after[2].keys()):
        grown = after[2].get(subject, 0) - before[2].get(subject, 0)
        if grown < 0 or (grown > 0 and not any(matches(pattern, subject) for pattern in fills)):
            yield f"changes the messages on {subject} by {grown}"


def overheard(scene, attacker):
    """Subjects on which a message arrived in another account, outside of the allowed ones."""
    for account, witness in scene.witnesses.items():
        allowed = MAY_REACH[attacker].get(account, [])
        for message in witness.take():
            answer = message.subject.startswith("_R_.") and account in MAY_REACH[attacker]
            if account != HOME[attacker] and not answer and not message.subject.startswith("$JS.EVENT.ADVISORY.") and \
                    not any(matches(pattern, message.subject) for pattern in allowed):
                yield account, message.subject


def attacks(scene, attacker):
    """Tries each subject, with and without replies; then each subject that is delivered, with every reply."""
    client = scene.server.connect(attacker)
    before = scene.snapshot()
    for witness in scene.witnesses.values():
        witness.take()
    leads = {subject for patterns in MAY_REACH[attacker].values() for pattern in patterns for subject in subjects() if matches(pattern, subject)}
    leads |= {"lamda.info", "lamda.get"} if attacker == "feed" else set()
    tried, faults = 0, {}
    for subject in subjects():
        replies = ["", *(subjects() if subject in leads else ["$JS.API.STREAM.PURGE.JOBS", f"jobs.dispatch.{OTHER}", "jobs.command"])]
        for reply in replies:
            client.publish(subject, b"{}", reply)
        tried += len(replies)
        client.publish(subject, b"{}", headers={"Nats-Rollup": "all"})
        client.flush()
        scene.answer_all()
        for place in overheard(scene, attacker):
            faults.setdefault(place, subject)
    for (account, reached), subject in faults.items():
        yield f"{attacker}: publishing on {subject} a message arrives on {reached} in {account}"
    for change in changes(before, scene.snapshot(), MAY_FILL.get(attacker, [])):
        yield f"{attacker}: {change}"
    if client.closed:
        yield f"{attacker}: the server closed its connection before all subjects were tried"
    client.close()
    print(f"{attacker}: {tried} subjects and replies")


def ears(scene):
    """Every role subscribes to all subjects while each sends its messages: each receives exactly its channels."""
    server = scene.server
    heard = {user: server.connect(user) for user in (*ROLES, AGENT, OTHER)}
    for client in heard.values():
        for subject in (">", "jobs.>", "nodes.>", "events.>", "_INBOX.>", "_R_.>", "$JS.>", *subjects()):
            client.subscribe(subject)
        client.take()
    senders = {user: server.connect(user) for user in (*ROLES, AGENT)}
    for address, (sender, hearers) in CHANNELS.items():
        subject = address.format(provider=AGENT, jobId=JOB)
        senders[sender].publish(subject, b"{}")
        senders[sender].flush()
        for user, client in heard.items():
            reached = bool([message for message in client.take() if message.subject == subject])
            # An agent receives its own messages in its own account.
            if reached != (user in hearers) and not user == sender == AGENT:
                yield f"{user} {'receives' if reached else 'does not receive'} {subject} of {sender}"
    for client in (*heard.values(), *senders.values()):
        client.close()
    for stream in QUEUES:  # sent to the agent, which pulls nothing here
        scene.ask_owner(scene.owner, f"STREAM.PURGE.{stream}", {"filter": STREAMS[stream].replace("*", AGENT)}, "_INBOX")
    for client in (scene.dispatcher, scene.registry, *scene.witnesses.values()):
        client.take()


def work(scene):
    """An agent's requests as nats.c sends them, an event, and the four requests: every answer must arrive."""
    server = scene.server
    agent = server.connect(AGENT)
    inbox = f"_INBOX.{AGENT}.pull"
    agent.subscribe(f"{inbox}.*")
    for stream in QUEUES:
        info = json.loads(agent.request(f"$JS.API.CONSUMER.INFO.{stream}.{AGENT}"))
        if info.get("name") != AGENT:
            yield f"an agent's CONSUMER.INFO of {stream}: {info}"
            continue
        pull = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{AGENT}"
        for body in (b"one", b"two"):
            scene.dispatcher.request(STREAMS[stream].replace("*", AGENT), body, "_INBOX.dispatcher")
        agent.publish(pull, json.dumps({"batch": 5, "expires": 500_000_000, "idle_heartbeat": 100_000_000}).encode(), f"{inbox}.1")
        one, two = (agent.wait(lambda m, body=body: m.body == body) for body in (b"one", b"two"))
        agent.wait(lambda m: b" 100 " in m.body)
        agent.wait(lambda m: b" 408 " in m.body and m.subject == f"{inbox}.1")
        agent.request(one.reply, b"+ACK")
        agent.publish(two.reply, b'-NAK {"delay": 1000000}')
        agent.publish(pull, json.dumps({"batch": 1, "expires": 30_000_000_000}).encode(), f"{inbox}.2")
        again = agent.wait(lambda m: m.body == b"two")
        if again.reply.split(".")[4] != "2":
            yield f"{stream}: the second delivery is not counted: {again.reply}"
        agent.request(again.reply, b"+ACK")
        agent.publish(pull, b'{"batch":1,"no_wait":true}', f"{inbox}.3")
        agent.wait(lambda m: b" 404 " in m.body and m.subject == f"{inbox}.3")
    for client, subject, user, stream in ((agent, f"jobs.status.{AGENT}", AGENT, "STATUS"), (scene.registry, "events.global", "registry", "EVENTS")):
        stored = json.loads(client.request(subject, b"{}", f"_INBOX.{user}"))
        if stored.get("stream") != stream:
            yield f"{subject}: the acknowledgement is {stored}"
    for user, subject, service in (("gateway", "jobs.command", scene.dispatcher), ("gateway", "nodes.credentials", scene.registry), ("feed", "jobs.query", scene.dispatcher), ("feed", "nodes.query", scene.registry)):
        client = server.connect(user)
        client.subscribe(f"_INBOX.{user}.>")
        client.publish(subject, b"question", f"_INBOX.{user}.1")
        client.flush()
        service.publish(service.wait(lambda m, subject=subject: m.subject == subject).reply, b"answer")
        client.wait(lambda m: m.body == b"answer")
        client.close()
    feed = server.connect("feed")
    for request in (b'{"seq":1}', b'{"last_by_subj":"events.global"}'):
        if "message" not in json.loads(feed.request("$JS.API.STREAM.MSG.GET.EVENTS", request, "_INBOX.feed")):
            yield "feed cannot read EVENTS back"
    for client in (agent, feed):
        if client.errors:
            yield f"refused: {client.errors}"
        client.close()


def owner_permissions(scene):
    """The dispatcher may send exactly those JetStream requests that its code sends."""
    client = scene.server.connect("dispatcher")
    for subject in jetstream_subjects():
        what = re.sub(rf"(^\$JS\.API\.)|(\.({AGENT}|{OTHER})$)", "", subject)
        allowed = what in OWNER or subject.startswith(("$JS.ACK.STATUS.", "$JS.ACK.LOGS."))
        client.errors = []
        # To a subject without a stream, so that an allowed request has no effect.
        client.publish(subject, b"nothing to do")
        client.flush()
        if allowed == bool(client.errors):
            yield f"dispatcher on {subject}: {'must' if allowed else 'must not'} be allowed"
    client.close()


def main(conf, asyncapi, scratch):
    scratch = pathlib.Path(scratch).resolve()
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    faults = [f"{address}: in one of asyncapi.yaml and nats_permissions.py only" for address in undocumented(pathlib.Path(asyncapi))]
    server = Server(pathlib.Path(conf).resolve(), scratch)
    try:
        faults += add_providers(server)
        if not faults:
            for user, password in ((None, None), ("dispatcher", "wrong"), ("nobody", "pass-gateway"), (AGENT, "pass-gateway")):
                if server.lets_in(user, password):
                    faults.append(f"{user or 'a client without a user'} can connect with a wrong password, or none")
            scene = Scene(server)
            faults += [*work(scene), *ears(scene), *owner_permissions(scene)]
            for attacker in MAY_REACH:
                faults += attacks(scene, attacker)
    finally:
        server.stop()
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
