// The content store of the local network, tested through its HTTP interface.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../tools/devnet/content-store.mjs', import.meta.url));
const vectors = JSON.parse(readFileSync(new URL('../data/cid_vectors.json', import.meta.url), 'utf8'));
const helloCid = 'bafkreigwugueqefro4k2mljnaebmjqt3wmk3bh6t3g7y3yi4tsh3z56pku';
const absentCid = 'bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4';
const maxUploadBytes = 64 * 1024 * 1024;

let dir;
let store;

async function start(args = []) {
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
    dir = await mkdtemp(join(tmpdir(), 'lamda-content-store-'));
    store = await start(['--max-upload-bytes', String(maxUploadBytes)]);
});

after(async () => {
    const code = await store.stop();
    await rm(dir, { recursive: true });
    assert.equal(code, 0);
    assert.equal(store.stderr(), '', 'input of a client causes no server error');
});

function pattern(size) {
    const bytes = Buffer.alloc(size);
    for (let i = 0; i < size; i += 1) {
        bytes[i] = (i * 31 + (i >> 8) * 17 + (i >> 16) * 7) & 255;
    }
    return bytes;
}

/** A multipart body as kubo's client creates it: with percent-encoded paths. */
function multipart(entries) {
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
const post = (path, { headers = {}, ...upload } = {}) =>
    fetch(`${store.base}/api/v0/${path}`, { method: 'POST', headers: { ...headers, Connection: 'close' }, ...upload });
const get = (path, options) => fetch(`${store.base}${path}`, options);

async function add(entries, query = '') {
    const response = await post(`add?cid-version=1${query}`, multipart(entries));
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return text.trimEnd().split('\n').map((line) => JSON.parse(line));
}

async function refused(response, status, message) {
    const text = await response.text();
    assert.equal(response.status, status, text);
    const body = JSON.parse(text);
    assert.deepEqual({ Code: body.Code, Type: body.Type }, { Code: 0, Type: 'error' });
    assert.match(body.Message, message);
}

/** The server's answer to bytes that are not HTTP. */
function rawRequest(bytes) {
    return new Promise((done, failed) => {
        const socket = connect(store.port, '127.0.0.1', () => socket.write(bytes));
        const chunks = [];
        socket.on('data', (chunk) => chunks.push(chunk));
        socket.on('error', failed);
        socket.on('close', () => done(Buffer.concat(chunks).toString()));
    });
}

const storedBlocks = async () =>
    (await readdir(join(dir, 'blocks'), { recursive: true }).catch(() => [])).length;

test('adds a file and returns it', async () => {
    const [added] = await add([{ path: 'hello.txt', content: 'hello lamda\n' }]);
    assert.deepEqual(added, { Name: 'hello.txt', Hash: helloCid, Size: '12' });

    const cat = await post(`cat?arg=${helloCid}`);
    assert.equal(await cat.text(), 'hello lamda\n');
    const page = await get(`/ipfs/${helloCid}`);
    assert.equal(page.headers.get('content-length'), '12');
    assert.match(page.headers.get('cache-control'), /immutable/);
    assert.equal(await page.text(), 'hello lamda\n');
});

test('names a file without a name by its CID', async () => {
    assert.deepEqual(await add([{ content: 'hello lamda\n' }]), [{ Name: helloCid, Hash: helloCid, Size: '12' }]);
});

for (const { size, cid } of vectors.files) {
    test(`a file of ${size} bytes is stored and returned under its known CID`, async () => {
        const content = pattern(size);
        const [added] = await add([{ path: 'pattern.bin', content }]);
        assert.equal(added.Hash, cid);
        const back = Buffer.from(await (await get(`/ipfs/${cid}`)).arrayBuffer());
        assert.ok(back.equals(content));
    });
}

for (const { description, entries, cid, dag_size } of vectors.directories) {
    test(`a directory is stored under its known CID: ${description}`, async () => {
        if (entries.length === 0) {
            return refused(await post('add?wrap-with-directory=true', multipart([])), 400, /required|malformed|end/);
        }
        const upload = entries.map(({ path, type, size }) =>
            type === 'directory' ? { path, directory: true } : { path, content: pattern(size) },
        );
        const lines = await add(upload, '&wrap-with-directory=true');
        assert.deepEqual(lines.at(-1), { Name: '', Hash: cid, Size: String(dag_size) });
        for (const { path, type, size } of entries.filter((entry) => entry.type === 'file')) {
            const response = await get(`/ipfs/${cid}/${path.split('/').map(encodeURIComponent).join('/')}`);
            assert.equal(response.status, 200, path);
            assert.ok(Buffer.from(await response.arrayBuffer()).equals(pattern(size)), `${type} ${path}`);
        }
    });
}

test('a directory given by its paths is not wrapped unless requested', async () => {
    const entries = [
        { path: 'out', directory: true },
        { path: 'out/result', content: 'x' },
        { path: 'out/logs', directory: true },
    ];
    const plain = await add(entries);
    assert.deepEqual(plain.map(({ Name }) => Name), ['out/result', 'out/logs', 'out']);
    const wrapped = await add(entries, '&wrap-with-directory=true');
    assert.equal(wrapped.at(-1).Name, '');
    assert.equal(wrapped.find(({ Name }) => Name === 'out').Hash, plain.at(-1).Hash);
});

test('a directory named after its files keeps them', async () => {
    const [, first] = await add([{ path: 'd/f', content: 'x' }]);
    const after = await add([{ path: 'd/f', content: 'x' }, { path: 'd', directory: true }]);
    assert.equal(after.at(-1).Hash, first.Hash);
});

test('an empty directory', async () => {
    const lines = await add([{ path: 'empty', directory: true }]);
    assert.deepEqual(lines, [
        { Name: 'empty', Hash: 'bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354', Size: '4' },
    ]);
    const listing = await (await get(`/ipfs/${lines[0].Hash}`)).json();
    assert.deepEqual(listing.entries, []);
});

test('a directory is listed', async () => {
    const lines = await add([{ path: 'd/a.txt', content: 'abc' }, { path: 'd/sub/b', content: 'b' }]);
    const listing = await (await get(`/ipfs/${lines.at(-1).Hash}`)).json();
    assert.equal(listing.type, 'directory');
    assert.deepEqual(
        listing.entries.map(({ name, type, size }) => ({ name, type, size })),
        [{ name: 'a.txt', type: 'file', size: 3 }, { name: 'sub', type: 'directory', size: 0 }],
    );
});

test('a very large directory is sharded and still resolves', async () => {
    const names = Array.from({ length: 6000 }, (_, i) => `a-rather-long-name-of-a-file-${i}`);
    const lines = await add(names.map((name) => ({ path: name, content: 'x' })), '&wrap-with-directory=true');
    const root = lines.at(-1).Hash;
    assert.equal(await (await get(`/ipfs/${root}/${names[4711]}`)).text(), 'x');
    assert.equal((await (await get(`/ipfs/${root}`)).json()).entries.length, names.length);
    await refused(await get(`/ipfs/${root}/none`), 404, /no link named/);
});

test('only-hash stores nothing', async () => {
    const before = await storedBlocks();
    const [added] = await add([{ path: 'f', content: 'not stored' }], '&only-hash=true');
    assert.equal(await storedBlocks(), before);
    await refused(await get(`/ipfs/${added.Hash}`), 404, /could not find/);
});

test('cid-version=0 is what kubo makes without options', async () => {
    const response = await post('add?cid-version=0', multipart([{ path: 'e', directory: true }]));
    assert.equal((await response.json()).Hash, 'QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn');
});

test('parts of a file', async () => {
    const content = pattern(1000000);
    const [{ Hash: cid }] = await add([{ path: 'f', content }]);
    const range = await get(`/ipfs/${cid}`, { headers: { Range: 'bytes=262140-262150' } });
    assert.equal(range.status, 206);
    assert.equal(range.headers.get('content-range'), 'bytes 262140-262150/1000000');
    assert.ok(Buffer.from(await range.arrayBuffer()).equals(content.subarray(262140, 262151)));
    const tail = await get(`/ipfs/${cid}`, { headers: { Range: 'bytes=-5' } });
    assert.ok(Buffer.from(await tail.arrayBuffer()).equals(content.subarray(-5)));
    await refused(await get(`/ipfs/${cid}`, { headers: { Range: 'bytes=1000000-' } }), 416, /range/);
    const cat = await post(`cat?arg=${cid}&offset=999990&length=100`);
    assert.ok(Buffer.from(await cat.arrayBuffer()).equals(content.subarray(999990)));
    const beyond = await post(`cat?arg=${cid}&offset=2000000`);
    assert.equal((await beyond.arrayBuffer()).byteLength, 0);
});

test('HEAD returns the size without the bytes', async () => {
    await add([{ path: 'hello.txt', content: 'hello lamda\n' }]);
    for (const path of [`/ipfs/${helloCid}`, `/ipfs/${helloCid}?format=raw`]) {
        const head = await get(path, { method: 'HEAD' });
        assert.equal(head.status, 200);
        assert.equal(head.headers.get('content-length'), '12');
    }
});

test('raw blocks are served so that the client can verify them', async () => {
    const [{ Hash: cid }] = await add([{ path: 'f', content: pattern(300000) }]);
    for (const response of [
        await get(`/ipfs/${cid}?format=raw`),
        await get(`/ipfs/${cid}`, { headers: { Accept: 'application/vnd.ipld.raw' } }),
        await post(`block/get?arg=${cid}`),
    ]) {
        const block = Buffer.from(await response.arrayBuffer());
        const [{ Key }] = await putBlock('dag-pb', block);
        assert.equal(Key, cid);
    }
    assert.equal((await get(`/ipfs/${cid}?format=raw`)).headers.get('content-type'), 'application/vnd.ipld.raw');
});

test('a CAR holds each block once, the root first', async () => {
    const lines = await add([{ path: 'd/a', content: pattern(600000) }, { path: 'd/b', content: pattern(600000) }]);
    const response = await get(`/ipfs/${lines.at(-1).Hash}?format=car`);
    assert.match(response.headers.get('content-type'), /^application\/vnd\.ipld\.car/);
    const bytes = Buffer.from(await response.arrayBuffer());
    let at = 0;
    const varint = () => {
        for (let value = 0, factor = 1; ; factor *= 128) {
            const byte = bytes[at];
            at += 1;
            value += (byte & 127) * factor;
            if (byte < 128) {
                return value;
            }
        }
    };
    const header = varint();
    assert.equal(header, 58);
    const root = bytes.subarray(at + 13, at + 49);
    at += header;
    const digests = [];
    while (at < bytes.length) {
        const length = varint();
        const section = bytes.subarray(at, at + length);
        const digest = section.subarray(4, 36);
        assert.deepEqual(createHash('sha256').update(section.subarray(36)).digest(), digest);
        digests.push(digest.toString('hex'));
        at += length;
    }
    assert.equal(digests[0], root.subarray(4).toString('hex'));
    // The directory, the one file's node and its three chunks.
    assert.equal(digests.length, 5);
    assert.equal(new Set(digests).size, 5);
});

async function putBlock(codec, content) {
    const response = await post(`block/put?cid-codec=${codec}`, multipart([{ path: 'block', content }]));
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return text.trimEnd().split('\n').map((line) => JSON.parse(line));
}

test('a job spec is stored as a block and found by the CID of its id', async () => {
    const spec = vectors.blocks.find(({ description }) => description.startsWith('job spec'));
    assert.deepEqual(await putBlock('raw', spec.text), [{ Key: spec.cid, Size: 603 }]);
    assert.equal(await (await post(`block/get?arg=${spec.cid}`)).text(), spec.text);
    assert.deepEqual(await (await post(`block/stat?arg=${spec.cid}`)).json(), { Key: spec.cid, Size: 603 });
});

test('bad blocks are refused', async () => {
    const put = (query, content) => post(`block/put?${query}`, multipart([{ path: 'b', content }]));
    await refused(await put('cid-codec=dag-pb', 'not dag-pb'), 400, /not dag-pb/);
    await refused(await put('cid-codec=git-raw', 'x'), 400, /cid-codec/);
    await refused(await put('mhtype=sha3-256', 'x'), 400, /mhtype/);
    await refused(await put('', Buffer.alloc(1024 * 1024 + 1)), 413, /larger/);
});

test('reports its version', async () => {
    assert.match((await (await post('version')).json()).Version, /lamda/);
    assert.equal(typeof (await (await post('id')).json()).ID, 'string');
});

test('malformed requests are answered with 400', async () => {
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

test('unusual but valid uploads are accepted', async () => {
    const send = async (body) => {
        const response = await post('add', { body, headers: { 'Content-Type': 'multipart/form-data; boundary="B"' } });
        assert.equal(response.status, 200);
        return response.json();
    };
    assert.equal((await send('--B\r\n\r\nhello lamda\n\r\n--B--')).Hash, helloCid);
    assert.equal((await send('preamble\r\n--B \r\n\r\nhello lamda\n\r\n--B--epilogue')).Hash, helloCid);
    const awkward = await send('--B\r\ncontent-disposition: form-data; filename="a \\"b\\".txt"\r\n\r\n\r\n--\r\n--C\r\n--B--');
    assert.deepEqual({ Name: awkward.Name, Size: awkward.Size }, { Name: 'a "b".txt', Size: '9' });
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
        const socket = connect(store.port, '127.0.0.1', () => {
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

test('many uploads of the same content at once', async () => {
    const content = pattern(2000000);
    const added = await Promise.all(Array.from({ length: 8 }, () => add([{ path: 'f', content }])));
    assert.equal(new Set(added.map(([{ Hash }]) => Hash)).size, 1);
    const back = Buffer.from(await (await get(`/ipfs/${added[0][0].Hash}`)).arrayBuffer());
    assert.ok(back.equals(content));
});

test('added content exists after a restart', async () => {
    await add([{ path: 'hello.txt', content: 'hello lamda\n' }]);
    const second = await start();
    try {
        assert.equal(await (await fetch(`${second.base}/ipfs/${helloCid}`)).text(), 'hello lamda\n');
    } finally {
        await second.stop();
    }
});

test('a damaged block is never served', async () => {
    const own = await mkdtemp(join(tmpdir(), 'lamda-content-store-'));
    const shared = dir;
    dir = own;
    const damaged = await start();
    dir = shared;
    try {
        const upload = multipart([{ path: 'f', content: 'soon to be damaged' }]);
        const added = await (await fetch(`${damaged.base}/api/v0/add`, { method: 'POST', ...upload })).json();
        const [shard] = await readdir(join(own, 'blocks'));
        const [name] = await readdir(join(own, 'blocks', shard));
        await writeFile(join(own, 'blocks', shard, name), 'damaged');
        await refused(await fetch(`${damaged.base}/ipfs/${added.Hash}`), 500, /internal error/);
        assert.match(damaged.stderr(), /is damaged/);
    } finally {
        await damaged.stop();
        await rm(own, { recursive: true });
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
