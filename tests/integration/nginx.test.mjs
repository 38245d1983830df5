// deploy/nginx/lamda.conf in a real nginx: its own refusals are problem documents that a web page can read.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { request } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';

const origin = 'https://app.example.org';
const folder = mkdtempSync(`${tmpdir()}/lamda-nginx-`);
const gateway = createServer((incoming, answer) => {
    if (incoming.url === '/hang') {
        return;
    }
    answer.writeHead(404, {
        'Content-Type': 'application/problem+json', 'X-Request-Id': 'of-the-gateway', ETag: 'W/"1"',
        'Strict-Transport-Security': 'max-age=31536000',
    });
    answer.end(JSON.stringify({
        code: 'of_the_gateway', proto: incoming.headers['x-forwarded-proto'], client: incoming.headers['x-forwarded-for'],
        condition: incoming.headers['if-none-match'],
    }));
});
gateway.on('upgrade', (incoming, socket) => {
    const { upgrade, connection, 'x-forwarded-for': client, 'sec-websocket-key': key } = incoming.headers;
    socket.end(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n${JSON.stringify({ upgrade, connection, client, key })}`);
});
let nginx;
let port;

/** Below the range of outgoing connections, one of which could take the port before nginx does. */
async function freePort() {
    for (;;) {
        const found = 10_000 + Math.floor(Math.random() * 5_000);
        const server = createTcpServer().listen(found, '127.0.0.1');
        try {
            await once(server, 'listening');
        } catch (error) {
            assert.equal(error.code, 'EADDRINUSE');
            continue;
        }
        server.close();
        await once(server, 'close');
        return found;
    }
}

function ask({ path = '/api/jobs', method = 'GET', headers = {}, body } = {}) {
    return new Promise((resolve, reject) => {
        const sent = request(
            { host: '127.0.0.1', port, path, method, rejectUnauthorized: false, agent: false, headers: { Origin: origin, ...headers } },
            (answer) => {
                let text = '';
                answer.on('data', (part) => { text += part; });
                answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: text && JSON.parse(text) }));
                answer.on('error', reject);
            },
        );
        sent.on('error', reject);
        sent.end(body);
    });
}

function checkProblem(answer, status, code) {
    assert.equal(answer.status, status, JSON.stringify(answer));
    assert.equal(answer.headers['content-type'], 'application/problem+json');
    assert.equal(answer.headers['access-control-allow-origin'], origin);
    assert.match(answer.headers['access-control-expose-headers'], /RateLimit-Policy, Retry-After/);
    assert.equal(answer.headers['access-control-allow-credentials'], 'true');
    assert.equal(answer.headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'");
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000');
    assert.equal(answer.headers.vary, 'Origin');
    assert.deepEqual(Object.keys(answer.body).sort(), ['code', 'detail', 'instance', 'request_id', 'status', 'title', 'type']);
    assert.equal(answer.body.status, status);
    assert.equal(answer.body.code, code);
    assert.equal(answer.body.type, `urn:lamda:error:${code}`);
    assert.equal(answer.body.request_id, answer.headers['x-request-id']);
}

before(async () => {
    gateway.listen(0, '127.0.0.1');
    await once(gateway, 'listening');
    port = await freePort();
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost',
        '-keyout', `${folder}/privkey.pem`, '-out', `${folder}/fullchain.pem`], { stdio: 'ignore' });
    const shipped = readFileSync(new URL('../../deploy/nginx/lamda.conf', import.meta.url), 'utf8');
    const changed = [
        ['/etc/ssl/lamda', folder],
        [/^ *listen \[::\].*\n/gm, ''],
        ['listen 80;', `listen 127.0.0.1:${await freePort()};`],
        ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
        ['server 127.0.0.1:8080;', `server 127.0.0.1:${gateway.address().port};`],
        ['rate=50r/s', 'rate=1r/m'],
        ['proxy_read_timeout      30s', 'proxy_read_timeout      600s'],
        // Only for the request that hangs: the other answers may be late.
        ['location / {', `location = /hang {\n            proxy_pass http://lamda_gateway;\n            proxy_read_timeout 1s;\n        }\n\n        location / {`],
    ].reduce((text, [from, to]) => {
        const edited = text.replaceAll(from, to);
        assert.notEqual(edited, text, `deploy/nginx/lamda.conf has no ${from}`);
        return edited;
    }, shipped);
    writeFileSync(`${folder}/lamda.conf`, changed);
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
    writeFileSync(`${folder}/nginx.conf`,
        `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;\nevents {}\n` +
        `http { access_log off; ${temporary} include ${folder}/lamda.conf; }\n`);
    nginx = spawn('/usr/sbin/nginx', ['-c', `${folder}/nginx.conf`, '-e', `${folder}/error.log`], { stdio: 'inherit' });
    for (;;) {
        assert.equal(nginx.exitCode, null, 'nginx ended');
        try {
            await ask({ path: '/none' });
            return;
        } catch (error) {
            assert.equal(error.code, 'ECONNREFUSED');
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
    }
});

after(async () => {
    if (nginx?.exitCode === null) {
        nginx.kill();
        await once(nginx, 'exit');
    }
    gateway.closeAllConnections();
    gateway.close();
    rmSync(folder, { recursive: true });
});

test('a body over the limit, an encoded body, a head over the limit', async () => {
    checkProblem(await ask({ method: 'POST', headers: { 'Content-Length': 300_000 } }), 413, 'body_too_large');
    checkProblem(await ask({ headers: { Cookie: `a=${'x'.repeat(12_000)}` } }), 431, 'header_too_large');
    checkProblem(await ask({ method: 'POST', headers: { 'Content-Encoding': 'gzip' }, body: '{}' }), 415, 'unsupported_content_encoding');
});

test('answers of the gateway are passed on unchanged', async () => {
    const answer = await ask({ path: '/api/jobs?limit=1' });
    assert.equal(answer.status, 404);
    assert.equal(answer.body.code, 'of_the_gateway');
    assert.equal(answer.headers['x-request-id'], 'of-the-gateway');
    assert.equal(answer.headers.etag, 'W/"1"');
    assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000');
});

test('the gateway sees the condition, the scheme and the client, never what the client says of itself', async () => {
    const forged = { 'X-Forwarded-For': '192.0.2.9', 'X-Forwarded-Proto': 'http', 'If-None-Match': 'W/"1"' };
    const { body } = await ask({ headers: forged });
    assert.deepEqual([body.proto, body.client, body.condition], ['https', '127.0.0.1', 'W/"1"']);
});

test('the handshake of a WebSocket is passed on, and what follows it', async () => {
    for (const path of ['/api/ws?channel=global', '/api/v1/ws']) {
        const sent = request({ host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false, headers: {
            Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', 'X-Forwarded-For': '192.0.2.9',
        } });
        sent.end();
        const [answer, socket, head] = await once(sent, 'upgrade');
        assert.equal(answer.statusCode, 101);
        let text = head.toString();
        for await (const part of socket) {
            text += part;
        }
        assert.deepEqual(JSON.parse(text), { upgrade: 'websocket', connection: 'upgrade', client: '127.0.0.1', key: 'dGhlIHNhbXBsZSBub25jZQ==' });
    }
});

test('the problem contains the path, without the query, up to the first character that needs an escape', async () => {
    const refused = { method: 'POST', headers: { 'Content-Encoding': 'gzip' }, body: '{}' };
    assert.equal((await ask({ ...refused, path: '/api/jobs?token=x' })).body.instance, '/api/jobs');
    assert.equal((await ask({ ...refused, path: '/a"b' })).body.instance, '/a');
});

test('a stranger gets the problem without CORS headers', async () => {
    const answer = await ask({ method: 'POST', headers: { Origin: 'https://evil.example.org', 'Content-Encoding': 'gzip' }, body: '{}' });
    assert.equal(answer.status, 415);
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
    assert.equal(answer.headers['access-control-expose-headers'], undefined);
    assert.equal(answer.headers['access-control-allow-credentials'], undefined);
});

test('a gateway that hangs: 504; an unavailable gateway: 502; both with Retry-After', async () => {
    const hangs = await ask({ path: '/hang' });
    checkProblem(hangs, 504, 'gateway_unavailable');
    assert.ok(Number(hangs.headers['retry-after']) > 0);
    gateway.closeAllConnections();
    gateway.close();
    const away = await ask();
    checkProblem(away, 502, 'gateway_unavailable');
    assert.ok(Number(away.headers['retry-after']) > 0);
});

test('too many requests: 429 with Retry-After', async () => {
    for (let n = 0; n < 700; ++n) {
        const answer = await ask();
        if (answer.status === 429) {
            checkProblem(answer, 429, 'too_many_requests');
            assert.ok(Number(answer.headers['retry-after']) > 0);
            return;
        }
    }
    assert.fail('no request was limited');
});
