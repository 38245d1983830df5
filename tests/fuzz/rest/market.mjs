// Jobs in different states for the fuzzer, so that its requests find something.

import { until } from '../../integration/devnet.mjs';

const renter = '0x15d34aaf54267db7d7c367839aaf71a00a2c6a65';
const provider = '0x90f79bf6eb2c4f870365e785982e1f101e93b906';
const image = 'lamda/busybox:1.35';
const payment = '10000000000000000';

async function json(url, body, method = 'POST', headers = {}) {
    const init = body === undefined ? {} : { method, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) };
    let answer = await fetch(url, init);
    // A market that has just started may lack a part for a moment.
    for (let tries = 1; answer.status === 503 && tries < 20; ++tries) {
        await new Promise((resolve) => setTimeout(resolve, 1000 * Number(answer.headers.get('retry-after') ?? 1)));
        answer = await fetch(url, init);
    }
    const value = await answer.json();
    if (!answer.ok && answer.status !== 404) {
        throw new Error(`${method} ${url}: ${JSON.stringify(value)}`);
    }
    return value;
}

/**
 * Creates a completed, a failed, a running, a cancelled and an unpaid job.
 *
 * @return pools of values for validValue
 */
export async function createJobs(api, settings) {
    const submit = (command) => json(`${api}/api/jobs`, { spec: { renter, provider, dockerImage: image, command }, payment_amount: payment });
    const status = async (id) => (await json(`${api}/api/jobs/${id}`)).status;
    const pay = async (command) => {
        const { id, transaction } = await submit(command);
        const { error } = await json(settings.BSC_RPC_URL, { jsonrpc: '2.0', id: 1, method: 'eth_sendTransaction', params: [{ ...transaction, from: renter }] });
        if (error !== undefined) {
            throw new Error(`eth_sendTransaction: ${JSON.stringify(error)}`);
        }
        return id;
    };
    // The node has two slots: jobs that do not end by themselves come after those that do.
    const done = await pay(['sh', '-c', 'echo out; echo err >&2; echo done > /output/result']);
    const failed = await pay(['sh', '-c', 'exit 3']);
    await until('a job paid', async () => (await status(done)) === 'paid');
    await until('a job failed', async () => (await status(failed)) === 'failed');
    const running = await pay(['sh', '-c', 'sleep 600']);
    const cancelled = await pay(['sh', '-c', 'sleep 601']);
    await until('a job running', async () => (await status(running)) === 'running');
    await until('another job running', async () => (await status(cancelled)) === 'running');
    const operator = { Authorization: `Bearer ${settings.OPERATOR_TOKEN}` };
    await json(`${api}/api/jobs/${cancelled}/status`, { status: 'cancelled' }, 'PUT', operator);
    const unpaid = await submit(['true']);
    const file = await json(`${api}/api/files`, 'a text in quotes', 'POST', operator);
    return {
        ids: [done, done, done, done, failed, running, cancelled, unpaid.id],  // most routes have more to say about a completed job
        addresses: [renter, provider, provider],
        paths: { id: done, address: provider, cid: file.cid },
        cids: [unpaid.spec_cid, (await json(`${api}/api/jobs/${done}`)).output_file_cid],
        nkeys: ['UCHUILHJAKDG44IZIKKD2743NDQEG47R2LUQBALNGJVPDXZA2M25455I'],
        members: {
            dockerImage: image, chainId: Number(settings.BSC_CHAIN_ID), jobManager: settings.JOB_MANAGER_CONTRACT_ADDRESS.toLowerCase(), provider,
            payment_amount: payment, minPayment: '1', requirements: { memoryMib: 64 }, spec_cid: unpaid.spec_cid,
            cid: file.cid, Range: 'bytes=2-5',
        },
    };
}
