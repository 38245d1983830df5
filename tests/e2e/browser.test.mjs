// Pages in a real browser, on a whole market: two origins share one sign-in, EventSource and WebSocket receive a job's events, a
// foreign origin is refused, and /docs works under its own Content-Security-Policy.
//
//     LAMDA_DEVNET=<path of lamda-devnet> node --test browser.test.mjs

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { privateKeyToAccount } from 'viem/accounts';
import { createSiweMessage } from 'viem/siwe';

import { startDevnet, takeAllSteps, until } from '../integration/devnet.mjs';
import { Gateway } from '../fuzz/rest/gateway.mjs';
import { Chromium } from './browser/chromium.mjs';

const renter = '0x15d34aaf54267db7d7c367839aaf71a00a2c6a65';
const provider = '0x90f79bf6eb2c4f870365e785982e1f101e93b906';

let market;
let gateway;
let browser;
let api;
const servers = [];

/** A server of an empty page. @return its origin. Ports are origins of one site: a browser sends them the cookie of SameSite=Lax. */
async function newOrigin() {
    const server = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end('<!doctype html><title>page</title>'));
    servers.push(server.listen(0, 'localhost'));
    await once(server, 'listening');
    return `http://localhost:${server.address().port}`;
}

let pages;
before(async () => {
    const [shop, studio, foreign] = [await newOrigin(), await newOrigin(), await newOrigin()];
    market = await startDevnet(process.env.LAMDA_DEVNET);
    gateway = await Gateway.start(process.env.LAMDA_DEVNET, market, { CORS_ALLOWED_ORIGINS: `${shop},${studio}` });
    api = `http://localhost:${gateway.port}`;
    await until('the gateway is ready', async () => (await fetch(`http://127.0.0.1:${gateway.metricsPort}/readyz`)).status === 200);
    browser = await Chromium.start();
    pages = { shop: await browser.open(shop), studio: await browser.open(studio), foreign: await browser.open(foreign), shopOrigin: shop };
});
after(async () => {
    servers.forEach((server) => server.close().closeAllConnections());
    await takeAllSteps(() => browser?.stop(), async () => assert.equal(await gateway?.stop(), 0), () => market?.stop());
});

/** A request of the page. @return `{status, body}`, or `{refused}`: the browser kept the answer from the page, or sent nothing */
const ask = (page, method, path, body) => page.run(async (url, init) => {
    try {
        const answer = await fetch(url, { ...init, credentials: 'include' });
        return { status: answer.status, body: await answer.json() };
    } catch (error) {
        return { refused: error.name };
    }
}, api + path, { method, ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }) });

/** The page signs in with a cookie; the wallet is outside of it. */
async function signIn(page, account) {
    const { body: { nonce, issued_at: issuedAt } } = await ask(page, 'GET', '/api/session/nonce');
    const message = createSiweMessage({
        address: account.address, chainId: Number(market.settings.BSC_CHAIN_ID), domain: new URL(pages.shopOrigin).host, uri: `${pages.shopOrigin}/login`,
        nonce, version: '1', issuedAt: new Date(issuedAt),
    });
    return ask(page, 'POST', '/api/session', { message, signature: await account.signMessage({ message }), delivery: 'cookie' });
}

test('two pages of different origins share one sign-in, and a foreign one does not', async () => {
    const account = privateKeyToAccount(market.settings.WALLET_PRIVATE_KEY);
    const { shop, studio, foreign } = pages;
    assert.equal((await ask(shop, 'GET', '/api/session')).status, 401);
    const { status, body } = await signIn(shop, account);
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal(body.token, undefined);
    assert.equal(await shop.run(() => document.cookie), '');
    for (const page of [shop, studio]) {
        assert.equal((await ask(page, 'GET', '/api/session')).body.wallet_address, account.address);
    }

    assert.deepEqual(await ask(foreign, 'GET', '/api/session'), { refused: 'TypeError' });
    assert.deepEqual(await ask(foreign, 'DELETE', '/api/session'), { refused: 'TypeError' });
    assert.deepEqual(await signIn(foreign, account).catch(() => 'no nonce'), 'no nonce');
    // A request that needs no preflight arrives, with the cookie; it changes nothing.
    const key = JSON.stringify({ name: 'foreign', scopes: ['account:read'] });
    await foreign.run((url, body) => fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include', body }).then(() => '', () => ''), `${api}/api/keys`, key);
    assert.deepEqual((await ask(shop, 'GET', '/api/keys')).body.items, []);
    assert.equal((await ask(shop, 'GET', '/api/session')).status, 200);

    assert.equal((await ask(studio, 'DELETE', '/api/session')).status, 200);
    assert.equal((await ask(shop, 'GET', '/api/session')).status, 401);
});

test("a page's EventSource and another page's WebSocket receive the same events of a job, and a foreign page receives none", async () => {
    const { shop, studio, foreign } = pages;
    const spec = { renter, provider, dockerImage: 'lamda/busybox:1.35', command: ['sh', '-c', 'echo done > /output/result'] };
    const { body: { id, transaction } } = await ask(shop, 'POST', '/api/jobs', { spec, payment_amount: '10000000000000000' });
    const openSource = (page) => page.run((url) => {
        window.messages = [];
        window.state = 'connecting';
        const source = new EventSource(url, { withCredentials: true });
        source.onopen = () => { window.state = 'open'; };
        source.onmessage = ({ data }) => window.messages.push(JSON.parse(data));
        source.onerror = () => { window.state = source.readyState === EventSource.CLOSED ? 'closed' : window.state; };
    }, `${api}/api/events?channel=job:${id}`);
    const openSocket = (page) => page.run((url) => {
        window.messages = [];
        window.state = 'connecting';
        const socket = new WebSocket(url);
        socket.onopen = () => { window.state = 'open'; };
        socket.onmessage = ({ data }) => window.messages.push(JSON.parse(data));
        socket.onclose = () => { window.state = 'closed'; };
    }, `${api.replace('http:', 'ws:')}/api/ws?channel=job:${id}`);
    const stateOf = (page) => page.run(() => window.state);
    const messagesOf = (page) => page.run(() => window.messages);
    const hasSnapshot = (page) => async () => (await messagesOf(page)).some(({ type }) => type === 'snapshot');

    await openSource(shop);
    await openSocket(studio);
    await until('the EventSource has a snapshot', hasSnapshot(shop));
    await until('the WebSocket has a snapshot', hasSnapshot(studio));
    for (const open of [openSource, openSocket]) {
        await open(foreign);
        await until('the foreign page is refused', async () => (await stateOf(foreign)) === 'closed');
        assert.deepEqual(await messagesOf(foreign), []);
    }

    const paid = await fetch(market.settings.BSC_RPC_URL, {
        method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_sendTransaction', params: [{ ...transaction, from: renter }] }),
    });
    assert.equal((await paid.json()).error, undefined);
    const isPaid = ({ type, data }) => type === 'event' && data.status === 'paid';
    for (const page of [shop, studio]) {
        await until('the payment arrives', async () => (await messagesOf(page)).some(isPaid));
    }
    const idsOf = async (page) => {
        const events = (await messagesOf(page)).filter(({ type }) => type === 'event');
        assert.ok(events.every(({ data }) => data.id === id));
        return events.slice(0, events.findIndex(isPaid) + 1).map((event) => event.id);
    };
    const ids = await idsOf(shop);
    assert.ok(ids.length >= 3, ids.join());
    assert.deepEqual(await idsOf(studio), ids);
});

test('/docs shows each operation, without an error and with nothing from elsewhere', async () => {
    const page = await browser.open(`${api}/docs`);
    const { title, text, elsewhere } = await page.run((origin) => ({
        title: document.title, text: document.body.innerText,
        elsewhere: performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => !name.startsWith(origin)),
    }), api);
    assert.equal(title, 'Lamda REST API');
    const { paths } = await (await fetch(`${api}/openapi.json`)).json();
    assert.deepEqual(Object.keys(paths).filter((path) => !text.includes(path)), []);
    assert.deepEqual(elsewhere, []);
    assert.deepEqual(page.faults, []);
    assert.ok((await page.screenshot()).length > 10_000);
});

test('calls of a browser that has ended are rejected, and it can be stopped', async () => {
    const crashed = await Chromium.start();
    try {
        await assert.rejects(crashed.send('Browser.crash'), /^Error: Browser.crash: Chromium has ended with /);
        await assert.rejects(crashed.open('about:blank'), /Chromium has ended with /);
    } finally {
        await crashed.stop();
    }
});
