"""Roles on the bus: required permissions of each role, and all subjects for the attempts of attackers."""
import re

AGENT = "0x90f79bf6eb2c4f870365e785982e1f101e93b906"
OTHER = "0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc"
JOB = "0x" + "ab" * 32
ROLES = ["registry", "dispatcher", "gateway", "feed"]
ACCOUNTS = ["LAMDA", "REGISTRY", "GATEWAY", "FEED"]
STREAMS = {"JOBS": "jobs.dispatch.*", "RETRACT": "jobs.retract.*", "STATUS": "jobs.status.*", "LOGS": "jobs.logs.*.*", "EVENTS": "events.>"}
QUEUES = ("JOBS", "RETRACT")

# Address in proto/asyncapi.yaml → publishers, receivers. A JetStream consumer receives on its own inbox.
CHANNELS = {
    "jobs.dispatch.{provider}": ("dispatcher", set()),
    "jobs.retract.{provider}": ("dispatcher", set()),
    "jobs.status.{provider}": (AGENT, set()),
    "jobs.applied.{provider}": ("dispatcher", {AGENT}),
    "nodes.heartbeat.{provider}": (AGENT, {"registry", "dispatcher", AGENT}),
    "jobs.logs.{provider}.{jobId}": (AGENT, set()),
    "events.job.{jobId}": ("dispatcher", {"feed"}),
    "events.node.{provider}": ("registry", {"feed"}),
    "events.global": ("registry", {"feed"}),
    "jobs.command": ("gateway", {"dispatcher"}),
    "nodes.query": ("feed", {"registry"}),
    "nodes.credentials": ("gateway", {"registry"}),
    "jobs.query": ("feed", {"dispatcher"}),
}

# Attacker → account → subjects on which its messages may arrive there. Answers use `_R_.`, the server's
# subjects for answers to another account.
PULL = [f"$JS.API.CONSUMER.{verb}.{queue}.{AGENT}" for verb in ("INFO", "MSG.NEXT") for queue in QUEUES]
PULL += [f"$JS.ACK.{queue}.{AGENT}.>" for queue in QUEUES]
MAY_REACH = {
    AGENT: {"LAMDA": [f"jobs.status.{AGENT}", f"jobs.logs.{AGENT}.*", f"nodes.heartbeat.{AGENT}", *PULL], "REGISTRY": [f"nodes.heartbeat.{AGENT}"]},
    "gateway": {"LAMDA": ["jobs.command"], "REGISTRY": ["nodes.credentials"]},
    "feed": {"LAMDA": ["jobs.query", "$JS.API.STREAM.INFO.EVENTS", "$JS.API.STREAM.MSG.GET.EVENTS"], "REGISTRY": ["nodes.query"]},
    "registry": {"LAMDA": ["events.node.*", "events.global"], "FEED": ["events.node.*", "events.global"]},
}
HOME = {AGENT: AGENT, "gateway": "GATEWAY", "feed": "FEED", "registry": "REGISTRY"}
MAY_FILL = {AGENT: [f"jobs.status.{AGENT}", f"jobs.logs.{AGENT}.*"], "registry": ["events.node.*", "events.global"]}

STREAM_VERBS = ["CREATE", "UPDATE", "INFO", "DELETE", "PURGE", "SNAPSHOT", "RESTORE", "MSG.GET", "MSG.DELETE", "LEADER.STEPDOWN", "PEER.REMOVE"]
CONSUMER_VERBS = ["CREATE", "DURABLE.CREATE", "INFO", "DELETE", "MSG.NEXT"]
# JetStream requests of the dispatcher; all others of the lists above are denied to it, too.
OWNER = {f"STREAM.{verb}.{stream}" for verb in ("CREATE", "UPDATE") for stream in STREAMS}
OWNER |= {f"STREAM.{verb}.{stream}" for verb in ("INFO", "MSG.GET", "PURGE") for stream in STREAMS}
OWNER |= {f"CONSUMER.{verb}.{stream}" for verb in ("CREATE", "DURABLE.CREATE", "INFO", "LIST", "DELETE") for stream in ("JOBS", "RETRACT", "STATUS", "LOGS")}
OWNER |= {"CONSUMER.MSG.NEXT.STATUS", "CONSUMER.MSG.NEXT.LOGS", "STREAM.NAMES", "CONSUMER.NAMES.JOBS", "CONSUMER.NAMES.RETRACT"}


def documented_subjects():
    return sorted({address.format(provider=provider, jobId=JOB) for address in CHANNELS for provider in (AGENT, OTHER)})


def jetstream_subjects():
    for stream in STREAMS:
        yield from (f"$JS.API.STREAM.{verb}.{stream}" for verb in STREAM_VERBS)
        yield from (f"$JS.API.CONSUMER.{verb}.{stream}" for verb in ("NAMES", "LIST"))
        for durable in (AGENT, OTHER):
            yield from (f"$JS.API.CONSUMER.{verb}.{stream}.{durable}" for verb in CONSUMER_VERBS)
            yield f"$JS.ACK.{stream}.{durable}.1.1.1.1.0"
            yield f"$JS.FC.{stream}.{durable}.1"
            yield f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{stream}.{durable}"
    yield from ("$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.LIST", "$JS.API.STREAM.CREATE.MINE", "$JS.API.DIRECT.GET.JOBS")
    # Requests of the system's operator; server 2.9 handles them in every account.
    yield from ("$JS.API.ACCOUNT.PURGE.LAMDA", "$JS.API.ACCOUNT.STREAM.MOVE.LAMDA.JOBS", "$JS.API.SERVER.REMOVE", "$JS.API.META.LEADER.STEPDOWN")


def other_subjects():
    for user in (*ROLES, AGENT, OTHER):
        yield f"_INBOX.{user}.1"
    yield from ("_INBOX.1", "_R_.a.b", "_GR_.a.b.c", "lamda.info", "lamda.get", "lamda.info.JOBS", "lamda.info.RETRACT")
    yield from ("$SYS.REQ.SERVER.PING", "$SYS.REQ.ACCOUNT.LAMDA.CONNZ", "$SYS.ACCOUNT.LAMDA.CONNECT", "$SYS.REQ.USER.INFO")


def subjects():
    return [*documented_subjects(), *jetstream_subjects(), *other_subjects()]


def matches(pattern, subject):
    parts = [re.escape(part).replace(r"\*", r"[^.]+").replace(">", ".+") for part in pattern.split(".")]
    return re.fullmatch(r"\.".join(parts), subject) is not None


def undocumented(asyncapi):
    """Addresses in only one of proto/asyncapi.yaml and the table."""
    return sorted(set(re.findall(r"^    address: (\S+)$", asyncapi.read_text(), re.M)) ^ CHANNELS.keys())
