// Files sent to and read from gateways that answer right, wrong, too much and not at all.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { base16, base16upper } from 'multiformats/bases/base16';
import { base32, base32upper } from 'multiformats/bases/base32';
import { base58btc } from 'multiformats/bases/base58';
import { CID } from 'multiformats/cid';

import { ContentError, Lamda, LamdaError } from '@lamda/sdk';

const small = new TextEncoder().encode('hello lamda\n');
const big = new Uint8Array(700_000).map((_, index) => index % 251);

/** @param answer of a request */
function client(answer) {
    const asked = [];
    const lamda = new Lamda({
        url: 'http://gateway', token: 'lamda_key_x', retry: { tries: 1 },
        fetch: async (request) => {
            asked.push({ method: request.method, path: new URL(request.url).pathname, type: request.headers.get('content-type'),
                token: request.headers.get('authorization'), body: new Uint8Array(await request.arrayBuffer()) });
            return answer(asked.at(-1));
        },
    });
    return { lamda, asked };
}
const stored = (cid, bytes) => new Response(JSON.stringify({ cid, bytes }), { status: 201, headers: { 'content-type': 'application/json' } });
const refused = (status, code) => new Response(JSON.stringify({
    type: `urn:lamda:error:${code}`, title: 't', status, detail: 'd', instance: '/api/files', code, request_id: 'r1',
}), { status, headers: { 'content-type': 'application/problem+json' } });

/** The CID by which a gateway without a check would be believed. */
async function cidOf(content) {
    try {
        await client(() => stored('bafy', content.length)).lamda.uploadFile(content);
    } catch (error) {
        return /the file is (\w+)/.exec(error.message)[1];
    }
    throw new Error('a wrong CID was believed');
}

test('an upload sends the bytes once, with the token, and compares the CID', async () => {
    const cid = await cidOf(big);
    for (const content of [big, new Blob([big])]) {
        const { lamda, asked } = client(() => stored(cid, big.length));
        assert.deepEqual(await lamda.uploadFile(content), { cid, bytes: big.length });
        assert.equal(asked.length, 1);
        assert.deepEqual({ ...asked[0], body: Buffer.from(asked[0].body).equals(Buffer.from(big)) },
            { method: 'POST', path: '/api/files', type: 'application/octet-stream', token: 'Bearer lamda_key_x', body: true });
    }
    await assert.rejects(client(() => stored(cid, 1)).lamda.uploadFile(small), ContentError);
    await assert.rejects(client(() => refused(429, 'upload_quota_client')).lamda.uploadFile(small), (error) => error instanceof LamdaError && error.code === 'upload_quota_client');
});

test('the CID is that of ipfs add --cid-version=1', async () => {
    const { files } = JSON.parse(await readFile(new URL('../../../tests/data/cid_vectors.json', import.meta.url), 'utf8'));
    const few = files.filter(({ size }) => size < 2_000_000);
    assert.ok(few.length >= 4);
    for (const { size, cid } of few) {
        assert.equal(await cidOf(new Uint8Array(size).map((_, i) => (i * 31 + (i >> 8) * 17 + (i >> 16) * 7) & 255)), cid);
    }
});

test('a download is returned if it has its CID', async () => {
    const cid = await cidOf(big);
    const { lamda, asked } = client(() => new Response(big));
    assert.deepEqual(new Uint8Array(await (await lamda.downloadFile(cid)).arrayBuffer()), big);
    assert.equal(asked[0].path, `/api/files/${cid}`);
});

test('an empty file is downloaded, with Content-Length 0 and without', async () => {
    const empty = await cidOf(new Uint8Array());
    for (const headers of [{}, { 'content-length': '0' }]) {
        assert.equal((await client(() => new Response('', { headers })).lamda.downloadFile(empty)).size, 0);
        await assert.rejects(client(() => new Response('', { headers })).lamda.downloadFile(await cidOf(small)), ContentError);
    }
});

test('a CID may come in each base of the gateway, and another text is no CID', async () => {
    const { bytes } = CID.parse(await cidOf(small));
    for (const { encoder } of [base16, base16upper, base32, base32upper, base58btc]) {
        const text = encoder.encode(bytes);
        const { lamda, asked } = client(() => new Response(small));
        assert.equal(await (await lamda.downloadFile(text)).text(), 'hello lamda\n');
        assert.equal(asked[0].path, `/api/files/${text}`);
    }
    const { lamda, asked } = client(() => new Response(small));
    for (const wrong of ['', 'f', 'f01551220', 'Qm', 'mAVUSIA', 'hello', `f0155${'0'.repeat(64)}`]) {
        await assert.rejects(lamda.downloadFile(wrong), ContentError, wrong);
        await assert.rejects(lamda.output(wrong).next(), ContentError, wrong);
    }
    assert.equal(asked.length, 0);
});

test('the rest of a file that has too many bytes is cancelled', async () => {
    let cancelled = false;
    const endless = () => new ReadableStream({ pull: (to) => to.enqueue(small), cancel: () => { cancelled = true; } });
    await assert.rejects(client(() => new Response(endless())).lamda.downloadFile(await cidOf(small), { most: 1000 }), /more than 1000 bytes/);
    assert.ok(cancelled);
});

test('other bytes, fewer, or too many are not returned', async () => {
    const cid = await cidOf(big);
    await assert.rejects(client(() => new Response(big.slice(1))).lamda.downloadFile(cid), ContentError);
    await assert.rejects(client(() => new Response(big)).lamda.downloadFile(cid, { most: 1000 }), /more than 1000 bytes/);
    await assert.rejects(client(() => refused(422, 'is_directory')).lamda.downloadFile(cid), (error) => error instanceof LamdaError && error.code === 'is_directory');
});
