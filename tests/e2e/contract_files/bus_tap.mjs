// Records all messages on a NATS server, and sends requests to it: a client of the plain protocol.

import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';

const headersOf = (text) =>
    Object.fromEntries(
        text.split('\r\n').slice(1).filter(Boolean).map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
    );

export class BusTap {
    #socket;
    #rest = Buffer.alloc(0);
    #waiting = new Map();
    messages = [];

    static async open(url) {
        const { hostname, port } = new URL(url);
        const tap = new BusTap();
        tap.#socket = connect(Number(port), hostname);
        await new Promise((done, failed) => {
            tap.#socket.once('connect', done);
            tap.#socket.once('error', failed);
        });
        tap.#socket.on('data', (chunk) => tap.#take(chunk));
        tap.#socket.write('CONNECT {"verbose":false,"pedantic":false,"headers":true}\r\nSUB > 1\r\n');
        await tap.#ping();
        return tap;
    }

    async #ping() {
        return new Promise((done) => {
            this.#waiting.set('PONG', done);
            this.#socket.write('PING\r\n');
        });
    }

    #take(chunk) {
        this.#rest = Buffer.concat([this.#rest, chunk]);
        for (;;) {
            const end = this.#rest.indexOf('\r\n');
            if (end < 0) {
                return;
            }
            const [verb, ...words] = this.#rest.subarray(0, end).toString().split(' ');
            if (verb === 'MSG' || verb === 'HMSG') {
                const total = Number(words.at(-1));
                const headerBytes = verb === 'HMSG' ? Number(words.at(-2)) : 0;
                const from = end + 2;
                if (this.#rest.length < from + total + 2) {
                    return;
                }
                const headers = headersOf(this.#rest.subarray(from, from + headerBytes).toString());
                this.#note(words[0], headers, this.#rest.subarray(from + headerBytes, from + total).toString());
                this.#rest = this.#rest.subarray(from + total + 2);
                continue;
            }
            this.#rest = this.#rest.subarray(end + 2);
            if (verb === 'PING') {
                this.#socket.write('PONG\r\n');
            } else if (verb === 'PONG') {
                this.#waiting.get('PONG')?.();
            } else if (verb === '-ERR') {
                throw new Error(`NATS: ${words.join(' ')}`);
            }
        }
    }

    #note(subject, headers, body) {
        const waiting = this.#waiting.get(subject);
        if (waiting !== undefined) {
            this.#waiting.delete(subject);
            waiting(body);
        } else if (!/^(\$|_INBOX\.)/.test(subject)) {
            this.messages.push({ subject, headers, body });
        }
    }

    async request(subject, body) {
        const reply = `_INBOX.tap.${randomUUID()}`;
        return new Promise((done) => {
            this.#waiting.set(reply, done);
            this.#socket.write(`PUB ${subject} ${reply} ${Buffer.byteLength(body)}\r\n${body}\r\n`);
        });
    }

    close() {
        this.#socket.destroy();
    }
}
