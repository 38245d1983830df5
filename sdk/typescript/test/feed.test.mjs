// The live feed from a server that cuts connections, refuses them, and is silent.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';

import { JobEnded, Lamda, LamdaError } from '@lamda/sdk';

import { followFeed } from '../dist/feed.js';

const id = `0x${'ab'.repeat(32)}`;
const event = (number, kind = 'job.running', data = {}) => ({ type: 'event', id: `e-${number}`, epoch: 'e', kind, data });
const snapshot = (number, data) => ({ type: 'snapshot', channel: `job:${id}`, id: `e-${number}`, epoch: 'e', data });
/** @param frameId of the frame; null: the client may not continue after it */
const frame = (message, frameId = message.id ?? null) => `${frameId === null ? '' : `id: ${frameId}\n`}data: ${JSON.stringify(message)}\n\n`;

const servers = [];
after(() => servers.forEach((server) => {
    server.closeAllConnections();
    server.close();
}));

/**
 * A gateway whose feed serves these connections in turn.
 *
 * @param connections texts that a connection sends before it is cut; or the status and code of a refusal; `open: true` keeps it open
 * @param jobs states that GET /api/jobs/{id} answers in turn; the last one again and again
 */
async function gateway(connections, jobs = []) {
    const asked = [];
    const open = new Set();
    const reads = [];
    const server = createServer(async (request, response) => {
        const url = new URL(request.url, 'http://gateway');
        if (url.pathname !== '/api/events') {
            reads.push(url.pathname);
            const status = jobs.length > 1 ? jobs.shift() : jobs[0];
            response.setHeader('content-type', 'application/json').end(JSON.stringify({ id, status, error_message: null }));
            return;
        }
        asked.push({ channels: url.searchParams.getAll('channel'), after: url.searchParams.get('after'), token: request.headers.authorization });
        const { texts = [], open: kept = false, status, code, headers = {}, type = 'text/event-stream' } = connections.shift() ?? { open: true };
        if (status !== undefined) {
            response.writeHead(status, { 'content-type': 'application/problem+json', ...headers });
            response.end(JSON.stringify({ type: 't', title: 't', status, detail: 'd', instance: '/', code, request_id: 'r' }));
            return;
        }
        open.add(response);
        response.on('close', () => open.delete(response));
        response.writeHead(200, { 'content-type': type });
        response.flushHeaders();
        for (const text of texts) {
            await new Promise((resolve) => response.write(text, resolve));
        }
        if (!kept) {
            response.destroy();
        }
    });
    servers.push(server);
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const pauses = [];
    const wait = async (milliseconds, signal) => {
        signal?.throwIfAborted();
        pauses.push(milliseconds);
    };
    const url = `http://127.0.0.1:${server.address().port}`;
    return { lamda: (options) => new Lamda({ url, sleep: wait, ...options }), url, asked, reads, pauses, open };
}
async function first(messages, number) {
    const found = [];
    for await (const message of messages) {
        found.push(message);
        if (found.length === number) {
            break;
        }
    }
    return found;
}

test('after a cut connection the feed continues after the last complete frame, each message once', async () => {
    const half = frame(event(4)).slice(0, 20);
    const { lamda, asked } = await gateway([
        { texts: [':\n\n', frame(snapshot(1, null), null), frame(snapshot(1, null)), frame(event(2)) + frame(event(3)), half] },
        { texts: [] }, { texts: [frame(event(4, 'job.größer')), ':\n\n'] }, { texts: [frame(event(5))], open: true },
    ]);
    const found = await first(lamda({ token: 'lamda_session_x' }).events({ channels: [`job:${id}`, 'jobs?renter=0x09'] }), 6);
    assert.deepEqual(found.map(({ id: each }) => each), ['e-1', 'e-1', 'e-2', 'e-3', 'e-4', 'e-5']);
    assert.equal(found[4].kind, 'job.größer');
    assert.deepEqual(asked.map((each) => each.after), [null, 'e-3', 'e-3', 'e-4']);
    assert.ok(asked.every(({ channels, token }) => channels.join() === `job:${id},jobs?renter=0x09` && token === 'Bearer lamda_session_x'), JSON.stringify(asked));
});

test('a feed that is cut before the last snapshot begins with snapshots again', async () => {
    const { lamda, asked } = await gateway([{ texts: [frame(snapshot(1, null), null)] }, { texts: [frame(snapshot(1, null))], open: true }]);
    assert.equal((await first(lamda().events(), 2)).length, 2);
    assert.deepEqual(asked.map((each) => [each.channels.join(), each.after]), [['global', null], ['global', null]]);
});

test('reset and dropped are messages; neither changes the place to continue from', async () => {
    const dropped = { type: 'dropped', reason: 'slow_reader' };
    const reset = { type: 'reset', reason: 'too_old' };
    const { lamda, asked } = await gateway([{ texts: [frame(event(8)), frame(dropped)] }, { texts: [frame(reset), frame(snapshot(70, null))] }, { texts: [frame(event(71))], open: true }]);
    assert.deepEqual(await first(lamda().events({ after: 'e-7' }), 5), [event(8), dropped, reset, snapshot(70, null), event(71)]);
    assert.deepEqual(asked.map((each) => each.after), ['e-7', 'e-8', 'e-70']);
});

test('pauses grow while nothing comes, follow Retry-After, and an open feed is not given up', async () => {
    const busy = (headers) => ({ status: 503, code: 'starting', headers });
    const { lamda, pauses } = await gateway([{ texts: [frame(event(1))] }, ...Array.from({ length: 9 }, () => busy({})), busy({ 'retry-after': '7' }), { texts: [frame(event(2))], open: true }]);
    await first(lamda().events(), 2);
    assert.ok(pauses[0] <= 250 && pauses[8] >= 2500 && Math.max(...pauses.slice(0, 10)) <= 5000, pauses.join());
    assert.equal(pauses[10], 7000);
});

test('a feed that cannot be opened is refused after the tries, and at once if a repetition cannot help', async () => {
    const refusals = (status, code, headers) => Array.from({ length: 9 }, () => ({ status, code, headers }));
    for (const [connections, tries] of [[refusals(503, 'too_many_listeners'), 3], [refusals(403, 'foreign_origin'), 1], [refusals(503, 'starting', { 'retry-after': '3600' }), 1]]) {
        const { code } = connections[0];
        const { lamda, asked } = await gateway(connections);
        await assert.rejects(first(lamda({ retry: { tries: 3 } }).events(), 1), (error) => error instanceof LamdaError && error.code === code);
        assert.equal(asked.length, tries);
    }
    const { lamda } = await gateway([{ texts: ['<html>'], type: 'text/html', open: true }]);
    await assert.rejects(first(lamda().events(), 1), { code: 'invalid_answer' });
    const gone = await gateway([{ texts: [frame(event(1))] }, { status: 400, code: 'invalid_request' }]);
    await assert.rejects(first(gone.lamda().events(), 2), { code: 'invalid_request' });
});

test('the connection ends with the loop, and with the signal, whose reason is thrown', async () => {
    const abort = new AbortController();
    const { lamda, open } = await gateway([{ texts: [frame(event(1))], open: true }, { texts: [frame(event(1))], open: true }]);
    await first(lamda().events(), 1);
    const messages = lamda().events({ signal: abort.signal });
    await messages.next();
    const next = messages.next();
    abort.abort(new Error('the user left'));
    await assert.rejects(next, /the user left/);
    while (open.size > 0) {
        await new Promise((resolve) => setImmediate(resolve));
    }
});

test('a silent connection counts as cut', async () => {
    const opened = [];
    const open = async (place) => {
        opened.push(place);
        // The first connection sends one frame and is then silent; it is not closed.
        return new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode(frame(event(opened.length)))) });
    };
    const messages = followFeed(open, async () => {}, { failures: { first: 0, later: 0 }, mostWait: 1, mostSilence: 20 });
    assert.deepEqual(await first(messages, 2), [event(1), event(2)]);
    assert.deepEqual(opened, [undefined, 'e-1']);
});

const job = (status) => ({ id, status, error_message: null });

test('waitFor listens to the job, reads it when it has changed, and does not poll', async () => {
    const { lamda, asked, reads, open } = await gateway([
        { texts: [frame(snapshot(1, job('submitted'))), frame(event(2, 'job.created'))] }, { texts: [frame(event(3, 'job.unheard')), frame(event(4, 'job.completed'))], open: true },
    ], ['created', 'created', 'completed']);
    assert.equal((await lamda().waitFor(id)).status, 'completed');
    assert.deepEqual(asked.map((each) => [each.channels.join(), each.after]), [[`job:${id}`, null], [`job:${id}`, 'e-2']]);
    assert.equal(reads.length, 3);
    while (open.size > 0) {
        await new Promise((resolve) => setImmediate(resolve));
    }
});

test('waitFor reads a job that the feed does not know, and throws at another end', async () => {
    const { lamda } = await gateway([{ texts: [frame(snapshot(1, null)), frame(event(2, 'job.failed'))], open: true }], ['running', 'failed']);
    await assert.rejects(lamda().waitFor(id), JobEnded);
});

test('waitFor polls if the feed is refused, or is lost', async () => {
    const refused = await gateway([{ status: 503, code: 'too_many_listeners', headers: { 'retry-after': '10' } }], ['running', 'completed']);
    assert.equal((await refused.lamda().waitFor(id)).status, 'completed');
    assert.deepEqual([refused.asked.length, refused.reads.length], [1, 2]);
    const lost = await gateway([{ texts: [frame(snapshot(1, job('running')))] }, { status: 403, code: 'foreign_origin' }], ['running', 'completed']);
    assert.equal((await lost.lamda().waitFor(id)).status, 'completed');
});

test('a client listens to two jobs at a time, and polls the others', async () => {
    const abort = new AbortController();
    const { lamda, asked } = await gateway([{ open: true }, { open: true }, { texts: [frame(snapshot(1, job('paid')))], open: true }], ['paid']);
    const client = lamda();
    const waiting = [1, 2].map(() => client.waitFor(id, { signal: abort.signal }));
    assert.equal((await client.waitFor(id)).status, 'paid');
    while (asked.length < 2) {
        await new Promise((resolve) => setImmediate(resolve));
    }
    abort.abort(new Error('enough'));
    await Promise.all(waiting.map((each) => assert.rejects(each, /enough/)));
    assert.equal(asked.length, 2);
    assert.equal((await client.waitFor(id)).status, 'paid');
    assert.equal(asked.length, 3);
});
