// Signs in with the clients that frontends use (siwe with ethers, viem), by every kind of wallet, and shares the sign-in with
// an application that has an API key made by `lamda key`.
//
//     node clients.mjs      with the market's settings in the environment

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { Wallet } from 'ethers';
import { SiweMessage } from 'siwe';
import { concatHex, createPublicClient, createWalletClient, encodeFunctionData, getAddress, http, keccak256, toHex } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { createSiweMessage } from 'viem/siwe';
import { serializeErc6492Signature } from 'viem/utils';

const env = process.env;
const api = env.LAMDA_API_URL;
const chainId = Number(env.BSC_CHAIN_ID);
const domain = 'localhost:5173';
const uri = 'http://localhost:5173/login';

async function ask(method, path, body, token) {
    const response = await fetch(api + path, {
        method, headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
        ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
}
const nonceOf = async () => (await ask('GET', '/api/session/nonce')).body;
const lamda = (...args) => execFileSync(env.LAMDA, ['--json', 'key', ...args], { encoding: 'utf8' });

async function messageOf(address) {
    const { nonce, issued_at: issuedAt } = await nonceOf();
    return createSiweMessage({ address, chainId, domain, uri, nonce, version: '1', issuedAt: new Date(issuedAt) });
}
async function signIn(address, sign) {
    const message = await messageOf(address);
    const answer = await ask('POST', '/api/session', { message, signature: await sign(message) });
    return { ...answer, message };
}
const accepted = ({ status, body }, address) => {
    assert.equal(status, 201, JSON.stringify(body));
    assert.equal(body.session.wallet_address, address);
    return body.token;
};
const refused = ({ status, body }, code) => {
    assert.equal(status, 403, JSON.stringify(body));
    assert.equal(body.code, code);
};

// ---- siwe and ethers

const { nonce, issued_at: issuedAt, expires_at: expirationTime } = await nonceOf();
const wallet = Wallet.createRandom();
const siwe = new SiweMessage({
    scheme: 'http', domain, address: wallet.address, statement: 'I accept the Terms of Service.', uri, version: '1', chainId, nonce,
    issuedAt, expirationTime, requestId: 'request-1', resources: ['ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq'],
});
const text = siwe.prepareMessage();
const body = { message: text, signature: await wallet.signMessage(text) };
accepted(await ask('POST', '/api/session', body), wallet.address);
const replayed = await ask('POST', '/api/session', body);
refused(replayed, 'sign_in_refused');
assert.deepEqual(replayed.body.errors.map(({ code }) => code), ['nonce_used']);

// ---- viem: a key, and an account that delegates to code (EIP-7702)

const account = privateKeyToAccount(generatePrivateKey());
const bySignature = (message) => account.signMessage({ message });
const own = await signIn(account.address, bySignature);
const token = accepted(own, account.address);
assert.ok((await new SiweMessage(own.message).verify({ signature: await bySignature(own.message) })).success);
refused(await signIn(wallet.address, bySignature), 'invalid_signature');
const rpc = (method, params) => fetch(env.BSC_RPC_URL, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
}).then((response) => response.json());

// ---- contract wallets: deployed (ERC-1271), and not yet (ERC-6492)

const contract = (name) => JSON.parse(readFileSync(new URL(`../../data/wallets/${name}.json`, import.meta.url), 'utf8'));
const chain = { id: chainId, name: 'devnet', nativeCurrency: { name: 'BNB', symbol: 'BNB', decimals: 18 }, rpcUrls: { default: { http: [env.BSC_RPC_URL] } } };
const client = createPublicClient({ chain, transport: http(env.BSC_RPC_URL), pollingInterval: 100 });
const payer = createWalletClient({ chain, transport: http(env.BSC_RPC_URL), account: privateKeyToAccount(env.WALLET_PRIVATE_KEY) });
async function deploy(name, args) {
    const { abi, bytecode } = contract(name);
    const hash = await payer.deployContract({ abi, bytecode, args });
    return (await client.waitForTransactionReceipt({ hash })).contractAddress;
}
const keyWallet = getAddress(await deploy('KeyWallet', [account.address]));
accepted(await signIn(keyWallet, bySignature), keyWallet);
refused(await signIn(keyWallet, (message) => wallet.signMessage(message)), 'invalid_signature');

const factory = await deploy('WalletFactory', []);
const { abi } = contract('WalletFactory');
const salt = keccak256(toHex('salt'));
const future = await client.readContract({ abi, address: factory, functionName: 'walletOf', args: [account.address, salt] });
const data = encodeFunctionData({ abi, functionName: 'create', args: [account.address, salt] });
const wrapped = async (message) => serializeErc6492Signature({ address: factory, data, signature: await bySignature(message) });
accepted(await signIn(future, wrapped), future);
assert.equal(await client.getCode({ address: future }), undefined);
refused(await signIn(future, bySignature), 'invalid_signature');
assert.ok(await client.verifyMessage({ address: future, message: 'm', signature: await wrapped('m') }));  // viem agrees
await client.waitForTransactionReceipt({ hash: await payer.sendTransaction({ to: factory, data }) });
accepted(await signIn(future, bySignature), future);
accepted(await signIn(future, wrapped), future);

await rpc('anvil_setCode', [account.address, concatHex(['0xef0100', keyWallet])]);
accepted(await signIn(account.address, bySignature), account.address);

// ---- a second application shares the sign-in

const shop = JSON.parse(lamda('create', '--name', 'shop', '--scope', 'sessions:read', '--scope', 'profiles:write'));
const introspect = async () => (await ask('POST', '/api/session/introspect', { token }, shop.key)).body;
assert.equal((await ask('PUT', `/api/profiles/${account.address}`, { nftTier: 'gold', pkpPublicKey: account.publicKey }, shop.key)).status, 200);
const facts = await introspect();
assert.equal(facts.active, true);
assert.equal(facts.walletAddress, account.address);
assert.equal(facts.nftTier, 'gold');
assert.equal(facts.pkpPublicKey, account.publicKey);
assert.equal((await ask('DELETE', '/api/session', undefined, token)).status, 200);
assert.deepEqual(await introspect(), { active: false });

assert.deepEqual(JSON.parse(lamda('list')).items.map(({ id, name }) => ({ id, name })), [{ id: shop.id, name: 'shop' }]);
assert.deepEqual(JSON.parse(lamda('revoke', shop.id)), { revoked: 1 });
assert.equal((await ask('POST', '/api/session/introspect', { token }, shop.key)).status, 401);
