// A content store for the local network and for tests: the part of kubo's HTTP interface that Lamda uses, on the
// reference UnixFS packages. It has no peers and no accounts: keep it on the loopback address.
//
//   node tools/devnet/content-store.mjs --dir <folder> [--port 5001] [--host 127.0.0.1] [--max-upload-bytes N]
//
// Prints one line, {"port":N}, when ready.

import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { CID } from 'multiformats/cid';
import * as dagPb from '@ipld/dag-pb';
import * as raw from 'multiformats/codecs/raw';
import { sha256 } from 'multiformats/hashes/sha2';
import { FolderBlocks, noBlocks } from './content_store/blocks.mjs';
import { RequestError } from './content_store/errors.mjs';
import { parts } from './content_store/multipart.mjs';
import { addDirectories, addFile, car, list, parsePath, resolve } from './content_store/unixfs.mjs';

const usage =
    'usage: node content-store.mjs --dir <folder> [--port 5001] [--host 127.0.0.1] [--max-upload-bytes 1073741824]';
const exitConfiguration = 78;

// The largest block that other IPFS nodes accept.
const maxBlockBytes = 1024 * 1024;

function settings() {
    let values;
    try {
        ({ values } = parseArgs({
            options: {
                dir: { type: 'string' },
                port: { type: 'string', default: '5001' },
                host: { type: 'string', default: '127.0.0.1' },
                'max-upload-bytes': { type: 'string', default: String(1024 ** 3) },
                help: { type: 'boolean', default: false },
            },
        }));
    } catch (error) {
        stop([error.message]);
    }
    if (values.help) {
        console.log(usage);
        process.exit(0);
    }
    const mistakes = [];
    if (!values.dir) {
        mistakes.push('--dir is required');
    }
    const integer = (name, max) => {
        if (!/^\d{1,15}$/.test(values[name]) || Number(values[name]) > max) {
            mistakes.push(`--${name} must be an integer up to ${max}`);
        }
        return Number(values[name]);
    };
    const port = integer('port', 65535);
    const maxUploadBytes = integer('max-upload-bytes', Number.MAX_SAFE_INTEGER);
    if (mistakes.length) {
        stop(mistakes);
    }
    return { dir: values.dir, port, host: values.host, maxUploadBytes };
}

function stop(mistakes) {
    console.error([...mistakes, usage].join('\n'));
    process.exit(exitConfiguration);
}

const { dir, port, host, maxUploadBytes } = settings();
const blocks = new FolderBlocks(dir);

// ---- Requests

function flag(query, name, otherwise) {
    const value = query.get(name);
    if (value === null) {
        return otherwise;
    }
    if (/^(true|1|t|)$/i.test(value)) {
        return true;
    }
    if (/^(false|0|f)$/i.test(value)) {
        return false;
    }
    throw new RequestError(400, `invalid value for option "${name}": "${value}" is not a boolean`);
}

function integer(query, name) {
    const value = query.get(name);
    if (value === null) {
        return undefined;
    }
    if (!/^\d{1,15}$/.test(value)) {
        throw new RequestError(400, `invalid value for option "${name}": "${value}" is no whole number`);
    }
    return Number(value);
}

function argument(query, name) {
    const values = query.getAll('arg');
    if (values.length !== 1 || values[0] === '') {
        throw new RequestError(400, `argument "${name}" is required, once`);
    }
    return values[0];
}

/** Refuses options that would give another CID than the client expects. */
function addOptions(query) {
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
        target: flag(query, 'only-hash', false) ? noBlocks : blocks,
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

async function add(request, response, query) {
    const { target, ...options } = addOptions(query);
    const files = [];
    const directories = [];
    for await (const { filename, contentType, body } of parts(request, maxUploadBytes)) {
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

async function cat(request, response, query) {
    const node = await resolve(parsePath(argument(query, 'ipfs-path')), blocks);
    const size = contentSize(node);
    const offset = integer(query, 'offset') ?? 0;
    const length = Math.max(0, Math.min(integer(query, 'length') ?? size, size - offset));
    await sendContent(request, response, node, { offset: Math.min(offset, size), length }, 200, {
        'Content-Type': 'text/plain',
        'X-Content-Type-Options': 'nosniff',
    });
}

async function blockPut(request, response, query) {
    const codecs = { raw: raw.code, 'dag-pb': dagPb.code, protobuf: dagPb.code };
    const codec = query.get('cid-codec') ?? query.get('format') ?? 'raw';
    if (!Object.hasOwn(codecs, codec)) {
        throw new RequestError(400, `option "cid-codec": "${codec}" is not supported, only raw and dag-pb`);
    }
    if ((query.get('mhtype') ?? 'sha2-256') !== 'sha2-256') {
        throw new RequestError(400, 'option "mhtype": only sha2-256 is supported');
    }
    const lines = [];
    for await (const { body } of parts(request, maxUploadBytes)) {
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
        await blocks.put(cid, block);
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

async function blockGet(request, response, query) {
    answer(response, 200, 'application/octet-stream', await blocks.get(blockArgument(query)));
}

async function blockStat(request, response, query) {
    const cid = blockArgument(query);
    answerJson(response, 200, { Key: cid.toString(), Size: (await blocks.get(cid)).length });
}

async function version(request, response) {
    answerJson(response, 200, { Version: '0.0.0-lamda', Commit: '', Repo: '', System: '', Golang: '' });
}

async function id(request, response) {
    answerJson(response, 200, {
        ID: 'lamda-content-store',
        PublicKey: '',
        Addresses: [],
        AgentVersion: 'lamda-content-store',
        Protocols: [],
    });
}

const commands = new Map([
    ['add', add],
    ['cat', cat],
    ['block/put', blockPut],
    ['block/get', blockGet],
    ['block/stat', blockStat],
    ['version', version],
    ['id', id],
]);

function gatewayFormat(request, query) {
    const accepted = /application\/vnd\.ipld\.(raw|car)/.exec(request.headers.accept ?? '')?.[1];
    const format = query.get('format') ?? accepted ?? 'unixfs';
    if (!['unixfs', 'raw', 'car'].includes(format)) {
        throw new RequestError(400, `format "${format}" is not supported, only raw and car`);
    }
    return format;
}

async function gateway(request, response, path, query) {
    let decoded;
    try {
        decoded = decodeURIComponent(path);
    } catch {
        throw new RequestError(400, 'the path is not correctly percent-encoded');
    }
    const parsed = parsePath(decoded);
    const format = gatewayFormat(request, query);
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('X-Content-Type-Options', 'nosniff');

    if (format === 'raw') {
        const cid = parsed.names.length ? (await resolve(parsed, blocks)).cid : parsed.root;
        const block = await blocks.get(cid);
        immutable(response, `${cid}.raw`);
        return answer(response, 200, 'application/vnd.ipld.raw', block);
    }
    if (format === 'car') {
        if (parsed.names.length) {
            throw new RequestError(400, 'format "car": a path is not supported; use a CID');
        }
        await blocks.get(parsed.root);
        immutable(response, `${parsed.root}.car`);
        response.setHeader('Content-Type', 'application/vnd.ipld.car; version=1; order=dfs; dups=n');
        return send(request, response, 200, car(parsed.root, blocks));
    }

    const node = await resolve(parsed, blocks);
    if (node.type === 'directory') {
        const entries = await list(node, blocks);
        immutable(response, `DirIndex-${node.cid}`);
        return answerJson(response, 200, { cid: node.cid.toString(), type: 'directory', entries });
    }
    const size = contentSize(node);
    const range = rangeOf(request.headers.range, size);
    if (range === 'unsatisfiable') {
        response.setHeader('Content-Range', `bytes */${size}`);
        throw new RequestError(416, 'the range is outside the file');
    }
    immutable(response, node.cid.toString());
    const headers = { 'Content-Type': 'application/octet-stream', 'Accept-Ranges': 'bytes' };
    if (range) {
        headers['Content-Range'] = `bytes ${range.offset}-${range.offset + range.length - 1}/${size}`;
    }
    return sendContent(request, response, node, range ?? { offset: 0, length: size }, range ? 206 : 200, headers);
}

function immutable(response, tag) {
    response.setHeader('Cache-Control', 'public, max-age=29030400, immutable');
    response.setHeader('Etag', `"${tag}"`);
}

/** Returns one range of RFC 9110, or null for the whole file. */
function rangeOf(header, size) {
    const match = /^bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/.exec(header ?? '');
    if (!match) {
        return null;
    }
    const [, first, last, suffix] = match;
    const offset = suffix === undefined ? Number(first) : Math.max(0, size - Number(suffix));
    const end = suffix !== undefined || last === '' ? size : Math.min(size, Number(last) + 1);
    if (last && Number(last) < offset) {
        return null;
    }
    return offset < end ? { offset, length: end - offset } : 'unsatisfiable';
}

function contentSize(node) {
    if (node.type === 'directory') {
        throw new RequestError(400, 'this dag node is a directory');
    }
    if (!['file', 'raw', 'identity'].includes(node.type)) {
        throw new RequestError(400, `${node.cid} is not a UnixFS file`);
    }
    return Number(node.size);
}

// ---- Answers

function answer(response, status, contentType, body) {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': bytes.length });
    response.end(response.req.method === 'HEAD' ? undefined : bytes);
}

function answerJson(response, status, value) {
    answer(response, status, 'application/json', `${JSON.stringify(value)}\n`);
}

async function sendContent(request, response, node, { offset, length }, status, headers) {
    for (const [name, value] of Object.entries(headers)) {
        response.setHeader(name, value);
    }
    response.setHeader('Content-Length', length);
    const content = length ? node.content({ offset, length }) : [];
    await send(request, response, status, content);
}

/** Sends a stream. Awaits the first piece before the headers, so that a missing block gives an error status. */
async function send(request, response, status, content) {
    if (request.method === 'HEAD') {
        response.writeHead(status);
        response.end();
        return;
    }
    const pieces = content[Symbol.asyncIterator]?.() ?? content[Symbol.iterator]();
    const first = await pieces.next();
    response.writeHead(status);
    const all = async function* () {
        for (let next = first; !next.done; next = await pieces.next()) {
            yield next.value;
        }
    };
    // A client that disconnects, or a later missing block, ends the connection; the client sees it by Content-Length.
    await pipeline(Readable.from(all(), { objectMode: false }), response);
}

async function handle(request, response) {
    let url;
    try {
        url = new URL(`http://store${request.url}`);
    } catch {
        throw new RequestError(400, 'the request target is malformed');
    }
    const { pathname, searchParams: query } = url;
    if (pathname.startsWith('/api/v0/')) {
        const command = commands.get(pathname.slice('/api/v0/'.length));
        if (!command) {
            throw new RequestError(404, `${pathname} is not served here`);
        }
        if (request.method !== 'POST') {
            response.setHeader('Allow', 'POST');
            throw new RequestError(405, 'use POST');
        }
        // As kubo: refuses requests from web pages.
        if (request.headers.origin) {
            throw new RequestError(403, 'requests from web pages are refused');
        }
        return command(request, response, query);
    }
    if (pathname.startsWith('/ipfs/')) {
        if (request.method !== 'GET' && request.method !== 'HEAD') {
            response.setHeader('Allow', 'GET, HEAD');
            throw new RequestError(405, 'use GET or HEAD');
        }
        return gateway(request, response, pathname, query);
    }
    throw new RequestError(404, `${pathname} is not served here`);
}

function refuse(request, response, error) {
    const known = error instanceof RequestError;
    if (!known && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') {
        console.error(`${request.method} ${request.url.slice(0, 200)}: ${error.stack}`);
    }
    if (response.headersSent) {
        response.destroy();
        return;
    }
    for (const name of ['Content-Length', 'Cache-Control', 'Etag']) {
        response.removeHeader(name);
    }
    // Discards the rest of an upload for up to 2 s, so that the client reads the answer.
    response.setHeader('Connection', 'close');
    const message = known ? error.message : 'internal error';
    answerJson(response, known ? error.status : 500, { Message: message, Code: 0, Type: 'error' });
    if (!request.complete) {
        const timeout = setTimeout(() => request.destroy(), 2000);
        request.on('close', () => clearTimeout(timeout));
        request.on('error', () => {});
        request.resume();
    }
}

const server = createServer({ requestTimeout: 600_000, headersTimeout: 20_000 }, (request, response) => {
    response.on('error', () => {});
    handle(request, response).catch((error) => refuse(request, response, error));
});
server.on('clientError', (error, socket) => {
    if (socket.writable && error.code !== 'ECONNRESET') {
        socket.write('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    }
    socket.destroy();
});
server.on('error', (error) => {
    console.error(`cannot listen on ${host}:${port}: ${error.message}`);
    process.exit(1);
});
for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
        server.close(() => process.exit(0));
        server.closeIdleConnections();
        setTimeout(() => process.exit(0), 2000).unref();
    });
}

try {
    await blocks.open();
} catch (error) {
    console.error(`--dir: ${error.message}`);
    process.exit(exitConfiguration);
}
server.listen(port, host, () => console.log(JSON.stringify({ port: server.address().port })));
