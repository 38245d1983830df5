// Signing in: the message against the parsers of viem and siwe, the token on the requests that follow.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SiweMessage } from 'siwe';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { parseSiweMessage } from 'viem/siwe';

import { Lamda, WalletError } from '@lamda/sdk';

const nonce = '0f'.repeat(32);
const issuedAt = '2026-11-20T10:00:00.000Z';
const token = `lamda_session_${'a'.repeat(49)}`;
const json = (value, status = 200) => new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } });
const ended = (count) => json({ ended: count });

/** A client of a gateway that signs every wallet in. @param answers to the requests after the sign-in, in turn */
function client(answers = [], options = {}) {
    const asked = [];
    const lamda = new Lamda({
        url: 'http://gateway', stores: ['http://store'], retry: { tries: 1 },
        fetch: async (request) => {
            const { pathname, hostname } = new URL(request.url);
            const body = request.method === 'POST' ? await request.json() : undefined;
            asked.push({ line: `${request.method} ${pathname}`, hostname, body, authorization: request.headers.get('authorization') });
            if (pathname === '/api/session/nonce') {
                return json({ nonce, issued_at: issuedAt, expires_at: '2026-11-20T10:10:00.000Z' });
            }
            return request.method === 'POST' && pathname === '/api/session' ? json({ token, session: { id: 's' } }, 201) : answers.shift();
        },
        ...options,
    });
    return { lamda, asked };
}
/** An EIP-1193 wallet that offers its address in lowercase, as many do. */
function walletOf(account) {
    return {
        async request({ method, params }) {
            const [hex, from] = params ?? [];
            switch (method) {
                case 'eth_requestAccounts':
                    return [account.address.toLowerCase()];
                case 'eth_chainId':
                    return '0x61';
                default:
                    assert.deepEqual([method, from], ['personal_sign', account.address.toLowerCase()]);
                    return account.signMessage({ message: { raw: hex } });
            }
        },
    };
}
const app = { domain: 'localhost:5173', uri: 'http://localhost:5173/login?a=(1)#b' };

test('the message is read by viem and siwe, with and without a statement, and its signature verifies', async () => {
    for (const statement of [undefined, "I accept the Terms of Service: (all) of them, it's me; 100 = yes?"]) {
        for (let i = 0; i < 20; i += 1) {
            const account = privateKeyToAccount(generatePrivateKey());
            const { lamda, asked } = client();
            assert.deepEqual(await lamda.signIn(walletOf(account), { ...app, ...(statement && { statement }) }), { token, session: { id: 's' } });
            const { message, signature } = asked.at(-1).body;
            const byViem = parseSiweMessage(message);
            assert.deepEqual(byViem, {
                address: account.address, chainId: 97, ...app, issuedAt: new Date(issuedAt), nonce, version: '1', ...(statement && { statement }),
            });
            const bySiwe = new SiweMessage(message);
            assert.equal(bySiwe.prepareMessage(), message);
            assert.deepEqual([bySiwe.address, bySiwe.statement ?? undefined], [account.address, statement]);
            assert.equal((await bySiwe.verify({ signature, nonce, domain: app.domain })).success, true);
        }
    }
});

test('account and chain can be given, and a page needs neither domain nor uri', async () => {
    const account = privateKeyToAccount(generatePrivateKey());
    globalThis.location = { host: 'app.example.org', origin: 'https://app.example.org' };
    try {
        const { lamda, asked } = client();
        await lamda.signIn({ request: async ({ method }) => (method === 'personal_sign' ? '0x01' : assert.fail(method)) }, { account: account.address, chainId: 56 });
        const { domain, uri, chainId } = parseSiweMessage(asked.at(-1).body.message);
        assert.deepEqual([domain, uri, chainId], ['app.example.org', 'https://app.example.org', 56]);
    } finally {
        delete globalThis.location;
    }
});

test('what does not fit into the message is refused before the wallet signs', async () => {
    const account = privateKeyToAccount(generatePrivateKey());
    const wallet = walletOf(account);
    const silent = { request: async (asked) => (asked.method === 'personal_sign' ? assert.fail('signs') : wallet.request(asked)) };
    for (const [options, fault] of [
        [{}, /domain and uri/], [{ ...app, statement: 'two\nlines' }, /statement/], [{ ...app, statement: 'größer' }, /statement/], [{ ...app, statement: '' }, /statement/],
        [{ ...app, domain: 'a b' }, /domain/], [{ ...app, uri: 'http://x\nVersion: 2' }, /uri/], [{ ...app, uri: 'http://x/?a=[1]' }, /uri/], [{ ...app, account: '0x1' }, /no address/],
    ]) {
        await assert.rejects(client().lamda.signIn(silent, options), fault);
    }
    await assert.rejects(client().lamda.signIn({ request: async () => [] }, app), WalletError);
    await assert.rejects(client().lamda.signIn({ request: async ({ method }) => ({ eth_requestAccounts: [account.address], eth_chainId: '0x61' })[method] }, app), /no signature/);
    await assert.rejects(client().lamda.signIn({ request: async ({ method }) => ({ eth_requestAccounts: [account.address] })[method] }, app), /no chain/);
});

test('the token goes to the gateway until the sign-out, and to no store', async () => {
    const { lamda, asked } = client([json({ id: 's' }), json({ items: [{ id: 's' }] }), new Response('', { status: 404 }), ended(1), json({})]);
    await lamda.signIn(walletOf(privateKeyToAccount(generatePrivateKey())), app);
    assert.deepEqual(await lamda.session(), { id: 's' });
    assert.deepEqual(await lamda.sessions(), [{ id: 's' }]);
    await assert.rejects(lamda.output('bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy').next());
    await lamda.signOut();
    await lamda.node('0x09');
    assert.deepEqual(asked.map(({ line, authorization }) => [line, authorization]).filter(([line]) => !line.includes('ipfs')), [
        ['GET /api/session/nonce', null], ['POST /api/session', null], ['GET /api/session', `Bearer ${token}`], ['GET /api/sessions', `Bearer ${token}`],
        ['DELETE /api/session', `Bearer ${token}`], ['GET /api/nodes/0x09', null],
    ]);
    assert.deepEqual(asked.filter(({ hostname }) => hostname === 'store').map(({ authorization }) => authorization), [null]);
});

test('a kept token is used, signing out everywhere counts the sessions, and a refused sign-out changes nothing', async () => {
    const refusal = () => json({ type: 't', title: 't', status: 500, detail: 'd', instance: '/', code: 'internal', request_id: 'r' }, 500);
    const { lamda, asked } = client([refusal(), refusal(), ended(3), json({})], { token });
    await assert.rejects(lamda.signOut(), { code: 'internal' });
    await assert.rejects(lamda.signOutEverywhere(), { code: 'internal' });
    assert.equal(await lamda.signOutEverywhere(), 3);
    await lamda.node('0x09');
    assert.deepEqual(asked.map(({ authorization }) => authorization), [...Array(3).fill(`Bearer ${token}`), null]);
});

test('a backend asks with its API key whose session a token is of', async () => {
    const { lamda, asked } = client([json({ active: false })], { token: 'lamda_key_x' });
    assert.deepEqual(await lamda.introspect(token), { active: false });
    assert.deepEqual(asked, [{ line: 'POST /api/session/introspect', hostname: 'gateway', body: { token }, authorization: 'Bearer lamda_key_x' }]);
});
