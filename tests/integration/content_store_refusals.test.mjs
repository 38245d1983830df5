// The content store of the local network: wrong requests, malformed uploads, damage and mistakes in arguments.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
    absentCid,
    add,
    get,
    helloCid,
    maxUploadBytes,
    multipart,
    own,
    post,
    program,
    putBlock,
    rawRequest,
    refused,
    start,
} from './content_store_client.mjs';

test('bad blocks are refused', async () => {
    const put = (query, content) => post(`block/put?${query}`, multipart([{ path: 'b', content }]));
    await refused(await put('cid-codec=dag-pb', 'not dag-pb'), 400, /not dag-pb/);
    await refused(await put('cid-codec=git-raw', 'x'), 400, /cid-codec/);
    await refused(await put('mhtype=sha3-256', 'x'), 400, /mhtype/);
    await refused(await put('', Buffer.alloc(1024 * 1024 + 1)), 413, /larger/);
});

test('malformed requests are answered with 400', async () => {
    await add([{ path: 'hello.txt', content: 'hello lamda\n' }]);
    await refused(await post('cat'), 400, /argument/);
    await refused(await post('cat?arg='), 400, /argument/);
    await refused(await post('cat?arg=nonsense'), 400, /not a CID/);
    await refused(await post(`cat?arg=${helloCid}&offset=-1`), 400, /offset/);
    await refused(await get('/ipfs/nonsense'), 400, /not a CID/);
    await refused(await get('/ipfs/%E0%A4%A'), 400, /encoded/);
    await refused(await get(`/ipfs/${helloCid}?format=zip`), 400, /format/);
    await refused(await post(`block/get?arg=${helloCid}/a`), 400, /CID alone/);
    const [{ Hash }] = (await add([{ path: 'd/x', content: '1' }])).slice(-1);
    await refused(await post(`cat?arg=${Hash}`), 400, /is a directory/);
    // A dag-pb node without data, which is not UnixFS.
    const [{ Key }] = await putBlock('dag-pb', '');
    await refused(await get(`/ipfs/${Key}`), 400, /UnixFS/);
    // An unsupported hash function.
    await refused(await post('block/get?arg=bafkrgqbb2xjrzjsqvrz6zyx3kj6ztwvq4pgnm'), 400, /CID|sha2-256/);
});

test('unknown content is answered with 404', async () => {
    await refused(await post(`cat?arg=${absentCid}`), 404, /could not find/);
    await refused(await post(`block/get?arg=${absentCid}`), 404, /could not find/);
    await refused(await get(`/ipfs/${absentCid}?format=raw`), 404, /could not find/);
    await refused(await get(`/ipfs/${absentCid}?format=car`), 404, /could not find/);
    const [{ Hash }] = (await add([{ path: 'd/x', content: '1' }])).slice(-1);
    await refused(await get(`/ipfs/${Hash}/y`), 404, /no link named "y"/);
    await refused(await get(`/ipfs/${Hash}/x/y`), 404, /not a directory/);
    await refused(await post('pin/ls'), 404, /not served/);
    await refused(await get('/'), 404, /not served/);
    await refused(await get('//'), 404, /not served/);
});

test('methods and web pages', async () => {
    await refused(await get('/api/v0/version'), 405, /POST/);
    await refused(await get(`/ipfs/${helloCid}`, { method: 'PUT', body: 'x' }), 405, /GET/);
    await refused(await post('add', { ...multipart([]), headers: { Origin: 'http://example.org' } }), 403, /web pages/);
});

test('options that would change the CID are refused, not ignored', async () => {
    for (const option of ['chunker=size-1024', 'hash=blake3', 'trickle=true', 'inline=true', 'cid-version=2', 'pin-x=1&raw-leaves=maybe']) {
        await refused(await post(`add?${option}`, multipart([{ path: 'f', content: 'x' }])), 400, /option/);
    }
});

test('paths that lead out of the folder, collide or are links are refused', async () => {
    const file = (path) => ({ path, content: 'x' });
    const adding = (...entries) => post('add', multipart(entries));
    await refused(await adding(file('../etc/passwd')), 400, /not allowed/);
    await refused(await adding(file('a/../../b')), 400, /not allowed/);
    await refused(await adding(file('a\0b')), 400, /not allowed/);
    await refused(await adding(file('a'), file('a')), 400, /twice/);
    await refused(await adding(file('a'), file('a/b')), 400, /file and a directory|twice/);
    await refused(await adding(file('a'), { path: 'a', directory: true }), 400, /twice/);
    await refused(await adding({ path: 'a', directory: true, content: 'x' }), 400, /has content/);
    await refused(await adding({ path: 'l', content: '/etc/passwd', type: 'application/symlink' }), 400, /symbolic/);
    await refused(await adding({ directory: true }), 400, /needs a name/);
});

test('malformed uploads are refused', async () => {
    const send = (body, contentType = 'multipart/form-data; boundary=B') =>
        post('add', { body, headers: { 'Content-Type': contentType } });
    const head = 'Content-Disposition: form-data; name="file"; filename="f"\r\n\r\n';
    await refused(await send('x', 'text/plain'), 400, /multipart/);
    await refused(await send('x', 'multipart/form-data'), 400, /boundary/);
    await refused(await send(''), 400, /unexpected end/);
    await refused(await send('no boundary at all'), 400, /unexpected end/);
    await refused(await send(`--B\r\n${head}content without an end`), 400, /unexpected end/);
    await refused(await send(`--B\r\n${head}x\r\n--B`), 400, /unexpected end/);
    await refused(await send('--B\r\nno colon\r\n\r\nx\r\n--B--'), 400, /malformed/);
    await refused(await send(`--Bx\r\n${head}x\r\n--B--`), 400, /boundary/);
    await refused(await send(`--B\r\nX: ${'y'.repeat(20000)}\r\n\r\nx\r\n--B--`), 400, /too long/);
    await refused(await send(Buffer.from('--B\r\nX: \xff\r\n\r\nx\r\n--B--', 'latin1')), 400, /UTF-8/);
    await refused(await send('--B\r\nContent-Transfer-Encoding: base64\r\n\r\neA==\r\n--B--'), 400, /encoding/);
    await refused(await send('--B--'), 400, /required/);
    await refused(await post('add'), 400, /multipart/);
});

test('an upload over the limit is refused and does not affect the server', async () => {
    const content = Buffer.alloc(maxUploadBytes + 1);
    await refused(await post('add?only-hash=true', multipart([{ path: 'f', content }])), 413, /larger than 67108864/);
    assert.equal((await post('version')).status, 200);
});

test('broken connections and bytes that are no HTTP do not affect the server', async () => {
    assert.match(await rawRequest('nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /);
    assert.match(await rawRequest('GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n'), /^HTTP\/1\.1 400 /);
    assert.match(
        await rawRequest('POST http://[ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
        /^HTTP\/1\.1 40[04] /,
    );
    await new Promise((done) => {
        const socket = connect(own.store.port, '127.0.0.1', () => {
            socket.write(
                'POST /api/v0/add HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=B\r\n' +
                    'Content-Length: 1000\r\n\r\n--B\r\n\r\npart of a file',
                () => socket.destroy(),
            );
        });
        socket.on('close', done);
    });
    assert.equal((await post('version')).status, 200);
});

test('a damaged block is never served', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lamda-content-store-'));
    const damaged = await start(folder);
    try {
        const upload = multipart([{ path: 'f', content: 'soon to be damaged' }]);
        const added = await (await fetch(`${damaged.base}/api/v0/add`, { method: 'POST', ...upload })).json();
        const [shard] = await readdir(join(folder, 'blocks'));
        const [name] = await readdir(join(folder, 'blocks', shard));
        await writeFile(join(folder, 'blocks', shard, name), 'damaged');
        await refused(await fetch(`${damaged.base}/ipfs/${added.Hash}`), 500, /internal error/);
        assert.match(damaged.stderr(), /is damaged/);
    } finally {
        await damaged.stop();
        await rm(folder, { recursive: true });
    }
});

test('all faults of the command line are reported at once', async () => {
    const child = spawn(process.execPath, [program, '--port', '99999999'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
        stderr += text;
    });
    assert.equal(await new Promise((done) => child.once('close', done)), 78);
    assert.match(stderr, /--dir is required/);
    assert.match(stderr, /--port must be/);
});
