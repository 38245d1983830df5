// A content store that runs during a test file, started on import, and a client of it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

export const program = fileURLToPath(new URL('../../tools/devnet/content-store.mjs', import.meta.url));
export const vectors = JSON.parse(readFileSync(new URL('../data/cid_vectors.json', import.meta.url), 'utf8'));
export const helloCid = 'bafkreigwugueqefro4k2mljnaebmjqt3wmk3bh6t3g7y3yi4tsh3z56pku';
export const absentCid = 'bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4';
export const maxUploadBytes = 64 * 1024 * 1024;

/** The store that requests go to, and its folder; set before the first test. */
export const own = { dir: undefined, store: undefined };

/** Starts a content store on a free port; rejects if it exits before it is ready. */
export async function start(dir, args = []) {
    const child = spawn(process.execPath, [program, '--dir', dir, '--port', '0', ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
        stderr += text;
    });
    const exited = new Promise((done) => child.once('exit', done));
    const line = await Promise.race([
        new Promise((done) => createInterface(child.stdout).once('line', done)),
        exited.then((code) => assert.fail(`exited with ${code}: ${stderr}`)),
    ]);
    const { port } = JSON.parse(line);
    return {
        port,
        base: `http://127.0.0.1:${port}`,
        stderr: () => stderr,
        stop: async () => {
            child.kill();
            return exited;
        },
    };
}

before(async () => {
    own.dir = await mkdtemp(join(tmpdir(), 'lamda-content-store-'));
    own.store = await start(own.dir, ['--max-upload-bytes', String(maxUploadBytes)]);
});

after(async () => {
    const code = await own.store.stop();
    await rm(own.dir, { recursive: true });
    assert.equal(code, 0);
    assert.equal(own.store.stderr(), '', 'input of a client causes no server error');
});

export function pattern(size) {
    const bytes = Buffer.alloc(size);
    for (let i = 0; i < size; i += 1) {
        bytes[i] = (i * 31 + (i >> 8) * 17 + (i >> 16) * 7) & 255;
    }
    return bytes;
}

/** A multipart body as kubo's client creates it: with percent-encoded paths. */
export function multipart(entries) {
    const boundary = 'lamda-7b1f0a';
    const pieces = [];
    for (const { path, directory, content, type } of entries) {
        const name = path === undefined ? '' : `; filename="${encodeURIComponent(path)}"`;
        const contentType = type ?? (directory ? 'application/x-directory' : 'application/octet-stream');
        pieces.push(
            `--${boundary}\r\nContent-Disposition: form-data; name="file"${name}\r\nContent-Type: ${contentType}\r\n\r\n`,
            content ?? '',
            '\r\n',
        );
    }
    pieces.push(`--${boundary}--\r\n`);
    return {
        body: Buffer.concat(pieces.map((piece) => Buffer.from(piece))),
        headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` },
    };
}

// A new connection for each request: the server may close a persistent one while this process creates a large
// file, and fetch does not send a POST again.
export const post = (path, { headers = {}, ...upload } = {}) =>
    fetch(`${own.store.base}/api/v0/${path}`, { method: 'POST', headers: { ...headers, Connection: 'close' }, ...upload });
export const get = (path, options) => fetch(`${own.store.base}${path}`, options);

export async function add(entries, query = '') {
    const response = await post(`add?cid-version=1${query}`, multipart(entries));
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return text.trimEnd().split('\n').map((line) => JSON.parse(line));
}

export async function putBlock(codec, content) {
    const response = await post(`block/put?cid-codec=${codec}`, multipart([{ path: 'block', content }]));
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return text.trimEnd().split('\n').map((line) => JSON.parse(line));
}

/** Requires an error answer of kubo's form. */
export async function refused(response, status, message) {
    const text = await response.text();
    assert.equal(response.status, status, text);
    const body = JSON.parse(text);
    assert.deepEqual({ Code: body.Code, Type: body.Type }, { Code: 0, Type: 'error' });
    assert.match(body.Message, message);
}

/** The server's answer to bytes that are not HTTP. */
export function rawRequest(bytes) {
    return new Promise((done, failed) => {
        const socket = connect(own.store.port, '127.0.0.1', () => socket.write(bytes));
        const chunks = [];
        socket.on('data', (chunk) => chunks.push(chunk));
        socket.on('error', failed);
        socket.on('close', () => done(Buffer.concat(chunks).toString()));
    });
}

export const storedBlocks = async () =>
    (await readdir(join(own.dir, 'blocks'), { recursive: true }).catch(() => [])).length;
