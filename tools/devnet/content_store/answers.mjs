// Answers of the content store: bytes, JSON, and streams of content.

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RequestError } from './errors.mjs';

export function answer(response, status, contentType, body) {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': bytes.length });
    response.end(response.req.method === 'HEAD' ? undefined : bytes);
}

export function answerJson(response, status, value) {
    answer(response, status, 'application/json', `${JSON.stringify(value)}\n`);
}

export async function sendContent(request, response, node, { offset, length }, status, headers) {
    for (const [name, value] of Object.entries(headers)) {
        response.setHeader(name, value);
    }
    response.setHeader('Content-Length', length);
    const content = length ? node.content({ offset, length }) : [];
    await send(request, response, status, content);
}

/** Sends a stream. Awaits the first piece before the headers, so that a missing block gives an error status. */
export async function send(request, response, status, content) {
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

export function contentSize(node) {
    if (node.type === 'directory') {
        throw new RequestError(400, 'this dag node is a directory');
    }
    if (!['file', 'raw', 'identity'].includes(node.type)) {
        throw new RequestError(400, `${node.cid} is not a UnixFS file`);
    }
    return Number(node.size);
}
