// The built client against a scripted fetch: what it sends, repeats, and makes of each answer.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { JobEnded, Lamda, LamdaError, WalletError, accountOf, rpcWallet, sendTransaction } from '@lamda/sdk';

const id = `0x${'ab'.repeat(32)}`;
const job = (status, more = {}) => ({ id, status, error_message: null, ...more });
const json = (value, status = 200, headers = {}) => new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json', ...headers } });
const problem = (status, code, headers = {}, more = {}) => json({
    type: `urn:lamda:error:${code}`, title: 't', status, detail: 'd', instance: '/api', code, request_id: 'r1', ...more,
}, status, { 'content-type': 'application/problem+json', ...headers });

/** A client whose requests get these answers in turn; an Error is a failed connection. The gateway has no live feed: jobs are polled. */
function scripted(answers, options = {}) {
    const asked = [];
    const pauses = [];
    const lamda = new Lamda({
        url: 'http://gateway/', sleep: async (milliseconds, signal) => {
            signal?.throwIfAborted();
            pauses.push(milliseconds);
        },
        fetch: async (request) => {
            if (request.url.startsWith('http://gateway/api/events')) {
                return problem(404, 'not_found');
            }
            asked.push({
                method: request.method, url: request.url.replace('http://gateway', ''), key: request.headers.get('idempotency-key'),
                body: request.method === 'GET' ? undefined : await request.text(),
            });
            const answer = answers.shift();
            assert.notEqual(answer, undefined, `unexpected request ${JSON.stringify(asked.at(-1))}`);
            if (answer instanceof Error) {
                throw answer;
            }
            return answer;
        },
        ...options,
    });
    return { lamda, asked, pauses };
}
const collected = async (items) => {
    const found = [];
    for await (const item of items) {
        found.push(item);
    }
    return found;
};

test('a refusal is a LamdaError with code, request id and every wrong field', async () => {
    const errors = [{ pointer: '/spec/renter', code: 'required', detail: 'is missing' }, { pointer: '/payment_amount', code: 'too_small', detail: 'is 0' }];
    const { lamda } = scripted([problem(400, 'invalid_request', {}, { errors })]);
    await assert.rejects(lamda.submit({}), (error) => {
        assert.ok(error instanceof LamdaError);
        assert.deepEqual([error.code, error.status, error.requestId, error.errors], ['invalid_request', 400, 'r1', errors]);
        assert.match(error.message, /\/spec\/renter: is missing/);
        return true;
    });
});

test('an answer of something else than Lamda is a LamdaError, too', async () => {
    for (const answer of [new Response('<html>', { status: 404 }), new Response('', { status: 403, headers: { 'x-request-id': 'r9' } }), json(null, 400)]) {
        await assert.rejects(scripted([answer]).lamda.job(id), { name: 'LamdaError', code: 'invalid_answer', status: answer.status });
    }
});

test('429 and 503 are repeated after Retry-After with the same Idempotency-Key and body', async () => {
    const { lamda, asked, pauses } = scripted([
        problem(503, 'database_unavailable', { 'retry-after': '2' }), problem(429, 'spec_quota_client', { 'retry-after': '7' }), new TypeError('no connection'),
        json({ id }, 201),
    ]);
    assert.deepEqual(await lamda.submit({ spec: {}, payment_amount: '1' }), { id });
    assert.deepEqual(pauses.slice(0, 2), [2000, 7000]);
    assert.equal(asked.length, 4);
    assert.equal(new Set(asked.map(({ key, body }) => `${key} ${body}`)).size, 1);
    assert.match(asked[0].key, /^[0-9a-f]{32}$/);
});

test('a repetition whose first try is still being answered is repeated; another conflict is not', async () => {
    const { lamda, asked, pauses } = scripted([
        new TypeError('no connection'), problem(409, 'request_in_progress', { 'retry-after': '1' }), json({ id }, 201), problem(409, 'too_many_keys'),
    ]);
    assert.deepEqual(await lamda.submit({}), { id });
    assert.equal(pauses[1], 1000);
    assert.equal(new Set(asked.map(({ key }) => key)).size, 1);
    await assert.rejects(lamda.submit({}), (error) => error instanceof LamdaError && error.code === 'too_many_keys');
    assert.equal(asked.length, 4);
});

test('two submissions have different keys, a given key is used, and GET has none', async () => {
    const { lamda, asked } = scripted([json({}, 201), json({}, 201), json({}, 201), json(job('paid'))]);
    await lamda.submit({});
    await lamda.submit({});
    await lamda.submit({}, { idempotencyKey: 'mine' });
    await lamda.job(id);
    assert.notEqual(asked[0].key, asked[1].key);
    assert.deepEqual([asked[2].key, asked[3].key], ['mine', null]);
});

test('repetition is bounded by tries and by the total of the pauses', async () => {
    const busy = () => problem(503, 'busy', { 'retry-after': '1' });
    const few = scripted([busy(), busy(), busy()], { retry: { tries: 3 } });
    await assert.rejects(few.lamda.job(id), { code: 'busy' });
    assert.equal(few.asked.length, 3);
    const long = scripted([problem(429, 'later', { 'retry-after': '3600' })]);
    await assert.rejects(long.lamda.job(id), { code: 'later' });
    assert.deepEqual(long.pauses, []);
    const broken = scripted([new TypeError('a'), new TypeError('b')], { retry: { tries: 2 } });
    await assert.rejects(broken.lamda.job(id), /b/);
});

test('other refusals are not repeated', async () => {
    for (const status of [400, 401, 404, 409, 422, 500]) {
        const { lamda, asked } = scripted([problem(status, 'x')]);
        await assert.rejects(lamda.job(id), { status });
        assert.equal(asked.length, 1);
    }
});

test('a list goes on from page to page, and only as far as it is read', async () => {
    const pages = () => [json({ items: [1, 2], next_cursor: 'c+/=' }), json({ items: [], next_cursor: 'd' }), json({ items: [3], next_cursor: null })];
    const all = scripted(pages());
    assert.deepEqual(await collected(all.lamda.jobs({ status: 'paid', limit: 2 })), [1, 2, 3]);
    assert.deepEqual(all.asked.map(({ url }) => url), [
        '/api/jobs?status=paid&limit=2', '/api/jobs?status=paid&limit=2&cursor=c%2B%2F%3D', '/api/jobs?status=paid&limit=2&cursor=d',
    ]);
    const some = scripted(pages());
    for await (const item of some.lamda.nodes()) {
        assert.equal(item, 1);
        break;
    }
    assert.equal(some.asked.length, 1);
});

test('waitFor returns at a wanted status, throws at another end, and does not wait for a status that is passed', async () => {
    const path = (...statuses) => scripted(statuses.map((status) => json(job(status))));
    assert.equal((await path('submitted', 'created', 'running', 'running', 'completed').lamda.waitFor(id)).status, 'completed');
    assert.equal((await path('completed', 'confirmed', 'paid').lamda.waitFor(id, { statuses: ['paid'] })).status, 'paid');
    assert.equal((await path('running', 'retracted', 'created', 'failed').lamda.waitFor(id, { statuses: ['failed'] })).status, 'failed');
    for (const [statuses, wanted] of [[['running', 'failed']], [['cancelled']], [['expired']], [['mismatched']], [['created', 'completed'], ['running']]]) {
        await assert.rejects(path(...statuses).lamda.waitFor(id, wanted && { statuses: wanted }), JobEnded);
    }
});

test('pauses between looks grow while nothing changes', async () => {
    const { lamda, pauses } = scripted([...Array.from({ length: 12 }, () => json(job('running'))), json(job('completed'))]);
    await lamda.waitFor(id);
    assert.ok(pauses[0] <= 1000 && pauses.at(-1) >= 2500 && Math.max(...pauses) <= 5000, pauses.join());
});

test('another source of states can be given', async () => {
    const updates = { async *watch() { yield job('created'); yield job('paid'); } };
    assert.equal((await scripted([], { updates }).lamda.waitFor(id, { statuses: ['paid'] })).status, 'paid');
    await assert.rejects(scripted([], { updates }).lamda.waitFor(id, { statuses: ['failed'] }), JobEnded);
});

test('an aborted call rejects with the reason', async () => {
    const abort = new AbortController();
    const { lamda } = scripted([json(job('running'))]);
    const waiting = lamda.waitFor(id, { signal: abort.signal });
    abort.abort(new Error('the user left'));
    await assert.rejects(waiting, /the user left/);
});

test('the history of a node is read page by page', async () => {
    const address = `0x${'cd'.repeat(20)}`;
    const { lamda, asked } = scripted([json({ items: [{ number: 2 }], next_cursor: 'c' }), json({ items: [{ number: 1 }], next_cursor: null })]);
    assert.deepEqual(await collected(lamda.nodeHistory(address)), [{ number: 2 }, { number: 1 }]);
    assert.deepEqual(asked.map(({ url }) => url), [`/api/nodes/${address}/history`, `/api/nodes/${address}/history?cursor=c`]);
});

test('statistics of the market, of jobs and of a node', async () => {
    const address = `0x${'cd'.repeat(20)}`;
    const { lamda, asked } = scripted([json({ items: [] }), json({ jobs: 1 }), json({ jobs: 2 })]);
    assert.deepEqual(await lamda.marketStats({ interval: 'day' }), { items: [] });
    assert.deepEqual(await lamda.jobStats({ renter_address: address }), { jobs: 1 });
    assert.deepEqual(await lamda.nodeStats(address), { jobs: 2 });
    assert.deepEqual(asked.map(({ url }) => url), ['/api/market/stats?interval=day', `/api/jobs/stats?renter_address=${address}`, `/api/nodes/${address}/stats`]);
});

test('attempts and spec of a job', async () => {
    const text = '{"command":["größer"]}';
    const { lamda, asked } = scripted([json({ items: [{ attempt: 1 }], next_cursor: null }), new Response(text, { headers: { 'content-type': 'application/json' } })]);
    assert.deepEqual(await lamda.attempts(id), [{ attempt: 1 }]);
    assert.deepEqual(await lamda.spec(id), { spec: { command: ['größer'] }, sha256: `0x${createHash('sha256').update(text).digest('hex')}` });
    assert.deepEqual(asked.map(({ url }) => url), [`/api/jobs/${id}/attempts`, `/api/jobs/${id}/spec`]);
});

const lines = (...values) => new Response(
    new ReadableStream({
        start(controller) {
            const bytes = new TextEncoder().encode(values.map((value) => (value === '' ? '\n' : `${JSON.stringify(value)}\n`)).join(''));
            for (let at = 0; at < bytes.length; at += 7) {
                controller.enqueue(bytes.slice(at, at + 7));  // a character of several bytes may be cut
            }
            controller.close();
        },
    }), { headers: { 'content-type': 'application/x-ndjson' } },
);
const chunk = (attempt, seq, data) => ({ attempt, seq, stream: seq === null ? 'cut' : 'stdout', at: '', data, cut_bytes: 0 });

test('a log goes on after a cut connection, each chunk once, and ends with the job', async () => {
    const { lamda, asked } = scripted([
        lines(chunk(1, 1, 'a'), '', chunk(1, 2, 'größer €')), lines(), lines(chunk(1, null, ''), chunk(2, 1, 'c'), { stream: 'end', status: 'completed' }),
    ]);
    assert.deepEqual((await collected(lamda.logs(id))).map(({ data }) => data), ['a', 'größer €', '', 'c']);
    assert.deepEqual(asked.map(({ url }) => url), [
        `/api/jobs/${id}/logs?follow=true`, `/api/jobs/${id}/logs?follow=true&after=1.2`, `/api/jobs/${id}/logs?follow=true&after=1.2`,
    ]);
});

test('a log that is cut again and again without a chunk is given up; a refusal is a LamdaError', async () => {
    await assert.rejects(collected(scripted(Array.from({ length: 20 }, () => lines())).lamda.logs(id)), /cut before the end/);
    await assert.rejects(collected(scripted([problem(404, 'not_found')]).lamda.logs(id)), { code: 'not_found' });
});

const transaction = { chainId: '0x61', to: '0x01', value: '0x5', data: '0x06' };
function wallet(answers) {
    const asked = [];
    return {
        asked, request: async ({ method, params }) => {
            asked.push([method, params]);
            return answers[method].length > 1 ? answers[method].shift() : answers[method][0];
        },
    };
}

test('pay switches the chain, sends the transaction from the renter, and waits until the job is seen', async () => {
    const { lamda, asked } = scripted([json(job('submitted')), json(job('submitted')), json(job('created'))]);
    const user = wallet({ eth_chainId: ['0x1', '0x61'], wallet_switchEthereumChain: [null], eth_sendTransaction: ['0xhash'] });
    assert.equal(await lamda.pay({ id, spec: { renter: '0x09' }, transaction }, user), '0xhash');
    assert.deepEqual(user.asked.slice(1, 2), [['wallet_switchEthereumChain', [{ chainId: '0x61' }]]]);
    assert.deepEqual(user.asked.at(-1), ['eth_sendTransaction', [{ from: '0x09', to: '0x01', value: '0x5', data: '0x06' }]]);
    assert.equal(asked.length, 3);
});

test('nothing is sent on another chain, and a wallet without an account is reported', async () => {
    const user = wallet({ eth_chainId: ['0x1'], wallet_switchEthereumChain: [null], eth_requestAccounts: [[]] });
    await assert.rejects(sendTransaction(user, transaction, '0x09'), WalletError);
    assert.ok(user.asked.every(([method]) => method !== 'eth_sendTransaction'));
    await assert.rejects(accountOf(user), WalletError);
    assert.equal(typeof rpcWallet('http://x').request, 'function');
});

test('cancel sends the signed typed data of the market', async () => {
    const { lamda, asked } = scripted([json({ id, status: 'cancelled' })]);
    const user = wallet({ eth_signTypedData_v4: ['0xsignature'] });
    await lamda.cancel(id, user, '0x09', { chainId: 97, jobManager: '0x0a' });
    const [[, [from, text]]] = user.asked;
    const typed = JSON.parse(text);
    assert.equal(from, '0x09');
    assert.deepEqual(typed.domain, { name: 'Lamda', version: '1', chainId: 97, verifyingContract: '0x0a' });
    assert.deepEqual(JSON.parse(asked[0].body), { expires_at: typed.message.expiresAt, signature: '0xsignature' });
    assert.equal(typed.message.jobId, id);
});
