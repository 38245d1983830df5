// Commands of kubo's HTTP interface, POST /api/v0/…: add, read and describe content.

import { CID } from 'multiformats/cid';
import * as dagPb from '@ipld/dag-pb';
import * as raw from 'multiformats/codecs/raw';
import { sha256 } from 'multiformats/hashes/sha2';
import { answer, answerJson, contentSize, sendContent } from './answers.mjs';
import { noBlocks } from './blocks.mjs';
import { RequestError } from './errors.mjs';
import { parts } from './multipart.mjs';
import { argument, flag, integer } from './query.mjs';
import { addDirectories, addFile, parsePath, resolve } from './unixfs.mjs';

// The largest block that other IPFS nodes accept.
const maxBlockBytes = 1024 * 1024;

/** Refuses options that would give another CID than the client expects. */
function addOptions(store, query) {
    const expected = { hash: 'sha2-256', chunker: 'size-262144' };
    for (const [name, value] of Object.entries(expected)) {
        if (query.has(name) && query.get(name) !== value) {
            throw new RequestError(400, `option "${name}": only ${value} is supported`);
        }
    }
    for (const name of ['trickle', 'inline', 'nocopy', 'preserve-mode', 'preserve-mtime']) {
        if (flag(query, name, false)) {
            throw new RequestError(400, `option "${name}" is not supported`);
        }
    }
    const cidVersion = integer(query, 'cid-version') ?? 1;
    if (cidVersion > 1) {
        throw new RequestError(400, `option "cid-version": unknown version ${cidVersion}; use 0 or 1`);
    }
    return {
        target: flag(query, 'only-hash', false) ? noBlocks : store.blocks,
        wrapWithDirectory: flag(query, 'wrap-with-directory', false),
        cidVersion,
        rawLeaves: flag(query, 'raw-leaves', cidVersion === 1),
    };
}

function checkedPath(filename) {
    const names = filename.split('/').filter((name) => name !== '' && name !== '.');
    for (const name of names) {
        if (name === '..' || name.includes('\0') || name.endsWith('\\')) {
            throw new RequestError(400, `the path "${filename}" is not allowed`);
        }
    }
    return names.join('/');
}

async function add(store, request, response, query) {
    const { target, ...options } = addOptions(store, query);
    const files = [];
    const directories = [];
    for await (const { filename, contentType, body } of parts(request, store.maxUploadBytes)) {
        const path = checkedPath(filename ?? '');
        if (contentType === 'application/x-directory') {
            if (path === '') {
                throw new RequestError(400, 'a directory needs a name');
            }
            for await (const piece of body) {
                if (piece.length) {
                    throw new RequestError(400, `the directory "${path}" has content`);
                }
            }
            directories.push(path);
        } else if (contentType === 'application/symlink') {
            throw new RequestError(400, `"${path}" is a symbolic link, which is not supported`);
        } else {
            const { cid, size, unixfs } = await addFile(body, target, options);
            files.push({ path: path || cid.toString(), named: path !== '', cid, size, unixfs });
        }
    }
    if (files.length + directories.length === 0) {
        throw new RequestError(400, "file argument 'path' is required");
    }
    const inTree = options.wrapWithDirectory ? files : files.filter(({ named }) => named);
    const made = await addDirectories(inTree, directories, target, options);
    const lines = [...files, ...made].map(({ path, cid, size }) =>
        JSON.stringify({ Name: path, Hash: cid.toString(), Size: size.toString() }),
    );
    answer(response, 200, 'application/json', `${lines.join('\n')}\n`);
}

async function cat(store, request, response, query) {
    const node = await resolve(parsePath(argument(query, 'ipfs-path')), store.blocks);
    const size = contentSize(node);
    const offset = integer(query, 'offset') ?? 0;
    const length = Math.max(0, Math.min(integer(query, 'length') ?? size, size - offset));
    await sendContent(request, response, node, { offset: Math.min(offset, size), length }, 200, {
        'Content-Type': 'text/plain',
        'X-Content-Type-Options': 'nosniff',
    });
}

async function blockPut(store, request, response, query) {
    const codecs = { raw: raw.code, 'dag-pb': dagPb.code, protobuf: dagPb.code };
    const codec = query.get('cid-codec') ?? query.get('format') ?? 'raw';
    if (!Object.hasOwn(codecs, codec)) {
        throw new RequestError(400, `option "cid-codec": "${codec}" is not supported, only raw and dag-pb`);
    }
    if ((query.get('mhtype') ?? 'sha2-256') !== 'sha2-256') {
        throw new RequestError(400, 'option "mhtype": only sha2-256 is supported');
    }
    const lines = [];
    for await (const { body } of parts(request, store.maxUploadBytes)) {
        const pieces = [];
        let size = 0;
        for await (const piece of body) {
            size += piece.length;
            if (size > maxBlockBytes) {
                throw new RequestError(413, `the block is larger than ${maxBlockBytes} bytes`);
            }
            pieces.push(piece);
        }
        const block = new Uint8Array(Buffer.concat(pieces));
        if (codecs[codec] === dagPb.code) {
            try {
                dagPb.decode(block);
            } catch (error) {
                throw new RequestError(400, `the block is not dag-pb: ${error.message}`);
            }
        }
        const cid = CID.createV1(codecs[codec], await sha256.digest(block));
        await store.blocks.put(cid, block);
        lines.push(JSON.stringify({ Key: cid.toString(), Size: size }));
    }
    if (lines.length === 0) {
        throw new RequestError(400, "file argument 'data' is required");
    }
    answer(response, 200, 'application/json', `${lines.join('\n')}\n`);
}

function blockArgument(query) {
    const { root, names } = parsePath(argument(query, 'cid'));
    if (names.length) {
        throw new RequestError(400, 'a path is not supported here; use the CID alone');
    }
    return root;
}

async function blockGet(store, request, response, query) {
    answer(response, 200, 'application/octet-stream', await store.blocks.get(blockArgument(query)));
}

async function blockStat(store, request, response, query) {
    const cid = blockArgument(query);
    answerJson(response, 200, { Key: cid.toString(), Size: (await store.blocks.get(cid)).length });
}

async function version(store, request, response) {
    answerJson(response, 200, { Version: '0.0.0-lamda', Commit: '', Repo: '', System: '', Golang: '' });
}

async function id(store, request, response) {
    answerJson(response, 200, {
        ID: 'lamda-content-store',
        PublicKey: '',
        Addresses: [],
        AgentVersion: 'lamda-content-store',
        Protocols: [],
    });
}

/** Handlers of POST /api/v0/<name>, called with ({ blocks, maxUploadBytes }, request, response, query). */
export const commands = new Map([
    ['add', add],
    ['cat', cat],
    ['block/put', blockPut],
    ['block/get', blockGet],
    ['block/stat', blockStat],
    ['version', version],
    ['id', id],
]);
