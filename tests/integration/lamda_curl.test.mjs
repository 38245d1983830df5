// `lamda … --curl`: the printed line, run by a shell, makes the request that the command itself makes; printing it asks
// nothing and needs no key.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const id = `0x${'ab'.repeat(32)}`;
const address = '0x90f79bf6eb2c4f870365e785982e1f101e93b906';
const token = "a token with 'quotes' and $dollars";
let asked = [];
const gateway = createServer(async (request, answer) => {
    const parts = [];
    for await (const part of request) {
        parts.push(part);
    }
    const { 'content-type': type, authorization } = request.headers;
    asked.push({ method: request.method, url: request.url, type, authorization, body: Buffer.concat(parts).toString() });
    answer.end(request.url.includes('follow=true') ? '{"stream":"end","status":"completed"}\n' : '{"status":"running","items":[],"next_cursor":null}');
});
let base;
before(async () => {
    gateway.listen(0, '127.0.0.1');
    await once(gateway, 'listening');
    base = `http://127.0.0.1:${gateway.address().port}`;
});
after(() => gateway.close());

const lamda = (words, env = {}) => run(process.env.LAMDA, words, { env: { PATH: process.env.PATH, LAMDA_API_URL: base, ...env } });
/** Requests that the work makes. */
async function during(work) {
    asked = [];
    await work().catch(() => undefined);  // the gateway's answers are not complete: a command may fail after its request
    return asked;
}
async function shown(words, env) {
    const requests = asked.length;
    const { stdout, stderr } = await lamda([...words, '--curl'], env);
    assert.equal(asked.length, requests, 'nothing is asked');
    assert.equal(stderr, '');
    assert.match(stdout, /^curl [^\n]+\n$/);
    return stdout;
}
const byShell = (line, env = {}) => during(() => run('sh', ['-c', line], { env: { PATH: process.env.PATH, ...env } }));

for (const words of [
    ['job', 'show', id], ['job', 'list', '--status', "a'b&c d", '--limit', '7'], ['job', 'events', id, '--limit', '9'], ['job', 'logs', id],
    ['job', 'logs', '-f', id, '--attempt', '2', '--stream', 'stderr'], ['receipt', 'show', id], ['node', 'show', address], ['node', 'list'],
]) {
    test(`lamda ${words.join(' ')}`, async () => {
        const own = await during(() => lamda(words));
        assert.equal(own.length, 1);
        assert.deepEqual(await byShell(await shown(words)), own);
    });
}

for (const words of [['key', 'list'], ['key', 'create', '--name', 'shop', '--scope', 'sessions:read'], ['key', 'revoke', '0123456789abcdef']]) {
    test(`lamda ${words.join(' ')}: the token is a variable`, async () => {
        const env = { OPERATOR_TOKEN: token };
        const own = await during(() => lamda(words, env));
        assert.equal(own.length, 1);
        const line = await shown(words, env);
        assert.ok(!line.includes(token));
        assert.deepEqual(await byShell(line, env), own);
    });
}

test('lamda job cancel --operator: the token is a variable', async () => {
    const words = ['job', 'cancel', id, '--operator'];
    const own = await during(() => lamda([...words, '--yes'], { OPERATOR_TOKEN: token }));
    const line = await shown(words, { OPERATOR_TOKEN: token });
    assert.ok(line.includes('$OPERATOR_TOKEN') && !line.includes('quotes'), line);
    assert.deepEqual(await byShell(line, { OPERATOR_TOKEN: token }), own.slice(-1));
    assert.equal(own.at(-1).authorization, `Bearer ${token}`);
    assert.equal(await shown(words), line, 'without a token, too');
});

test('lamda job cancel: the signature is a variable, and no chain and no key are asked', async () => {
    const [request] = await byShell(await shown(['job', 'cancel', id]), { SIGNATURE: '0x12' });
    assert.equal(`${request.method} ${request.url}`, `POST /api/jobs/${id}/cancel`);
    const { expires_at: until, signature } = JSON.parse(request.body);
    assert.equal(signature, '0x12');
    assert.ok(Number.isInteger(until) && until > Date.now() / 1000);
});

test('lamda job create: the body of POST /api/jobs, and no key', async () => {
    const words = ['job', 'create', '--provider', address, '--image', 'lamda/busybox:1.35', '--payment', '0.01ether', '--env', "A='$HOME'"];
    const key = `0x${'11'.repeat(32)}`;
    const { stdout: line } = await lamda([...words, '--curl', '--', 'sh', '-c', 'echo "$USER"'], { WALLET_PRIVATE_KEY: key });
    assert.ok(!line.includes('11111111'), line);
    const [request] = await byShell(line);
    assert.equal(`${request.method} ${request.url} ${request.type}`, 'POST /api/jobs application/json');
    const { spec, payment_amount: payment } = JSON.parse(request.body);
    assert.equal(payment, '10000000000000000');
    assert.deepEqual([spec.provider, spec.command, spec.env], [address, ['sh', '-c', 'echo "$USER"'], { A: "'$HOME'" }]);
});

test('an address with a login is a variable', async () => {
    const line = await shown(['job', 'show', id], { LAMDA_API_URL: base.replace('http://', 'http://user:password@') });
    assert.ok(!line.includes('password'), line);
    const [request] = await byShell(line, { LAMDA_API_URL: base });
    assert.equal(request.url, `/api/jobs/${id}`);
});

test('--curl is refused where the request needs others before it, or there is none', async () => {
    for (const words of [
        ['job', 'show', id, '--chain-only'], ['node', 'list', '--chain-only'], ['job', 'confirm', id], ['job', 'claim', id], ['node', 'register', '--gpu', 'x', '--vram', '1'],
        ['job', 'create', '--payment', '1', '--secret', 'A=/dev/null'],
    ]) {
        await assert.rejects(lamda([...words, '--curl']), { code: 2 }, words.join(' '));
    }
});
