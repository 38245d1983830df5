// sdk/typescript against a whole market: the example of its README as it is there, and what the example leaves out.
//
//     LAMDA_DEVNET=<path of lamda-devnet> node --test sdk_market.test.mjs

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { startDevnet } from '../integration/devnet.mjs';
import { JobEnded, Lamda, LamdaError, accountOf, rpcWallet } from '../../sdk/typescript/dist/index.js';

const sdk = (path) => fileURLToPath(new URL(`../../sdk/typescript/${path}`, import.meta.url));
let market;
before(async () => {
    market = await startDevnet(process.env.LAMDA_DEVNET);
});
after(() => market?.stop());

test("the README's example gets from nothing to a job's output in twenty lines", async () => {
    const [, example] = /^```js\n(.*?)^```$/ms.exec(readFileSync(sdk('README.md'), 'utf8'));
    assert.ok(example.split('\n').filter((line) => line.trim() !== '').length <= 20, example);
    // In the package's folder its name leads to the package itself, as it does in a project that has installed it.
    const file = sdk('dist/example.mjs');
    writeFileSync(file, example);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { env: { ...process.env, ...market.settings } });
    rmSync(file);
    assert.equal(stdout, 'working\nresult done\n\n', stderr);
});

test('refusals, a cancelled job, lists, journal and receipt', async () => {
    const { LAMDA_API_URL: url, IPFS_GATEWAY_URL: store, BSC_RPC_URL: rpc, BSC_CHAIN_ID, JOB_MANAGER_CONTRACT_ADDRESS: jobManager } = market.settings;
    const lamda = new Lamda({ url, stores: [store] });
    const wallet = rpcWallet(rpc);
    const renter = await accountOf(wallet);
    const provider = '0x90f79bf6eb2c4f870365e785982e1f101e93b906';
    const jobOf = (command, more = {}) => ({ spec: { renter, provider, dockerImage: 'lamda/busybox:1.35', command, ...more }, payment_amount: '10000000000000000' });

    await assert.rejects(lamda.submit(jobOf([], { dockerImage: 'No Image' })), (error) => {
        assert.ok(error instanceof LamdaError);
        assert.deepEqual([error.status, error.errors.map(({ pointer }) => pointer)], [400, ['/spec/dockerImage']]);
        return error.requestId !== '';
    });
    await assert.rejects(lamda.job(`0x${'ee'.repeat(32)}`), { code: 'not_found' });
    const { passes, findings } = await lamda.check(jobOf([], { provider: renter }));
    assert.ok(!passes && findings.some(({ code }) => code === 'unknown_provider'), JSON.stringify(findings));

    const idempotencyKey = 'a key of the page';
    const long = await lamda.submit(jobOf(['sh', '-c', 'echo started; sleep 600']), { idempotencyKey });
    assert.equal((await lamda.submit(jobOf(['sh', '-c', 'echo started; sleep 600']), { idempotencyKey })).id, long.id);
    assert.equal((await lamda.job(long.id)).status, 'submitted');
    await lamda.pay(long, wallet);
    await lamda.waitFor(long.id, { statuses: ['running'] });
    for await (const { data } of lamda.logs(long.id)) {
        assert.equal(data, 'started\n');
        break;
    }
    const { escrow } = await lamda.cancel(long.id, wallet, renter, { chainId: Number(BSC_CHAIN_ID), jobManager });
    assert.equal(escrow.code, 'held_no_refund');
    await assert.rejects(lamda.waitFor(long.id), (error) => error instanceof JobEnded && error.job.status === 'cancelled');

    const failing = await lamda.submit(jobOf(['sh', '-c', 'exit 3']));
    await lamda.pay(failing, wallet);
    assert.equal((await lamda.waitFor(failing.id, { statuses: ['failed'] })).status, 'failed');

    const jobs = [];
    for await (const { id } of lamda.jobs({ renter_address: renter, limit: 1 })) {
        jobs.push(id);
    }
    assert.ok(jobs.length >= 3 && jobs.includes(long.id) && jobs.includes(failing.id), jobs.join());
    const kinds = [];
    for await (const { kind } of lamda.journal(long.id)) {
        kinds.push(kind);
    }
    assert.ok(kinds.includes('created') && kinds.includes('set_cancelled'), kinds.join());

    const { value: done } = await lamda.jobs({ renter_address: renter, work_state: 'completed' }).next();
    const paid = await lamda.waitFor(done.id, { statuses: ['paid'] });
    assert.equal((await lamda.receipt(done.id)).receipt.outputFileCID, paid.output_file_cid);
    assert.equal((await lamda.reputation(provider)).wallet_address.toLowerCase(), provider);
    assert.equal((await lamda.node(provider)).is_online, true);
});
