// HTTP clients of the fuzzer: requests that node:http can send, and bytes on a socket.

import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';

const timeout = 30_000 * Number(process.env.LAMDA_TEST_PATIENCE ?? 1);
/** A followed log goes on until its job ends, a live feed without end: this many bytes of it, or what came in this time, are enough. */
const endlessTypes = new Set(['application/x-ndjson', 'text/event-stream']);
const followed = { bytes: 20_000, milliseconds: 200 };

const tries503 = 5;

export class Client {
    #agent = new Agent({ keepAlive: true, maxSockets: 16 });
    #host;
    #port;

    constructor(port, host = '127.0.0.1') {
        this.#host = host;
        this.#port = port;
    }

    close() {
        this.#agent.destroy();
    }

    /** @return `{status, headers, body, messages (of a WebSocket), cut, noBody}`; rejects if the gateway does not answer */
    async send(request) {
        // On a busy machine a part may be away for a moment: the answer says when to come again. One that stays away is a fault.
        for (let tries = 1; ; ++tries) {
            const answer = await this.#sendOnce(request);
            if (answer.status !== 503 || tries === tries503) {
                return answer;
            }
            await new Promise((resolve) => setTimeout(resolve, 1000 * Number(answer.headers['retry-after'] ?? 1)));
        }
    }

    #sendOnce(request, agent = this.#agent) {
        const { method, target, headers = {}, body } = request;
        return new Promise((resolve, reject) => {
            const sent = httpRequest({
                host: this.#host, port: this.#port, method, path: target, agent, timeout,
                headers: { ...headers, ...(body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }) },
            }, (answer) => {
                const parts = [];
                let size = 0;
                const done = (cut) => resolve({
                    status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts).toString('utf8'), cut, noBody: method === 'HEAD',
                });
                const endless = endlessTypes.has(answer.headers['content-type']);
                const stop = () => {
                    answer.destroy();
                    done(true);
                };
                const timer = endless ? setTimeout(stop, followed.milliseconds) : undefined;
                answer.on('data', (part) => {
                    parts.push(part);
                    size += part.length;
                    if (endless && size > followed.bytes) {
                        stop();
                    }
                });
                answer.on('end', () => {
                    clearTimeout(timer);
                    done(false);
                });
                answer.on('error', reject);
            });
            sent.on('upgrade', (answer, socket, first) => {
                let received = first;
                socket.on('data', (part) => { received = Buffer.concat([received, part]); });
                socket.on('error', reject);
                setTimeout(() => {
                    socket.destroy();
                    resolve({ status: answer.statusCode, headers: answer.headers, body: '', messages: textsOf(received), cut: true, noBody: true });
                }, followed.milliseconds);
            });
            sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeout / 1000} s`)));
            sent.on('error', (error) => {
                // The gateway may close an idle connection while the client sends on it (RFC 9112, section 9.5): a new one decides.
                const wasIdle = sent.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(error.code);
                wasIdle ? resolve(this.#sendOnce(request, new Agent())) : reject(error);
            });
            sent.end(body);
        });
    }
}

/** Texts of the whole frames that a server sent: unmasked, in one piece (RFC 6455, section 5.2). */
function textsOf(bytes) {
    const texts = [];
    for (let at = 0; at + 2 <= bytes.length;) {
        const short = bytes[at + 1] & 127;
        const head = { 126: 4, 127: 10 }[short] ?? 2;
        if (at + head > bytes.length) {
            break;
        }
        const length = short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short;
        if (bytes[at] === 0x81 && at + head + length <= bytes.length) {
            texts.push(bytes.subarray(at + head, at + head + length).toString('utf8'));
        }
        at += head + length;
    }
    return texts;
}

/**
 * Sends bytes and reads until the gateway closes, or has sent a complete answer.
 *
 * @return `{status, headers, body}`; `{closed: true}` if the connection ended without an answer
 */
export function sendBytes(port, bytes, host = '127.0.0.1') {
    return new Promise((resolve, reject) => {
        const socket = connect({ port, host });
        let received = Buffer.alloc(0);
        const timer = setTimeout(() => {
            socket.destroy();
            reject(new Error(`neither answered nor closed within ${timeout / 1000} s`));
        }, timeout);
        const finish = (value) => {
            clearTimeout(timer);
            socket.destroy();
            resolve(value);
        };
        socket.on('connect', () => socket.write(bytes));
        socket.on('data', (part) => {
            received = Buffer.concat([received, part]);
            const answer = parsedAnswer(received);
            if (answer !== undefined) {
                finish(answer);
            }
        });
        socket.on('close', () => finish(parsedAnswer(received, true) ?? { closed: true }));
        // A refused request may be reset while it is still sent: what arrived before counts.
        socket.on('error', (error) => {
            if (error.code === 'ECONNREFUSED') {
                reject(error);
            }
        });
    });
}

function parsedAnswer(bytes, ended = false) {
    const head = bytes.indexOf('\r\n\r\n');
    if (head < 0) {
        return undefined;
    }
    const [line, ...fields] = bytes.subarray(0, head).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(fields.map((field) => [field.slice(0, field.indexOf(':')).toLowerCase(), field.slice(field.indexOf(':') + 1).trim()]));
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(`${line} `)?.[1] ?? NaN);
    const body = bytes.subarray(head + 4);
    const length = Number(headers['content-length'] ?? 0);
    if (body.length < length && !ended) {
        return undefined;
    }
    return { status, headers, body: body.subarray(0, length).toString('utf8') };
}
