#!/usr/bin/env python3
"""deploy/nats/nats.conf under a real nats-server: it starts, and a role can do what it must and nothing else: every role on every
subject of proto/asyncapi.yaml and of JetStream.

Usage: nats_permissions.py <nats.conf> <asyncapi.yaml> <scratch folder>
"""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time

AGENT = "0x90f79bf6eb2c4f870365e785982e1f101e93b906"
OTHER = "0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc"
JOB = "0x" + "ab" * 32
ROLES = ["registry", "dispatcher", "gateway", "feed", "agent"]
USERS = ["registry", "dispatcher", "gateway", "feed", AGENT]

# Address in proto/asyncapi.yaml → (who publishes to it, who subscribes to it). A consumer of JetStream subscribes to an
# inbox of its own, not to the address. Nobody else may do either.
CHANNELS = {
    "jobs.dispatch.{provider}": ({"dispatcher"}, set()),
    "jobs.retract.{provider}": ({"dispatcher"}, set()),
    "jobs.status.{provider}": ({AGENT}, set()),
    "nodes.heartbeat.{provider}": ({AGENT}, {"registry", "dispatcher", AGENT}),
    "jobs.logs.{provider}.{jobId}": ({AGENT}, set()),
    "events.job.{jobId}": ({"dispatcher"}, {"feed"}),
    "events.node.{provider}": ({"registry"}, {"feed"}),
    "events.global": ({"registry", "dispatcher"}, {"feed"}),
    "jobs.command": ({"gateway"}, {"dispatcher"}),
    "nodes.query": ({"feed"}, {"registry"}),
    "jobs.query": ({"feed"}, {"dispatcher"}),
}
STREAMS = ["JOBS", "RETRACT", "STATUS", "LOGS", "EVENTS"]
STREAM_VERBS = ["CREATE", "UPDATE", "INFO", "DELETE", "PURGE", "SNAPSHOT", "MSG.GET", "MSG.DELETE"]
CONSUMER_VERBS = ["CREATE", "DURABLE.CREATE", "INFO", "DELETE", "MSG.NEXT", "NAMES", "LIST"]

# (user, part of JetStream's interface) that must be open; every other one of the lists above must be closed.
OWNS = [("dispatcher", f"STREAM.{verb}.{stream}") for verb in ("CREATE", "UPDATE") for stream in STREAMS]
OWNS += [("registry", f"STREAM.{verb}.EVENTS") for verb in ("CREATE", "UPDATE")]
OWNS += [("dispatcher", "STREAM.INFO.STATUS"), ("feed", "STREAM.INFO.EVENTS")]
DURABLES = [("dispatcher", verb, stream) for verb in ("CREATE", "DURABLE.CREATE", "INFO") for stream in ("JOBS", "RETRACT", "STATUS")]
DURABLES += [("dispatcher", "MSG.NEXT", "STATUS")]
DURABLES += [("feed", verb, "EVENTS") for verb in ("CREATE", "INFO", "MSG.NEXT")]
OWN_DURABLES = [(AGENT, verb, stream) for verb in ("INFO", "MSG.NEXT") for stream in ("JOBS", "RETRACT")]
ACKS = {"STATUS": {"dispatcher"}, "JOBS": {AGENT}, "RETRACT": {AGENT}, "LOGS": set(), "EVENTS": {"feed"}}


def channel_cases():
    """Each user on each documented address; an agent on another one's, too, and on all of them at once."""
    for address, (senders, hearers) in CHANNELS.items():
        for user in USERS:
            for provider in (AGENT, OTHER):
                if provider == OTHER and "{provider}" not in address:
                    continue
                foreign = user == AGENT and provider == OTHER
                subject = address.format(provider=provider, jobId=JOB)
                yield user, "PUB", subject, user in senders and not foreign
                yield user, "SUB", subject, user in hearers and not foreign
            every = re.sub(r"\{\w+\}", "*", address)
            if every != address:
                yield user, "SUB", every, user in hearers and user != AGENT
    for user in USERS:
        for subject in ("jobs.>", "nodes.>", ">"):
            yield user, "SUB", subject, False
        yield user, "SUB", "events.>", user == "feed"


def jetstream_cases():
    for user in USERS:
        for stream in STREAMS:
            for verb in STREAM_VERBS:
                yield user, "PUB", f"$JS.API.STREAM.{verb}.{stream}", (user, f"STREAM.{verb}.{stream}") in OWNS
            for verb in CONSUMER_VERBS:
                for durable in (AGENT, OTHER):
                    named = f"$JS.API.CONSUMER.{verb}.{stream}" + ("" if verb in ("NAMES", "LIST") else f".{durable}")
                    open_to = (user, verb, stream) in DURABLES or (durable == AGENT and (user, verb, stream) in OWN_DURABLES)
                    yield user, "PUB", named, open_to
            yield user, "PUB", f"$JS.ACK.{stream}.{AGENT}.1.1.1.1.0", user in ACKS[stream]
            yield user, "PUB", f"$JS.ACK.{stream}.{OTHER}.1.1.1.1.0", user in ACKS[stream] and user != AGENT
        yield user, "PUB", "$JS.API.STREAM.NAMES", False
        yield user, "PUB", "$JS.API.STREAM.LIST", False


def inbox_cases():
    for user in USERS:
        for other in [*USERS, OTHER]:
            yield user, "SUB", f"_INBOX.{other}.>", user == other
        yield user, "SUB", "_INBOX.>", False
        yield user, "PUB", f"_INBOX.{OTHER}.x", False


def undocumented(asyncapi):
    """Addresses that proto/asyncapi.yaml and the table do not share."""
    documented = set(re.findall(r"^    address: (\S+)$", asyncapi.read_text(), re.M))
    return sorted(documented ^ CHANNELS.keys())


def password_of(user):
    return f"pass-{'agent' if user == AGENT else user}"


class Client:
    def __init__(self, port, user, password):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.file = self.socket.makefile("rb")
        self.file.readline()  # INFO
        hello = {"user": user, "pass": password, "verbose": False, "pedantic": False}
        self.socket.sendall(f"CONNECT {json.dumps(hello)}\r\n".encode())

    def errors_after(self, command):
        """What the server says until it answers our PING; also that it has closed the connection."""
        errors = []
        while True:
            try:
                if command is not None:
                    self.socket.sendall(command.encode() + b"PING\r\n")
                    command = None
                line = self.file.readline()
            except (ConnectionResetError, BrokenPipeError):  # closed before it had read our PING
                line = b""
            if line.startswith(b"PONG"):
                return errors
            if not line:
                return [*errors, "closed"]
            if line.startswith(b"-ERR"):
                errors.append(line.decode().strip())

    def close(self):
        self.file.close()
        self.socket.close()


def start(conf, scratch):
    """On a free port, with its store below scratch; otherwise as deployed."""
    text = conf.read_text()
    text, n = re.subn(r"^listen: \S+", "listen: 127.0.0.1:-1", text, flags=re.M)
    text, m = re.subn(r'store_dir: "[^"]*"', f'store_dir: "{scratch}/store"', text)
    if (n, m) != (1, 1):
        raise SystemExit(f"{conf}: listen and store_dir are wanted, once each")
    copy = scratch / "nats.conf"
    copy.write_text(text)
    environment = {"PATH": os.environ["PATH"], "HOME": str(scratch)}
    environment |= {f"NATS_{role.upper()}_PASSWORD": f"pass-{role}" for role in ROLES}
    log = open(scratch / "nats.log", "wb")
    server = subprocess.Popen(["nats-server", "-c", copy, "--ports_file_dir", scratch], env=environment, stdout=log, stderr=log)
    ports = scratch / f"nats-server_{server.pid}.ports"
    deadline = time.monotonic() + 30
    while True:
        try:
            address = json.loads(ports.read_text())["nats"][0]
            return server, int(address.rsplit(":", 1)[1])
        except (OSError, ValueError):
            pass  # not written yet, or half
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            raise SystemExit("nats-server did not start:\n" + (scratch / "nats.log").read_text())
        time.sleep(0.05)


def tried(port, user, cases):
    """Faults of one user's cases, over one connection: a refusal does not close it."""
    client = Client(port, user, password_of(user))
    for verb, subject, allowed in cases:
        errors = client.errors_after(f"PUB {subject} 2\r\n{{}}\r\n" if verb == "PUB" else f"SUB {subject} 1\r\nUNSUB 1\r\n")
        refused = [error for error in errors if "Permissions Violation" in error]
        if len(refused) != len(errors):
            yield f"{user}: {errors}"
        elif allowed == bool(refused):
            yield f"{user} {verb} {subject}: {'must' if allowed else 'must not'} be allowed"
    client.close()


def main(conf, asyncapi, scratch):
    scratch = pathlib.Path(scratch)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    faults = [f"{address}: in one of asyncapi.yaml and nats_permissions.py only" for address in undocumented(pathlib.Path(asyncapi))]
    cases = [*channel_cases(), *jetstream_cases(), *inbox_cases()]
    server, port = start(pathlib.Path(conf), scratch.resolve())
    try:
        for user, password in (("dispatcher", "wrong"), ("nobody", "pass-agent"), (AGENT, "pass-gateway")):
            client = Client(port, user, password)
            if "closed" not in client.errors_after(""):
                faults.append(f"{user} gets in with a wrong password")
            client.close()
        for user in USERS:
            faults += tried(port, user, [case[1:] for case in cases if case[0] == user])
    finally:
        server.terminate()
        server.wait(timeout=30)
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(cases)} permissions, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
