// Outputs from stores that answer right, wrong or too much.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { importer } from 'ipfs-unixfs-importer';

import { ContentError, Lamda } from '@lamda/sdk';

const big = new Uint8Array(700_000).map((_, index) => index % 251);

/** CID and blocks of an output directory, as an agent stores it. */
async function stored() {
    const blocks = new Map();
    const store = { put: async (cid, bytes) => { blocks.set(cid.toString(), bytes); return cid; }, get: async (cid) => blocks.get(cid.toString()) };
    const files = [{ path: 'result', content: new TextEncoder().encode('done\n') }, { path: 'plots/a.bin', content: big }];
    let root;
    for await (const entry of importer(files, store, { cidVersion: 1, rawLeaves: true, wrapWithDirectory: true })) {
        root = entry.cid.toString();
    }
    return { root, blocks };
}
const { root, blocks } = await stored();

/** @param change of a block's bytes, by the store's name; undefined: the store has no block */
function client(stores, change) {
    const asked = [];
    const lamda = new Lamda({
        url: 'http://gateway', stores: stores.map((name) => `http://${name}/`), retry: { tries: 1 },
        fetch: async ({ url }) => {
            const { hostname, pathname } = new URL(url);
            asked.push(hostname);
            const bytes = change(hostname, blocks.get(pathname.split('/').at(-1)));
            return bytes === undefined ? new Response('', { status: 404 }) : new Response(bytes);
        },
    });
    return { lamda, asked };
}
const files = async (lamda, cid = root) => {
    const found = new Map();
    for await (const file of lamda.output(cid)) {
        found.set(file.path, file);
    }
    return found;
};

test('files of a directory, with folders and several blocks', async () => {
    const found = await files(client(['good'], (_, bytes) => bytes).lamda);
    assert.deepEqual([...found.keys()].sort(), ['plots/a.bin', 'result']);
    assert.equal(await found.get('result').text(), 'done\n');
    const parts = [];
    for await (const part of found.get('plots/a.bin').content()) {
        parts.push(part);
    }
    assert.deepEqual(Buffer.concat(parts), Buffer.from(big));
    assert.equal(found.get('plots/a.bin').size, 700_000n);
});

test('a store with other bytes, without the block, or that fails is passed over', async () => {
    const { lamda, asked } = client(['wrong', 'empty', 'good'], (store, bytes) => (store === 'wrong' ? bytes.map((byte) => byte ^ 1) : store === 'empty' ? undefined : bytes));
    assert.equal(await (await files(lamda)).get('result').text(), 'done\n');
    assert.deepEqual(asked.slice(0, 3), ['wrong', 'empty', 'good']);
});

test('without a store that has the right bytes nothing is returned', async () => {
    await assert.rejects(files(client(['wrong'], (_, bytes) => bytes.map((byte) => byte ^ 1)).lamda), { name: 'ContentError', message: /wrong.*hash/ });
    await assert.rejects(files(client(['long'], () => new Uint8Array(3_000_000)).lamda), /more than 2097152 bytes/);
    await assert.rejects(files(client([], () => undefined).lamda), /no store is configured/);
    // identity and sha2-512 are no hashes that a store's bytes could be compared with
    await assert.rejects(files(client(['good'], (_, bytes) => bytes).lamda, 'bafkrgqhhyivzstcz3hhswshfjgy6ertgmnqeleynhwt4dlfsthi4hn7zgh4uvlsb5xncykzapi3ocd4lzogukir6ksdy6wzrnz6ohnv4aglcs'), ContentError);
});

test('text of a file is bounded', async () => {
    const found = await files(client(['good'], (_, bytes) => bytes).lamda);
    await assert.rejects(found.get('plots/a.bin').text(1000), /1000 are allowed/);
});
