// Requests that no client library sends: broken lines and framing, odd methods, and parts of absurd length or depth. Each
// is `{name, bytes}`; every one must be refused with a problem document, or the connection closed.

import fc from 'fast-check';

import { ownId, sqlTexts } from './values.mjs';

const bytesOf = (text) => Buffer.from(text, 'latin1');
const get = (target, fields = 'Host: x\r\n', method = 'GET') => bytesOf(`${method} ${target} HTTP/1.1\r\n${fields}\r\n`);
const post = (target, body, fields = '', method = 'POST') =>
    bytesOf(`${method} ${target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${fields}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);

const targets = [
    '/api/jobs/%', '/api/jobs/%zz', '/api/jobs/%0', '/api/jobs/%00', '/api/jobs/%ff%fe', '/api/jobs/%c0%af', '/api/jobs/%ed%a0%80',
    '/api/jobs?limit=%', '/api/jobs?%=1', '/api/jobs?limit=1%0d%0aX: y', '/api/jobs?status=%u0041', '/../etc/passwd', '/api/../../etc/passwd',
    '/api/jobs/..%2f..%2fetc', '/api/./jobs/x', '//api/jobs', '/api//jobs', '/api/jobs/%2e%2e', '/api/jobs;x=1', '/api/jobs/\\..\\', '*', 'api/jobs',
    'http://evil.example/api/jobs/x', 'http://', '/\u00ff', `/${'a'.repeat(7000)}`, `/${'a/'.repeat(3000)}`, `/api/jobs?${'limit=1&'.repeat(900)}`,
    `/api/jobs?cursor=${'A'.repeat(6000)}`, `/${'%41'.repeat(2000)}`,
];
const fields = [
    'Host: x\r\nHost: y\r\n', '', 'Host x\r\n', 'Host : x\r\n', ' Host: x\r\n', 'Host: x\r\nX: a\r\n b\r\n', 'Host: x\r\n: empty\r\n',
    'Host: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n', 'Host: x\r\nContent-Length: -1\r\n', 'Host: x\r\nContent-Length: 99999999999999999999\r\n',
    'Host: x\r\nContent-Length: 1e3\r\n', 'Host: x\r\nContent-Length: 0x10\r\n', 'Host: x\r\nTransfer-Encoding: gzip, chunked\r\n',
    'Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n', 'Host: x\r\nTransfer-Encoding: \x0bchunked\r\n',
    'Host: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', 'Host: x\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n',
    'Host: x\r\nX: \x00\r\n', 'Host: x\r\nX: a\nY: b\r\n', `Host: x\r\n${'A: b\r\n'.repeat(3000)}`, `Host: x\r\nX: ${'y'.repeat(70_000)}\r\n`,
    `Host: x\r\n${'z'.repeat(20_000)}: 1\r\n`,
];
const lines = [
    'GET\r\n\r\n', 'GET /\r\n\r\n', 'GET  /api/jobs HTTP/1.1\r\nHost: x\r\n\r\n', 'GET /api/jobs HTTP/9.9\r\nHost: x\r\n\r\n', 'GET /api/jobs HTTP/2.0\r\n\r\n',
    'GET /api/jobs http/1.1\r\nHost: x\r\n\r\n', 'GET /api/jobs HTTP/1.1 x\r\nHost: x\r\n\r\n', 'G\x00T / HTTP/1.1\r\nHost: x\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', '{"jsonrpc":"2.0"}\r\n\r\n', 'GET\t/api/jobs\tHTTP/1.1\r\nHost: x\r\n\r\n',
    `${'M'.repeat(10_000)} / HTTP/1.1\r\nHost: x\r\n\r\n`,
];
const chunks = ['z\r\n', '-1\r\n', 'ffffffffffffffff1\r\n', '4\r\nabcdX\r\n', '1;x=\x00\r\na\r\n0\r\n\r\n', '0\r\nX: \x00\r\n\r\n', '40000000\r\n'];
const methods = ['BREW', 'get', 'PATCH', 'TRACE', 'CONNECT', 'DELETE', 'GET\u00e9', 'PROPFIND'];

/** JSON of this depth, as a body of its own and below each member that a body has. */
const depth = 10_000;
const deep = (open, close) => open.repeat(depth) + close.repeat(depth);

/** @param operations of openapi.yaml. @param seed of the random bytes */
export function hostileRequests(operations, seed) {
    const bodies = operations.filter(({ body }) => body !== undefined);
    const filled = (template) => template.replace('{address}', `0x${'ab'.repeat(20)}`).replaceAll(/\{\w+\}/g, `0x${'ab'.repeat(32)}`);
    const found = [
        ...targets.map((target) => ({ name: `target ${target.slice(0, 60)}`, bytes: get(target) })),
        ...fields.map((text) => ({ name: `header ${JSON.stringify(text.slice(0, 60))}`, bytes: get('/api/jobs/x', text) })),
        ...lines.map((text) => ({ name: `line ${JSON.stringify(text.slice(0, 60))}`, bytes: bytesOf(text) })),
        ...chunks.map((text) => ({
            name: `chunk ${JSON.stringify(text)}`,
            bytes: bytesOf(`POST /api/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${text}`),
        })),
        ...methods.map((method) => ({ name: `method ${method}`, bytes: get('/api/jobs', 'Host: x\r\nContent-Length: 0\r\n', method) })),
    ];
    for (const { method, template, body } of bodies) {
        const members = Object.keys(body.properties ?? {});
        const nested = [deep('[', ']'), deep('{"a":', '}').replace(':}', ':1}'), '['.repeat(depth), ...members.map((name) => `{"${name}":${deep('[', ']')}}`)];
        nested.forEach((text) => found.push({ name: `${method} ${template} with JSON of depth ${depth}`, bytes: post(filled(template), text, '', method) }));
        found.push({ name: `${method} ${template} with a body over the limit`, bytes: post(filled(template), `"${'x'.repeat(300_000)}"`, '', method) });
    }
    const noise = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 400 }), { seed, numRuns: 40 });
    noise.forEach((bytes, index) => found.push({ name: `random bytes ${index}`, bytes: Buffer.concat([Buffer.from(bytes), bytesOf('\r\n\r\n')]) }));
    return found;
}

/** SQL in every parameter and in every text of every body: as those of requests.mjs. */
export function sqlRequests(operations, pools) {
    const found = [];
    for (const operation of operations) {
        const placed = (where) => operation.parameters.filter((each) => each.in === where).map(({ name }) => name);
        const path = Object.fromEntries(placed('path').map((name) => [name, pools.paths[name] ?? ownId]));
        const base = { operation: operation.id, kind: 'absurd', caller: operation.callers[0], method: operation.method, path, query: [], headers: {}, body: undefined };
        for (const text of sqlTexts) {
            placed('path').forEach((name) => found.push({ ...base, path: { ...path, [name]: text } }));
            placed('query').forEach((name) => found.push({ ...base, query: [[name, text]] }));
            placed('header').forEach((name) => found.push({ ...base, headers: { [name]: text } }));
            if (operation.body !== undefined) {
                const members = Object.keys(operation.body.properties ?? {});
                [...members.map((name) => ({ [name]: text })), { [text]: text }].forEach((body) =>
                    found.push({ ...base, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }));
            }
        }
    }
    return found;
}
