#!/usr/bin/env python3
"""deploy/nats/nats.conf under a real nats-server: it starts, and a role can do what it must and nothing else.

Usage: nats_permissions.py <nats.conf> <scratch folder>
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
ROLES = ["registry", "dispatcher", "reputation", "gateway", "agent"]

# (user, verb, subject, allowed)
CASES = [
    (AGENT, "PUB", f"jobs.status.{AGENT}", True),
    (AGENT, "PUB", f"jobs.logs.{AGENT}.{JOB}", True),
    (AGENT, "PUB", f"nodes.heartbeat.{AGENT}", True),
    (AGENT, "PUB", f"$JS.API.CONSUMER.MSG.NEXT.JOBS.{AGENT}", True),
    (AGENT, "PUB", f"jobs.status.{OTHER}", False),
    (AGENT, "PUB", f"nodes.heartbeat.{OTHER}", False),
    (AGENT, "PUB", f"jobs.dispatch.{AGENT}", False),
    (AGENT, "PUB", f"$JS.API.CONSUMER.MSG.NEXT.JOBS.{OTHER}", False),
    (AGENT, "PUB", "$JS.API.STREAM.DELETE.JOBS", False),
    (AGENT, "PUB", f"$JS.API.CONSUMER.DELETE.JOBS.{OTHER}", False),
    (AGENT, "PUB", "$JS.API.STREAM.MSG.GET.JOBS", False),
    (AGENT, "PUB", "jobs.command", False),
    (AGENT, "SUB", f"jobs.dispatch.{OTHER}", False),
    (AGENT, "SUB", "jobs.>", False),
    (AGENT, "SUB", f"_INBOX.{AGENT}.>", True),
    (AGENT, "SUB", f"nodes.heartbeat.{AGENT}", True),
    (AGENT, "SUB", f"nodes.heartbeat.{OTHER}", False),
    (AGENT, "SUB", "nodes.heartbeat.*", False),
    (AGENT, "SUB", f"_INBOX.{OTHER}.>", False),
    (AGENT, "SUB", "_INBOX.gateway.>", False),
    (AGENT, "SUB", "_INBOX.>", False),
    ("gateway", "SUB", "_INBOX.dispatcher.>", False),
    ("dispatcher", "PUB", f"jobs.dispatch.{AGENT}", True),
    ("dispatcher", "PUB", "$JS.API.STREAM.CREATE.JOBS", True),
    ("dispatcher", "SUB", "jobs.command", True),
    ("dispatcher", "PUB", f"jobs.status.{AGENT}", False),
    ("registry", "SUB", "nodes.heartbeat.*", True),
    ("registry", "SUB", "nodes.query", True),
    ("registry", "PUB", f"jobs.dispatch.{AGENT}", False),
    ("registry", "PUB", f"events.node.{AGENT}", True),
    ("registry", "PUB", "events.global", True),
    ("registry", "PUB", f"events.job.{JOB}", False),
    ("dispatcher", "PUB", f"events.job.{JOB}", True),
    ("dispatcher", "PUB", f"events.node.{AGENT}", False),
    ("gateway", "PUB", "events.global", False),
    (AGENT, "PUB", f"events.node.{AGENT}", False),
    ("gateway", "PUB", "jobs.command", True),
    ("gateway", "PUB", f"jobs.dispatch.{AGENT}", False),
    ("gateway", "PUB", "$JS.API.STREAM.DELETE.EVENTS", False),
    ("registry", "PUB", "$JS.API.STREAM.CREATE.EVENTS", True),
    ("registry", "PUB", "$JS.API.STREAM.DELETE.EVENTS", False),
    ("registry", "PUB", "$JS.API.STREAM.CREATE.JOBS", False),
    ("reputation", "PUB", "events.global", True),
    ("reputation", "PUB", "$JS.API.STREAM.PURGE.EVENTS", False),
    ("reputation", "PUB", "jobs.command", False),
]


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


def main(conf, scratch):
    scratch = pathlib.Path(scratch)
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    server, port = start(pathlib.Path(conf), scratch.resolve())
    faults = []
    try:
        for user, password in (("dispatcher", "wrong"), ("nobody", "pass-agent"), (AGENT, "pass-gateway")):
            client = Client(port, user, password)
            if "closed" not in client.errors_after(""):
                faults.append(f"{user} gets in with a wrong password")
            client.close()
        for user, verb, subject, allowed in CASES:
            client = Client(port, user, password_of(user))
            errors = client.errors_after(f"PUB {subject} 2\r\n{{}}\r\n" if verb == "PUB" else f"SUB {subject} 1\r\n")
            client.close()
            refused = [error for error in errors if "Permissions Violation" in error]
            if len(refused) != len(errors):
                faults.append(f"{user}: {errors}")
            elif allowed == bool(refused):
                faults.append(f"{user} {verb} {subject}: {'must' if allowed else 'must not'} be allowed")
    finally:
        server.terminate()
        server.wait(timeout=30)
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(CASES)} permissions, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
