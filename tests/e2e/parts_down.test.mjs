// PostgreSQL or NATS goes away under a running gateway: each request is answered in time, /readyz names the
// part, service returns by itself, and a listener of the live feed misses no event.
//
//     LAMDA_DEVNET=<path of lamda-devnet> node --test parts_down.test.mjs

import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { startDevnet, takeAllSteps, until } from '../integration/devnet.mjs';
import { Gateway } from '../fuzz/rest/gateway.mjs';
import { Listener } from './parts_down/listener.mjs';
import { Server } from './parts_down/server.mjs';

/** Far below any time-out of a client. */
const inTime = 10_000 * Number(process.env.LAMDA_TEST_PATIENCE ?? 1);
const renter = '0x15d34aaf54267db7d7c367839aaf71a00a2c6a65';
const provider = '0x90f79bf6eb2c4f870365e785982e1f101e93b906';

let market;
let gateway;
let api;
let servers;
before(async () => {
    market = await startDevnet(process.env.LAMDA_DEVNET);
    chmodSync(market.folder, 0o711);  // a restarted PostgreSQL runs as another user
    gateway = await Gateway.start(process.env.LAMDA_DEVNET, market);
    api = `http://127.0.0.1:${gateway.port}`;
    await until('/readyz is ready', isReady);
    servers = { postgres: new Server('/postgres', market.folder), nats: new Server('nats-server', market.folder) };
});
after(async () => {
    const releases = Object.values(servers ?? {}).map((server) => () => server.release());
    await takeAllSteps(...releases, async () => assert.equal(await gateway?.stop(), 0), () => market?.stop());
});

async function send(method, path, body, headers = {}) {
    const answer = await fetch(api + path, {
        method, signal: AbortSignal.timeout(inTime), headers: { 'content-type': 'application/json', ...headers },
        ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, headers: answer.headers, body: await answer.json() };
}
const jobOf = (command) => ({ spec: { renter, provider, dockerImage: 'lamda/busybox:1.35', command }, payment_amount: '10000000000000000' });
/** A command with an output: its job is paid. @param text makes the job's id another one */
const completes = (text) => ['sh', '-c', `echo '${text}' > /output/result`];
const operator = () => ({ authorization: `Bearer ${market.settings.OPERATOR_TOKEN}` });
const ready = async () => (await fetch(`http://127.0.0.1:${gateway.metricsPort}/readyz`, { signal: AbortSignal.timeout(inTime) })).json();

async function pay(command) {
    const { status, body: { id, transaction } } = await send('POST', '/api/jobs', jobOf(command));
    assert.equal(status, 201);
    const sent = await fetch(market.settings.BSC_RPC_URL, {
        method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_sendTransaction', params: [{ ...transaction, from: renter }] }),
    });
    assert.equal((await sent.json()).error, undefined);
    return id;
}
const isReady = async () => (await ready()).status === 'ready';
const statusOf = async (id) => (await send('GET', `/api/jobs/${id}`)).body.status;
const isPaid = (id) => async () => (await statusOf(id)) === 'paid';

/** A part is away: /readyz names it alone, and what needs it is refused in time, each time. */
async function assertRefused(part, code, requests) {
    const { checks } = await until(`/readyz names ${part}`, async () => {
        const found = await ready();
        return found.checks[part].ok === false && found;
    });
    assert.ok(['postgres', 'nats'].every((name) => checks[name].ok === (name !== part)), JSON.stringify(checks));
    for (let turn = 0; turn < 2; ++turn) {
        const answers = await Promise.all(requests.map((request) => send(...request)));
        for (const [index, { status, headers, body }] of answers.entries()) {
            const what = `${requests[index][0]} ${requests[index][1]}: ${JSON.stringify(body)}`;
            assert.deepEqual([status, headers.get('content-type'), body.code], [503, 'application/problem+json', code], what);
            assert.ok(Number(headers.get('retry-after')) >= 1, `${what} with Retry-After ${headers.get('retry-after')}`);
        }
    }
}

async function assertListenerMissesNothing(listener, first, text) {
    const next = await pay(completes(text));
    await until('the job is paid', isPaid(next));
    await listener.hasAllAfter(first, next);
}

/** A listener that has begun, and its place. */
async function listen() {
    const listener = new Listener(api, `jobs?renter=${renter}`);
    await until('the listener has a snapshot', () => listener.place !== undefined);
    return { listener, first: listener.place };
}

test('PostgreSQL stopped: reads and writes are refused in time, and everything returns by itself', async () => {
    const done = await pay(completes('before PostgreSQL ends'));
    await until('the job is paid', isPaid(done));
    const { listener, first } = await listen();
    try {
        await servers.postgres.stop();
        await assertRefused('postgres', 'database_unavailable', [
            ['GET', '/api/jobs'], ['GET', `/api/jobs/${done}`], ['GET', '/api/nodes'], ['GET', `/api/reputation/${provider}`], ['GET', '/api/session/nonce'],
            ['POST', '/api/jobs', jobOf(['true'])], ['PUT', `/api/jobs/${done}/status`, { status: 'cancelled' }, operator()],
        ]);
        const health = await send('GET', '/health');
        assert.deepEqual([health.status, health.body.checks.database], [503, 'down']);
        await servers.postgres.start();
        await until('/readyz is ready', isReady);
        await until('reads return', async () => (await send('GET', '/api/jobs')).status === 200);
        await assertListenerMissesNothing(listener, first, 'after PostgreSQL has started');
    } finally {
        listener.close();
    }
});

for (const [how, away, back] of [['stopped', 'stop', 'start'], ['frozen', 'freeze', 'thaw']]) {
    test(`NATS ${how}: what needs the dispatcher is refused in time, reads go on, and everything returns by itself`, async () => {
        const job = await pay(['sh', '-c', `echo ${how}; sleep 600`]);
        await until('the job runs', async () => (await statusOf(job)) === 'running');
        const { listener, first } = await listen();
        const end = () => send('PUT', `/api/jobs/${job}/status`, { status: 'cancelled' }, operator());
        try {
            await servers.nats[away]();
            await assertRefused('nats', 'dispatcher_unavailable', [
                ['PUT', `/api/jobs/${job}/status`, { status: 'cancelled' }, operator()], ['POST', `/api/jobs/${job}/cancel`, {}, operator()],
            ]);
            assert.equal(await statusOf(job), 'running');
            assert.equal((await send('GET', '/api/nodes')).status, 200);
            assert.equal((await send('POST', '/api/jobs', jobOf([`stored while NATS is ${how}`]))).status, 201);
            const health = await send('GET', '/health');
            assert.deepEqual([health.status, health.body.checks.nats], [200, 'down']);
            await servers.nats[back]();
            await until('/readyz is ready', isReady);
            const ended = await until('the operator ends the job', async () => {
                const answer = await end();
                return answer.status !== 503 && answer;
            });
            assert.equal(ended.status, 200, JSON.stringify(ended.body));
            await assertListenerMissesNothing(listener, first, `after NATS was ${how}`);
        } finally {
            listener.close();
        }
    });
}
