// A content store for the local network and for tests: the part of kubo's HTTP interface that Lamda uses, on the
// reference UnixFS packages. It has no peers and no accounts: keep it on the loopback address.
//
//   node tools/devnet/content-store.mjs --dir <folder> [--port 5001] [--host 127.0.0.1] [--max-upload-bytes N]
//
// Prints one line, {"port":N}, when ready.

import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { answerJson } from './content_store/answers.mjs';
import { FolderBlocks } from './content_store/blocks.mjs';
import { commands } from './content_store/commands.mjs';
import { RequestError } from './content_store/errors.mjs';
import { gateway } from './content_store/gateway.mjs';

const usage =
    'usage: node content-store.mjs --dir <folder> [--port 5001] [--host 127.0.0.1] [--max-upload-bytes 1073741824]';
const exitConfiguration = 78;

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
        return command({ blocks, maxUploadBytes }, request, response, query);
    }
    if (pathname.startsWith('/ipfs/')) {
        if (request.method !== 'GET' && request.method !== 'HEAD') {
            response.setHeader('Allow', 'GET, HEAD');
            throw new RequestError(405, 'use GET or HEAD');
        }
        return gateway(blocks, request, response, pathname, query);
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
