"""A minimal NATS client for tests: it can send any subject and any reply subject that the server permits."""
import json
import socket

CRLF = b"\r\n"


class Message:
    def __init__(self, subject, reply, body):
        self.subject, self.reply, self.body = subject, reply, body


class Client:
    def __init__(self, port, user=None, password=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=300)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.file.readline()  # INFO
        self.messages, self.errors, self.closed = [], [], False
        self.subscriptions, self.requests = 0, 0
        hello = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True}
        if user is not None:
            hello |= {"user": user, "pass": password}
        self.send(b"CONNECT " + json.dumps(hello).encode() + CRLF)
        self.flush()  # as every client waits: an account's mappings count from the next read on

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (ConnectionResetError, BrokenPipeError):
            self.closed = True

    def publish(self, subject, body=b"{}", reply="", headers=None):
        if headers is None:
            self.send(f"PUB {subject} {reply} {len(body)}\r\n".encode() + body + CRLF)
            return
        head = b"NATS/1.0\r\n" + b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items()) + CRLF
        self.send(f"HPUB {subject} {reply} {len(head)} {len(head) + len(body)}\r\n".encode() + head + body + CRLF)

    def subscribe(self, subject):
        self.subscriptions += 1
        self.send(f"SUB {subject} {self.subscriptions}\r\n".encode())
        return self.subscriptions

    def unsubscribe(self, number):
        self.send(f"UNSUB {number}\r\n".encode())

    def flush(self):
        """Reads until the server answers our PING, or closes the connection."""
        self.send(b"PING\r\n")
        while not self.closed and self.read() != b"PONG":
            pass

    def read(self):
        """Reads one protocol line of the server; stores a message."""
        try:
            line = self.file.readline()
        except ConnectionResetError:
            line = b""
        if not line:
            self.closed = True
            return b""
        words = line.split()
        if words[0] in (b"MSG", b"HMSG"):
            sizes = 1 if words[0] == b"MSG" else 2
            body = self.file.read(int(words[-1]) + 2)[:-2]
            if sizes == 2:
                body = body[int(words[-2]):] or body  # without the headers; of a status message, the headers
            reply = words[3].decode() if len(words) == 4 + sizes else ""
            self.messages.append(Message(words[1].decode(), reply, body))
        elif words[0] == b"-ERR":
            self.errors.append(line.decode().strip())
        elif words[0] == b"PING":
            self.send(b"PONG\r\n")
        return words[0]

    def take(self):
        """Messages since the last call, including those in flight to this client now."""
        self.flush()
        taken, self.messages = self.messages, []
        return taken

    def wait(self, wanted):
        """The first message that satisfies `wanted`. The others remain for take(). Raises socket.timeout after 300 s."""
        seen = 0
        while not self.closed:
            for message in self.messages[seen:]:
                if wanted(message):
                    self.messages.remove(message)
                    return message
            seen = len(self.messages)
            self.read()
        raise ConnectionError(f"closed by the server: {self.errors}")

    def request(self, subject, body=b"", inbox="_INBOX"):
        """Sends a request and returns the answer's body."""
        self.requests += 1
        reply = f"{inbox}.{id(self)}.{self.requests}"
        number = self.subscribe(reply)
        self.publish(subject, body, reply)
        answer = self.wait(lambda message: message.subject == reply)
        self.unsubscribe(number)
        return answer.body

    def close(self):
        self.file.close()
        self.socket.close()
