// The vectors, computed a second time without the reference packages: from the UnixFS and DAG-PB
// specifications only.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';

const vectors = JSON.parse(readFileSync(new URL('../data/cid_vectors.json', import.meta.url), 'utf8'));
const chunkBytes = 262144;
const linksPerNode = 174;

function pattern(size) {
    const bytes = Buffer.alloc(size);
    for (let i = 0; i < size; i += 1) {
        bytes[i] = (i * 31 + (i >> 8) * 17 + (i >> 16) * 7) & 255;
    }
    return bytes;
}

function varint(value) {
    const bytes = [];
    for (; value >= 128; value = Math.floor(value / 128)) {
        bytes.push((value % 128) | 128);
    }
    return Buffer.from([...bytes, value]);
}

const numberField = (field, value) => Buffer.concat([Buffer.from([field << 3]), varint(value)]);
const bytesField = (field, value) => Buffer.concat([Buffer.from([(field << 3) | 2]), varint(value.length), value]);

function cidOf(codec, block) {
    return Buffer.concat([Buffer.from([1, codec, 0x12, 0x20]), createHash('sha256').update(block).digest()]);
}

function node(links, data) {
    const block = Buffer.concat([
        ...links.map(({ cid, name, total }) =>
            bytesField(2, Buffer.concat([bytesField(1, cid), bytesField(2, Buffer.from(name)), numberField(3, total)])),
        ),
        bytesField(1, data),
    ]);
    return { cid: cidOf(0x70, block), total: block.length + links.reduce((sum, { total }) => sum + total, 0) };
}

function file(size) {
    const content = pattern(size);
    let level = [];
    for (let at = 0; at < size || at === 0; at += chunkBytes) {
        const chunk = content.subarray(at, at + chunkBytes);
        level.push({ cid: cidOf(0x55, chunk), total: chunk.length, size: chunk.length });
    }
    while (level.length > 1) {
        const above = [];
        for (let at = 0; at < level.length; at += linksPerNode) {
            const children = level.slice(at, at + linksPerNode);
            const bytes = children.reduce((sum, child) => sum + child.size, 0);
            const data = [numberField(1, 2), numberField(3, bytes), ...children.map((child) => numberField(4, child.size))];
            const links = children.map((child) => ({ ...child, name: '' }));
            above.push({ ...node(links, Buffer.concat(data)), size: bytes });
        }
        level = above;
    }
    return level[0];
}

function directory(tree) {
    const links = [...tree.entries()]
        .map(([name, child]) => ({ name, ...(child instanceof Map ? directory(child) : child) }))
        .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
    return node(links, numberField(1, 1));
}

function tree(entries) {
    const root = new Map();
    for (const { path, type, size } of entries) {
        const names = path.split('/');
        const last = names.pop();
        let at = root;
        for (const name of names) {
            at.set(name, at.get(name) ?? new Map());
            at = at.get(name);
        }
        at.set(last, type === 'directory' ? new Map() : file(size));
    }
    return root;
}

function base32(bytes) {
    let bits = '';
    for (const byte of bytes) {
        bits += byte.toString(2).padStart(8, '0');
    }
    const digits = bits.match(/.{1,5}/g).map((group) => Number.parseInt(group.padEnd(5, '0'), 2));
    return `b${digits.map((digit) => 'abcdefghijklmnopqrstuvwxyz234567'[digit]).join('')}`;
}

for (const { size, cid } of vectors.files) {
    test(`a file of ${size} bytes`, () => assert.equal(base32(file(size).cid), cid));
}

for (const { description, entries, cid, dag_size } of vectors.directories) {
    test(`a directory: ${description}`, () => {
        const made = directory(tree(entries));
        assert.equal(base32(made.cid), cid);
        assert.equal(made.total, dag_size);
    });
}

for (const { description, text, sha256, cid } of vectors.blocks) {
    test(`a raw block: ${description}`, () => {
        assert.equal(`0x${createHash('sha256').update(text).digest('hex')}`, sha256);
        assert.equal(base32(cidOf(0x55, Buffer.from(text))), cid);
    });
}
