// Gateway of the content store, GET /ipfs/…: files, directories, blocks and CARs.

import { answer, answerJson, contentSize, send, sendContent } from './answers.mjs';
import { RequestError } from './errors.mjs';
import { car, list, parsePath, resolve } from './unixfs.mjs';

function gatewayFormat(request, query) {
    const accepted = /application\/vnd\.ipld\.(raw|car)/.exec(request.headers.accept ?? '')?.[1];
    const format = query.get('format') ?? accepted ?? 'unixfs';
    if (!['unixfs', 'raw', 'car'].includes(format)) {
        throw new RequestError(400, `format "${format}" is not supported, only raw and car`);
    }
    return format;
}

/** Answers GET or HEAD of /ipfs/<cid>[/path]. */
export async function gateway(blocks, request, response, path, query) {
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
