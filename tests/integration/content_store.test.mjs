// The content store of the local network, content that is added and read.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import {
    add,
    get,
    helloCid,
    multipart,
    own,
    pattern,
    post,
    putBlock,
    refused,
    start,
    storedBlocks,
    vectors,
} from './content_store_client.mjs';

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

test('a job spec is stored as a block and found by the CID of its id', async () => {
    const spec = vectors.blocks.find(({ description }) => description.startsWith('job spec'));
    assert.deepEqual(await putBlock('raw', spec.text), [{ Key: spec.cid, Size: 603 }]);
    assert.equal(await (await post(`block/get?arg=${spec.cid}`)).text(), spec.text);
    assert.deepEqual(await (await post(`block/stat?arg=${spec.cid}`)).json(), { Key: spec.cid, Size: 603 });
});

test('reports its version', async () => {
    assert.match((await (await post('version')).json()).Version, /lamda/);
    assert.equal(typeof (await (await post('id')).json()).ID, 'string');
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

test('many uploads of the same content at once', async () => {
    const content = pattern(2000000);
    const added = await Promise.all(Array.from({ length: 8 }, () => add([{ path: 'f', content }])));
    assert.equal(new Set(added.map(([{ Hash }]) => Hash)).size, 1);
    const back = Buffer.from(await (await get(`/ipfs/${added[0][0].Hash}`)).arrayBuffer());
    assert.ok(back.equals(content));
});

test('added content exists after a restart', async () => {
    await add([{ path: 'hello.txt', content: 'hello lamda\n' }]);
    const second = await start(own.dir);
    try {
        assert.equal(await (await fetch(`${second.base}/ipfs/${helloCid}`)).text(), 'hello lamda\n');
    } finally {
        await second.stop();
    }
});
