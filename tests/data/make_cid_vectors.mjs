// Writes cid_vectors.json with the reference UnixFS packages: the expected values of our UnixFS code.
//
//   node tests/data/make_cid_vectors.mjs           writes the file
//   node tests/data/make_cid_vectors.mjs --check   exits 1 if the committed file differs

import { readFileSync, writeFileSync } from 'node:fs';
import * as dagPb from '@ipld/dag-pb';
import { UnixFS } from 'ipfs-unixfs';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { sha256 } from 'multiformats/hashes/sha2';
import { noBlocks } from '../../tools/devnet/content_store/blocks.mjs';
import { addDirectories, addFile } from '../../tools/devnet/content_store/unixfs.mjs';

const output = new URL('cid_vectors.json', import.meta.url);
const chunk = 262144;

/** The pattern, in pieces that do not align with the chunks. */
function* pattern(size) {
    const pieceSize = 100_003;
    for (let start = 0; start < size; start += pieceSize) {
        const piece = new Uint8Array(Math.min(pieceSize, size - start));
        for (let k = 0; k < piece.length; k += 1) {
            const i = start + k;
            piece[k] = (i * 31 + (i >> 8) * 17 + (i >> 16) * 7) & 255;
        }
        yield piece;
    }
}

const fileSizes = [0, 1, chunk - 1, chunk, chunk + 1, 524288, 1000000, chunk * 174, chunk * 174 + 1];

// Paths to sizes; a path that ends with a slash is an empty directory.
const directories = [
    ['an empty directory', {}],
    ['one file', { result: 12 }],
    ['an empty file', { empty: 0 }],
    ['an empty file next to a full one', { empty: 0, full: 100 }],
    ['files around the chunk size', { 'a.bin': chunk - 1, 'b.bin': chunk, 'c.bin': chunk + 1, 'd.bin': 1000000 }],
    ['names sort by bytes', { b: 1, a: 2, B: 3, A: 4, 10: 5, 9: 6, 'a.b': 7, 'a-b': 8, a0: 9, aa: 10, _: 11, '~': 12 }],
    ['a directory next to names that share its start', { 'a/x': 1, 'a-x': 2, 'a.x': 3, a0: 4 }],
    [
        'names beyond ASCII sort by their UTF-8 bytes, not by UTF-16',
        { 'é': 1, z: 2, 'e\u0301': 3, '日本語.txt': 4, '\uff5e': 5, '😀': 6, 'Ünïcode/ß': 7 },
    ],
    ['names with signs', { 'a b': 1, 'a+b': 2, 'a%20b': 3, 'a\\b': 4, 'a^b': 5, "it's": 6, '"q"': 7, '.hidden': 8, '...': 9 }],
    ['nested', { 'top.txt': 3, 'a/b/c/deep.bin': 300000, 'a/b/other': 10, 'a/first': 0, 'z/last': 5 }],
    ['nested, with empty directories', { 'logs/': null, 'a/empty/': null, 'a/file': 7 }],
    ['the same content twice', { x: 500, 'y/x': 500 }],
    [
        'more files than a file node has links: a directory is not split by their number',
        Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`file-${i}.txt`, i % 97])),
    ],
];

// `count` files with the names `<before><i><after>` and the same content. More than 256 KiB of names and CIDs are sharded.
const largeDirectories = [
    ['nearly as large as a flat directory can be', { count: 1000, before: 'x'.repeat(200), after: 'y'.repeat(16), content: '' }],
    ['short names', { count: 8000, before: 'f', after: '', content: 'x' }],
    ['names beyond ASCII', { count: 5000, before: 'größe-日本-', after: '😀.txt', content: 'text\n' }],
    ['numbers as names', { count: 12000, before: '', after: '.dat', content: '' }],
];

async function fileVector(size) {
    const { cid } = await addFile(pattern(size), noBlocks);
    return { size, cid: cid.toString() };
}

async function directoryVector([description, entries]) {
    const files = [];
    const named = [];
    for (const [path, size] of Object.entries(entries)) {
        if (path.endsWith('/')) {
            named.push(path.slice(0, -1));
        } else {
            files.push({ ...(await addFile(pattern(size), noBlocks)), path });
        }
    }
    const made = await addDirectories(files, named, noBlocks, { wrapWithDirectory: true });
    const root = made.find(({ path }) => path === '');
    return {
        description,
        entries: Object.entries(entries).map(([path, size]) =>
            path.endsWith('/') ? { path: path.slice(0, -1), type: 'directory' } : { path, type: 'file', size },
        ),
        cid: root.cid.toString(),
        dag_size: Number(root.size),
    };
}

/** Levels of shards of a directory: 0 of a flat one. */
async function shardLevels(cid, blocks) {
    const { Data, Links } = dagPb.decode(await blocks.get(cid));
    if (UnixFS.unmarshal(Data).type !== 'hamt-sharded-directory') {
        return 0;
    }
    const below = await sequence(Links.filter(({ Name }) => Name.length === 2), ({ Hash }) => shardLevels(Hash, blocks));
    return 1 + Math.max(0, ...below);
}

async function largeDirectoryVector([description, { count, before, after, content }]) {
    const stored = new Map();
    const blocks = {
        ...noBlocks,
        put: async (cid, block) => (stored.set(cid.toString(), block), cid),
        get: async (cid) => stored.get(cid.toString()),
    };
    const file = await addFile([new TextEncoder().encode(content)], blocks);
    const files = Array.from({ length: count }, (_, i) => ({ ...file, path: `${before}${i}${after}` }));
    const made = await addDirectories(files, [], blocks, { wrapWithDirectory: true });
    const root = made.find(({ path }) => path === '');
    return {
        description,
        count,
        before,
        after,
        content,
        cid: root.cid.toString(),
        dag_size: Number(root.size),
        shard_levels: await shardLevels(root.cid, blocks),
    };
}

async function blockVector(description, text) {
    const digest = await sha256.digest(new TextEncoder().encode(text));
    return {
        description,
        text,
        sha256: `0x${Buffer.from(digest.digest).toString('hex')}`,
        cid: CID.createV1(raw.code, digest).toString(),
    };
}

async function sequence(items, make) {
    const made = [];
    for (const item of items) {
        made.push(await make(item));
    }
    return made;
}

const specText = JSON.stringify({
    chainId: 97,
    command: ['sh', '-c', 'wc -c < /input > /output/result'],
    dockerImage: 'lamda/busybox:1.35',
    env: { LANG: 'C' },
    inputFileCID: 'bafkreigwugueqefro4k2mljnaebmjqt3wmk3bh6t3g7y3yi4tsh3z56pku',
    jobManager: '0xd9264b533dd53198c7ae345c6afe8ef054303b53',
    minPayment: '10000000000000000',
    provider: '0x90f79bf6eb2c4f870365e785982e1f101e93b906',
    renter: '0x15d34aaf54267db7d7c367839aaf71a00a2c6a65',
    requirements: {
        cpuMillis: 1000,
        diskMib: 64,
        gpuCount: 0,
        memoryMib: 64,
        network: false,
        timeLimitSeconds: 60,
    },
    salt: '0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
    version: 1,
});

const vectors = {
    description:
        'CIDs by the reference packages (made by make_cid_vectors.mjs): UnixFS, CIDv1, sha2-256, raw leaves, chunks of ' +
        '262144 bytes, balanced, 174 links a node; as "ipfs add --cid-version=1" makes them. dag_size is the Tsize that a ' +
        'link to the directory would carry.',
    pattern: 'byte i of every file is (i*31 + (i>>8)*17 + (i>>16)*7) & 255',
    files: await sequence(fileSizes, fileVector),
    directories: await sequence(directories, directoryVector),
    large_directories: await sequence(largeDirectories, largeDirectoryVector),
    blocks: [await blockVector('hello', 'hello lamda\n'), await blockVector('job spec, version 1', specText)],
};

const known = {
    hello: 'bafkreigwugueqefro4k2mljnaebmjqt3wmk3bh6t3g7y3yi4tsh3z56pku',
    'job spec, version 1': 'bafkreih2loemtdsu7nkxy6swbimrhvnzmgtauguukoz5rvhtdqedwx6cea',
};
for (const { description, cid } of vectors.blocks) {
    if (cid !== known[description]) {
        throw new Error(`${description}: ${cid} instead of ${known[description]}`);
    }
}

// One line for each file and entry.
const text = `${JSON.stringify(vectors, null, 2).replace(/\{\n\s+"(size|path)"[^{}]*\}/g, (entry) =>
    entry.replace(/\n\s+/g, ' '),
)}\n`;
if (process.argv.includes('--check')) {
    if (readFileSync(output, 'utf8') !== text) {
        console.error('tests/data/cid_vectors.json differs; run "node tests/data/make_cid_vectors.mjs" and commit it.');
        process.exit(1);
    }
} else {
    writeFileSync(output, text);
}
