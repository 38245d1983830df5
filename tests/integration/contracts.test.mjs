// Our contracts, and foreign ones with the same interface, on a private EVM node.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { keccak_256 } from '@noble/hashes/sha3';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils';

const root = new URL('../../', import.meta.url);
const artifact = (path) => JSON.parse(readFileSync(new URL(path, root), 'utf8'));

let node;
let home;
let accounts;

before(async () => {
    home = await mkdtemp(join(tmpdir(), 'lamda-contracts-'));
    const binary = fileURLToPath(new URL('node_modules/.bin/anvil', root));
    // The fork that the bytecode is compiled for: newer features are not available.
    const child = spawn(binary, ['--port', '0', '--hardfork', 'paris'], {
        env: { ...process.env, HOME: home },
        stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = new Promise((done) => child.once('exit', done));
    const port = await new Promise((done, failed) => {
        exited.then((code) => failed(new Error(`the EVM node exited with ${code}`)));
        createInterface(child.stdout).on('line', (line) => {
            const match = /Listening on [\d.]+:(\d+)/.exec(line);
            if (match) {
                done(Number(match[1]));
            }
        });
    });
    node = {
        url: `http://127.0.0.1:${port}`,
        stop: async () => {
            child.kill('SIGKILL');
            await exited;
        },
    };
    accounts = await rpc('eth_accounts');
});

after(async () => {
    await node?.stop();
    await rm(home, { recursive: true, force: true });
});

async function rpc(method, ...params) {
    const response = await fetch(node.url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    const { result, error } = await response.json();
    if (error) {
        throw Object.assign(new Error(error.message), { data: error.data ?? '' });
    }
    return result;
}

const keccak = (text) => `0x${bytesToHex(keccak_256(utf8ToBytes(text)))}`;
const word = (value) =>
    typeof value === 'string' ? value.replace(/^0x/, '').padStart(64, '0') : BigInt(value).toString(16).padStart(64, '0');
const calldata = (signature, ...words) => keccak(signature).slice(0, 10) + words.map(word).join('');
const words = (data) => (data.slice(2).match(/.{64}/g) ?? []).map((hex) => BigInt(`0x${hex}`));

async function send(from, to, data, value = 0) {
    const transaction = { from, data, value: `0x${value.toString(16)}`, ...(to && { to }) };
    // Fails, with the reason, if the transaction would be reverted.
    transaction.gas = await rpc('eth_estimateGas', transaction);
    const hash = await rpc('eth_sendTransaction', transaction);
    // The node may answer with the hash shortly before it has mined the block.
    for (const deadline = Date.now() + 60_000 * Number(process.env.LAMDA_TEST_PATIENCE ?? 1); Date.now() < deadline; ) {
        const receipt = await rpc('eth_getTransactionReceipt', hash);
        if (receipt) {
            assert.equal(receipt.status, '0x1');
            return receipt;
        }
        await setTimeout(10);
    }
    return assert.fail(`no receipt for ${hash}: ${JSON.stringify(await rpc('txpool_status'))}`);
}

const call = (to, data) => rpc('eth_call', { to, data }, 'latest');

async function deploy(path, from, ...constructorWords) {
    const { bytecode } = artifact(path);
    return (await send(from, null, bytecode + constructorWords.map(word).join(''))).contractAddress;
}

/** Refusals of each family: named errors of ours, mostly texts of the foreign one. */
const reverts = (promise, signature, text) =>
    assert.rejects(promise, (error) => {
        const byName = signature && error.data.startsWith(keccak(signature).slice(0, 10));
        const byText = text && error.message.includes(text);
        assert.ok(byName || byText, `reverted with ${error.message} ${error.data}`);
        return true;
    });

const topicOf = (address) => `0x${word(address)}`;
let lastJob = 0;
const newJobId = () => {
    lastJob += 1;
    return keccak(`job ${lastJob}`);
};

const families = [
    {
        family: 'ours',
        jobManager: 'proto/abi/JobManager.json',
        nodeReputation: 'proto/abi/NodeReputation.json',
        ownerIsArgument: false,
        countsUnregistered: false,
        status: { created: 1, confirmed: 2, paid: 3 },
    },
    {
        family: 'foreign',
        jobManager: 'tests/data/foreign/ForeignJobManager.json',
        nodeReputation: 'tests/data/foreign/ForeignNodeReputation.json',
        ownerIsArgument: true,
        countsUnregistered: true,
        status: { created: 0, confirmed: 5, paid: 3 },
    },
];

for (const { family, jobManager, nodeReputation, ownerIsArgument, countsUnregistered, status } of families) {
    test(`${family}: a job from its payment to the claim`, async () => {
        const [deployer, renter, provider] = accounts;
        const jobs = await deploy(jobManager, deployer);
        const jobId = newJobId();

        const created = await send(renter, jobs, calldata('createJob(bytes32,address)', jobId, provider), 1000);
        assert.equal(created.logs.length, 1);
        assert.deepEqual(created.logs[0].topics, [
            keccak('JobCreated(bytes32,address,address,uint256)'),
            jobId,
            topicOf(renter),
            topicOf(provider),
        ]);
        assert.deepEqual(words(created.logs[0].data), [1000n]);
        const { timestamp } = await rpc('eth_getBlockByHash', created.blockHash, false);

        const info = (confirmedAt, number) =>
            [jobId, renter, provider, 1000, number, timestamp, confirmedAt].map((value) => BigInt(value));
        for (const getter of ['getJobInfo(bytes32)', 'jobs(bytes32)']) {
            assert.deepEqual(words(await call(jobs, calldata(getter, jobId))), info(0, status.created));
        }
        assert.deepEqual(words(await call(jobs, calldata('getJobStatistics()'))), [1n, 0n, 1000n]);

        const confirmed = await send(renter, jobs, calldata('confirmResult(bytes32)', jobId));
        assert.deepEqual(confirmed.logs[0].topics, [keccak('JobConfirmed(bytes32,uint256)'), jobId]);
        const { timestamp: confirmedAt } = await rpc('eth_getBlockByHash', confirmed.blockHash, false);
        assert.deepEqual(words(confirmed.logs[0].data), [BigInt(confirmedAt)]);
        assert.deepEqual(words(await call(jobs, calldata('jobs(bytes32)', jobId))), info(confirmedAt, status.confirmed));

        const before = BigInt(await rpc('eth_getBalance', provider, 'latest'));
        const claimed = await send(provider, jobs, calldata('claimReward(bytes32)', jobId));
        assert.deepEqual(claimed.logs[0].topics, [
            keccak('PaymentClaimed(bytes32,address,uint256)'),
            jobId,
            topicOf(provider),
        ]);
        assert.deepEqual(words(claimed.logs[0].data), [1000n]);
        const fee = BigInt(claimed.gasUsed) * BigInt(claimed.effectiveGasPrice);
        assert.equal(BigInt(await rpc('eth_getBalance', provider, 'latest')), before - fee + 1000n);
        assert.deepEqual(words(await call(jobs, calldata('getJobStatistics()'))), [1n, 1n, 0n]);
        assert.deepEqual(words(await call(jobs, calldata('isJobInStatus(bytes32,uint8)', jobId, status.paid))), [1n]);
        assert.deepEqual(words(await call(jobs, calldata('getTotalEscrowAmount()'))), [0n]);
    });

    test(`${family}: what a job manager refuses`, async () => {
        const [deployer, renter, provider, stranger] = accounts;
        const jobs = await deploy(jobManager, deployer);
        const jobId = newJobId();
        const create = (id, to, value) => send(renter, jobs, calldata('createJob(bytes32,address)', id, to), value);
        const confirm = (from, id = jobId) => send(from, jobs, calldata('confirmResult(bytes32)', id));
        const claim = (from, id = jobId) => send(from, jobs, calldata('claimReward(bytes32)', id));

        await reverts(create(jobId, provider, 0), 'PaymentRequired()', 'greater than 0');
        await reverts(create(jobId, '0x0', 1), 'InvalidProvider()', 'Invalid provider');
        await create(jobId, provider, 1);
        await reverts(create(jobId, provider, 1), 'JobAlreadyExists(bytes32)', 'already exists');
        await reverts(confirm(renter, newJobId()), 'JobNotFound(bytes32)', 'does not exist');
        await reverts(confirm(stranger), 'NotAuthorized(bytes32,address)', 'Not a party');
        await reverts(claim(provider), 'JobNotConfirmed(bytes32)', 'Nothing to claim');
        await confirm(provider);
        await reverts(confirm(renter), 'JobAlreadyConfirmed(bytes32)', 'cannot be confirmed');
        await reverts(claim(renter), 'NotAuthorized(bytes32,address)', 'Only provider');
        await claim(provider);
        await reverts(claim(provider), 'PaymentAlreadyClaimed(bytes32)', 'Nothing to claim');
        await assert.rejects(send(renter, jobs, '0x', 1), 'plain payments are not accepted');
    });

    test(`${family}: a provider registers, reports itself and is counted`, async () => {
        const [owner, provider, other] = accounts;
        const nodes = await deploy(nodeReputation, ownerIsArgument ? other : owner, owner);
        assert.deepEqual(words(await call(nodes, calldata('owner()'))), [BigInt(owner)]);
        assert.deepEqual(words(await call(nodes, calldata('isProviderActive(address)', provider))), [0n]);

        const text = (value) => [word(value.length), Buffer.from(value).toString('hex').padEnd(64, '0')];
        const register = (gpu, vram) =>
            send(provider, nodes, calldata('registerNode(string,uint256)', 64, vram, ...text(gpu)));
        const registered = await register('RTX 4090', 24576);
        assert.deepEqual(registered.logs[0].topics, [keccak('NodeRegistered(address,string,uint256)'), topicOf(provider)]);
        assert.equal(registered.logs[0].data, `0x${[word(64), word(24576), ...text('RTX 4090')].join('')}`);

        const heartbeat = await send(provider, nodes, calldata('sendHeartbeat()'));
        const { timestamp } = await rpc('eth_getBlockByHash', heartbeat.blockHash, false);
        assert.deepEqual(heartbeat.logs[0].topics, [keccak('NodeHeartbeat(address,uint256)'), topicOf(provider)]);
        assert.deepEqual(words(heartbeat.logs[0].data), [BigInt(timestamp)]);

        // 32 bytes after the argument: the job's id, which the contract must ignore.
        const increment = calldata('incrementJobs(address)', provider, newJobId());
        const counted = await send(owner, nodes, increment);
        assert.deepEqual(counted.logs[0].topics, [keccak('JobCountIncremented(address,uint256)'), topicOf(provider)]);
        assert.deepEqual(words(counted.logs[0].data), [1n]);
        assert.equal((await rpc('eth_getTransactionByHash', counted.transactionHash)).input, increment);

        await register('H100', 81920);
        const info = await call(nodes, calldata('getProviderInfo(address)', provider));
        // Offset of the tuple, the count; then offset of the text, vram, lastSeen, isRegistered, the text.
        const [, count, , vram, , isRegistered] = words(info);
        assert.deepEqual([count, vram, isRegistered], [1n, 81920n, 1n]);
        assert.ok(info.endsWith(text('H100').join('')));
        assert.deepEqual(words(await call(nodes, calldata('totalProviders()'))), [1n]);
        assert.deepEqual(words(await call(nodes, calldata('getActiveProvidersCount()'))), [1n]);
        assert.deepEqual(words(await call(nodes, calldata('successfulJobsCount(address)', provider))), [1n]);
        assert.deepEqual(words(await call(nodes, calldata('isProviderActive(address)', provider))), [1n]);

        await rpc('evm_increaseTime', 2 * 86400);
        await rpc('evm_mine');
        assert.deepEqual(words(await call(nodes, calldata('isProviderActive(address)', provider))), [0n]);
        assert.deepEqual(words(await call(nodes, calldata('getActiveProvidersCount()'))), [0n]);
    });

    test(`${family}: authorization to count`, async () => {
        const [owner, provider, stranger] = accounts;
        const nodes = await deploy(nodeReputation, owner, owner);
        const increment = (from) => send(from, nodes, calldata('incrementJobs(address)', provider));
        const unauthorized = 'OwnableUnauthorizedAccount(address)';

        await reverts(increment(stranger), unauthorized);
        if (countsUnregistered) {
            assert.deepEqual(words((await increment(owner)).logs[0].data), [1n]);
        } else {
            await reverts(increment(owner), 'NodeNotRegistered(address)');
        }
        await reverts(send(provider, nodes, calldata('sendHeartbeat()')), 'NodeNotRegistered(address)', 'not registered');

        const transfer = (from, to) => send(from, nodes, calldata('transferOwnership(address)', to));
        await reverts(transfer(stranger, stranger), unauthorized);
        await reverts(transfer(owner, '0x0'), 'OwnableInvalidOwner(address)');
        const moved = await transfer(owner, stranger);
        assert.deepEqual(moved.logs[0].topics, [
            keccak('OwnershipTransferred(address,address)'),
            topicOf(owner),
            topicOf(stranger),
        ]);
        await reverts(increment(owner), unauthorized);
        await send(stranger, nodes, calldata('renounceOwnership()'));
        await reverts(increment(stranger), unauthorized);
    });

    test(`${family}: a provider that is a contract cannot claim twice by calling back`, async () => {
        const [deployer, renter] = accounts;
        const jobs = await deploy(jobManager, deployer);
        await send(renter, jobs, calldata('createJob(bytes32,address)', newJobId(), deployer), 5000);

        const claimThrough = async (contract) => {
            const jobId = newJobId();
            const { contractAddress } = await send(deployer, null, contract(jobs, jobId));
            await send(renter, jobs, calldata('createJob(bytes32,address)', jobId, contractAddress), 1000);
            await send(renter, jobs, calldata('confirmResult(bytes32)', jobId));
            return send(renter, contractAddress, '0x');
        };
        assert.equal((await claimThrough((...job) => claimer(...job, { callsBack: false }))).logs.length, 1);
        await reverts(claimThrough((...job) => claimer(...job, { callsBack: true })), null, 'revert');
        assert.deepEqual(words(await call(jobs, calldata('getTotalEscrowAmount()'))), [6000n]);
    });
}

/** A contract that claims a job's payment when called, and again (by reentrancy) while it is being paid. */
function claimer(jobs, jobId, { callsBack }) {
    const claim = calldata('claimReward(bytes32)', jobId).slice(2);
    const store = `7f${claim.slice(0, 64)}600052` + `7f${claim.slice(64).padEnd(64, '0')}602052`;
    // CALL(gas, jobs, 0, 0, 36, 0, 0); reverts if it fails.
    const attempt = `${store}6000600060246000600073${jobs.slice(2)}5af1`;
    const prefixBytes = callsBack ? 0 : 4;
    const stop = (prefixBytes + attempt.length / 2 + 8).toString(16).padStart(2, '0');
    const acceptPayment = callsBack ? '' : `3460${stop}57`;
    const runtime = `${acceptPayment}${attempt}60${stop}5760006000fd5b00`;
    const size = (runtime.length / 2).toString(16).padStart(2, '0');
    return `0x60${size}80600b6000396000f3${runtime}`;
}
