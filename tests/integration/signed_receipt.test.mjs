// Signed receipts between viem and `lamda receipt verify` (LAMDA: its path): each verifies what the other signed.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

import { verifyTypedData } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const lamda = process.env.LAMDA ?? here('../../build/bin/lamda');
const specFile = here('../../proto/messages/job_spec.v1.sample.json');
const sample = JSON.parse(readFileSync(here('../../proto/messages/status.v1.sample.json')));

const types = { Receipt: [
    { name: 'jobId', type: 'bytes32' }, { name: 'attempt', type: 'uint32' }, { name: 'imageDigest', type: 'string' },
    { name: 'inputFileCID', type: 'string' }, { name: 'outputFileCID', type: 'string' }, { name: 'startedAt', type: 'string' },
    { name: 'endedAt', type: 'string' }, { name: 'exitCode', type: 'int32' } ] };
const domain = { name: 'Lamda', version: '1', chainId: 97, verifyingContract: '0xd9264b533dd53198c7ae345c6afe8ef054303b53' };

async function signed(account, changes = {}, signedDomain = domain) {
    const receipt = { ...sample.receipt, ...changes };
    const signature = await account.signTypedData({ domain: signedDomain, types, primaryType: 'Receipt', message: receipt });
    return { receipt, signature, domain, provider: account.address };
}

/** Exit status, and the text of the stream that the status calls for. */
function verify(document, ...options) {
    const input = typeof document === 'string' ? document : JSON.stringify(document);
    const { status, stdout, stderr } = spawnSync(lamda, ['receipt', 'verify', '-', ...options], { input, encoding: 'utf8', env: {} });
    return { status, text: status === 0 ? stdout : stderr };
}
const refusal = (document, ...options) => {
    const { status, text } = verify(document, ...options);
    assert.equal(status, 1, text);
    return text;
};

const provider = privateKeyToAccount(generatePrivateKey());

test('a receipt that viem signed is verified offline, with no setting', async () => {
    const { status, text } = verify(await signed(provider));
    assert.equal(status, 0, text);
    assert.match(text, new RegExp(`signature +valid: EIP-712 by ${provider.address}`));
    assert.match(text, /provider +named by the document/);
    assert.deepEqual(JSON.parse(verify(await signed(provider), '--json').text), {
        valid: true, job_id: sample.jobId, provider: provider.address, spec_checked: false,
    });
});

test('a receipt that Lamda signs is verified by viem', async () => {
    // messages_test signs the sample again, and requires these bytes.
    const { receipt, receiptSignature: signature, provider: address } = sample;
    const parameters = { address, domain, types, primaryType: 'Receipt', message: receipt, signature };
    assert.ok(await verifyTypedData(parameters));
    assert.ok(!(await verifyTypedData({ ...parameters, message: { ...receipt, exitCode: 1 } })));
    const { status, text } = verify({ receipt, signature, domain, provider: address }, '--spec', specFile);
    assert.equal(status, 0, text);
    assert.match(text, /SHA-256 of the spec/);
});

test('each change of a receipt is refused with the reason', async () => {
    const good = await signed(provider);
    const notSigned = /not signed by 0x[0-9a-f]{40} for chain 97/;
    for (const changes of [{ attempt: 2 }, { exitCode: 7 }, { outputFileCID: sample.receipt.inputFileCID }, { startedAt: '2026-11-20T10:00:00.000Z' }]) {
        assert.match(refusal({ ...good, receipt: { ...good.receipt, ...changes } }), notSigned);
    }
    assert.match(refusal({ ...good, provider: sample.provider }), notSigned);
    assert.match(refusal(await signed(provider, {}, { ...domain, chainId: 56 })), notSigned);
    assert.match(refusal(await signed(provider, { imageDigest: 'latest' })), /imageDigest must be sha256/);
    assert.match(refusal(await signed(provider, { endedAt: '2026-11-20T09:00:00.000Z' })), /is after endedAt/);
    assert.match(refusal('{'), /not JSON/);
    assert.match(refusal({ ...good, domain: { ...domain, name: 'Other' } }), /\/domain\/name/);
});

test('expected provider, chain, contract and spec are compared', async () => {
    const good = await signed(provider);
    assert.equal(verify(good, '--provider', provider.address, '--chain-id', '97', '--job-manager', domain.verifyingContract).status, 0);
    assert.match(refusal(good, '--provider', sample.provider), /provider is .* by --provider/);
    assert.match(refusal(good, '--chain-id', '56'), /chain id is 97 in the document and 56 by --chain-id/);
    assert.match(refusal(good, '--job-manager', sample.provider), /JobManager is/);
    assert.match(refusal(good, '--spec', specFile), /provider is .* by the spec/);
    const owner = privateKeyToAccount('0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6');
    assert.equal(verify(await signed(owner), '--spec', specFile).status, 0);
    assert.match(refusal(await signed(owner, { jobId: `0x${'11'.repeat(32)}` }), '--spec', specFile), /job id is/);
    assert.match(refusal(await signed(owner, { inputFileCID: '' }), '--spec', specFile), /inputFileCID is "" in the receipt/);
    assert.equal(verify(good, '--spec', '/nonexistent').status, 2);
    assert.equal(verify(good, '--provider', '0x12').status, 2);
});
