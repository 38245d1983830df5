import * as dagPb from '@ipld/dag-pb';
import { exporter } from 'ipfs-unixfs-exporter';
import { importer } from 'ipfs-unixfs-importer';
import { balanced } from 'ipfs-unixfs-importer/layout';
import { fixedSize } from 'ipfs-unixfs-importer/chunker';
import { varint } from 'multiformats';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { DamagedBlockError, RequestError } from './errors.mjs';

/** All options of kubo's `ipfs add --cid-version=1`. */
export const importOptions = {
    cidVersion: 1,
    rawLeaves: true,
    reduceSingleLeafToSelf: true,
    chunker: fixedSize({ chunkSize: 262144 }),
    layout: balanced({ maxChildrenPerNode: 174 }),
    shardSplitThresholdBytes: 262144,
    shardFanoutBits: 8,
    fileImportConcurrency: 1,
    blockWriteConcurrency: 8,
};

async function only(results) {
    let found;
    for await (const result of results) {
        found = result;
    }
    return found;
}

export async function addFile(content, blocks, options) {
    return only(importer([{ content }], blocks, { ...importOptions, ...options, wrapWithDirectory: false }));
}

async function addEmptyDirectory(blocks, options) {
    return only(importer([{ path: 'empty' }], blocks, { ...importOptions, ...options, wrapWithDirectory: false }));
}

/**
 * Creates the directories above files that are already added, and the given directories, which may be empty. Returns every
 * directory as `{ path, cid, size }`, each after its children. The directory of wrapWithDirectory has an empty path.
 */
export async function addDirectories(files, directories, blocks, options) {
    const parents = new Set();
    for (const path of [...files.map((file) => file.path), ...directories]) {
        for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
            parents.add(path.slice(0, at));
        }
    }
    const taken = new Set();
    for (const { path } of files) {
        if (taken.has(path) || parents.has(path) || directories.includes(path)) {
            throw new RequestError(400, `the path "${path}" is given twice, or is both a file and a directory`);
        }
        taken.add(path);
    }
    for (const path of parents) {
        if (taken.has(path)) {
            throw new RequestError(400, `the path "${path}" is both a file and a directory`);
        }
    }

    const empty = await addEmptyDirectory(blocks, options);
    const emptyOnes = [...new Set(directories)]
        .filter((path) => !parents.has(path))
        .map((path) => ({ ...empty, path, originalPath: path }));
    const entries = [...files.map((file) => ({ ...file, originalPath: file.path })), ...emptyOnes];
    if (entries.length === 0) {
        return options.wrapWithDirectory ? [{ ...empty, path: '' }] : [];
    }

    // The files are already stored: only the tree builder of the reference package has to run.
    const dagBuilder = async function* () {
        for (const entry of entries) {
            yield async () => entry;
        }
    };
    const made = new Map(emptyOnes.map((entry) => [entry.path, entry]));
    for await (const entry of importer([], blocks, { ...importOptions, ...options, dagBuilder })) {
        if (entry.unixfs?.isDirectory()) {
            made.set(entry.path ?? '', entry);
        }
    }
    const depth = (path) => (path === '' ? 0 : path.split('/').length);
    return [...made.values()].sort((a, b) => depth(b.path) - depth(a.path));
}

/** Parses a CID followed by names: "/ipfs/<cid>/a/b" or "<cid>/a/b". */
export function parsePath(text) {
    const [first, ...names] = text.replace(/^\/ipfs\//, '').split('/');
    let root;
    try {
        root = CID.parse(first);
    } catch {
        throw new RequestError(400, `invalid path "${text}": "${first}" is not a CID`);
    }
    return { root, names: names.filter((name) => name !== '') };
}

/** Returns the node at a path, in the form of the reference exporter. */
export async function resolve({ root, names }, blocks) {
    let node = await open(root, blocks);
    for (const name of names) {
        if (node.type !== 'directory') {
            throw new RequestError(404, `no link named "${name}" under ${node.cid}: not a directory`);
        }
        const child = await childOf(node, name, blocks);
        if (!child) {
            throw new RequestError(404, `no link named "${name}" under ${node.cid}`);
        }
        node = child;
    }
    return node;
}

async function open(cid, blocks) {
    try {
        return await exporter(cid, blocks);
    } catch (error) {
        if (error instanceof RequestError || error instanceof DamagedBlockError) {
            throw error;
        }
        throw new RequestError(400, `${cid} cannot be read as UnixFS: ${error.message}`);
    }
}

async function childOf(directory, name, blocks) {
    if (directory.unixfs.type === 'directory') {
        // The exporter's own path resolution treats "^" and "\" as separators.
        const link = directory.node.Links.find(({ Name }) => Name === name);
        return link && open(link.Hash, blocks);
    }
    for await (const child of directory.content()) {
        if (child.name === name) {
            return child;
        }
    }
    return undefined;
}

export async function list(directory, blocks) {
    const entries = [];
    if (directory.unixfs.type === 'directory') {
        for (const { Name, Hash } of directory.node.Links) {
            entries.push(describe(Name, await open(Hash, blocks)));
        }
    } else {
        for await (const child of directory.content()) {
            entries.push(describe(child.name, child));
        }
    }
    return entries;
}

function describe(name, node) {
    const type = node.type === 'raw' ? 'file' : node.type;
    return { name, cid: node.cid.toString(), type, size: type === 'directory' ? 0 : Number(node.size) };
}

/** Yields all blocks under a CID as a CARv1, depth first, each block once. */
export async function* car(root, blocks) {
    const cidBytes = root.bytes;
    // {"roots": [root], "version": 1} in DAG-CBOR.
    const header = Buffer.concat([
        Buffer.from([0xa2, 0x65]),
        Buffer.from('roots'),
        Buffer.from([0x81, 0xd8, 0x2a, 0x58, cidBytes.length + 1, 0x00]),
        cidBytes,
        Buffer.from([0x67]),
        Buffer.from('version'),
        Buffer.from([0x01]),
    ]);
    yield Buffer.concat([lengthPrefix(header.length), header]);
    const seen = new Set();
    const pending = [root];
    while (pending.length) {
        const cid = pending.pop();
        if (seen.has(cid.toString())) {
            continue;
        }
        seen.add(cid.toString());
        const block = await blocks.get(cid);
        yield Buffer.concat([lengthPrefix(cid.bytes.length + block.length), cid.bytes, block]);
        pending.push(...linksOf(cid, block).reverse());
    }
}

function linksOf(cid, block) {
    if (cid.code === raw.code) {
        return [];
    }
    if (cid.code === dagPb.code) {
        return dagPb.decode(block).Links.map(({ Hash }) => Hash);
    }
    throw new RequestError(400, `${cid}: only links of raw and dag-pb blocks are supported`);
}

function lengthPrefix(length) {
    return varint.encodeTo(length, new Uint8Array(varint.encodingLength(length)));
}
