// A node agent for Lamda in one file: the official NATS client, viem, and the docker command. See README.md.
import { execFile } from 'node:child_process';
import { env } from 'node:process';
import { createHash, randomBytes } from 'node:crypto';
import { fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { connect } from 'nats';
import { privateKeyToAccount } from 'viem/accounts';
const account = privateKeyToAccount(`0x${env.AGENT_PRIVATE_KEY.replace(/^0x/, '')}`);
const [provider, jobManager, chainId] = [account.address, env.JOB_MANAGER_CONTRACT_ADDRESS, env.BSC_CHAIN_ID].map((text) => text.toLowerCase());
const [home, capacity, instance] = [env.AGENT_STATE_DIR, Number(env.AGENT_CAPACITY ?? 2), randomBytes(8).toString('hex')];
const docker = async (...args) => (await promisify(execFile)('docker', args)).stdout.trim();
const parse = (text) => { try { return JSON.parse(text); } catch { return null; } };
// ---- jobs: the highest attempt, its last seq, unsent statuses, final status. A journal in which the last line of a job counts
mkdirSync(home, { recursive: true });
const journal = openSync(`${home}/journal`, 'a+');
const records = readFileSync(journal, 'utf8').split('\n').map(parse).filter((record) => record !== null);
const save = (record) => (writeSync(journal, `\n${JSON.stringify(record)}`), fsyncSync(journal)); // half a line does no harm
const jobs = new Map(records.filter(({ id }) => id !== 'heartbeat').map((record) => [record.id, record]));
const beats = records.findLast(({ id }) => id === 'heartbeat') ?? { id: 'heartbeat', seq: 0 };
const jobOf = (id) => jobs.get(id) ?? jobs.set(id, { id, void: 0, attempt: 0, seq: 0, unsent: [], final: null }).get(id);
const alive = (job, n) => n === job.attempt && n > job.void && !job.final;
const running = new Set(); // names of containers
const stop = (job, n) => docker('rm', '-f', '-v', `lamda-${job.id}-${n}`).catch(() => {});
// ---- signed statuses
const types = {
    Status: 'uint8 v,bytes32 jobId,uint32 attempt,uint32 seq,address provider,string status,string at,string outputFileCID,'
        + 'int32 exitCode,string errorCode,string errorMessage,bytes32 receipt',
    Heartbeat: 'uint8 v,address provider,uint64 seq,string at,string agentVersion,uint32 capacity,uint32 running,string instance' };
const nulls = { outputFileCID: '', exitCode: -1, errorCode: '', errorMessage: '', receipt: `0x${'0'.repeat(64)}` }; // as signed
function sign(primaryType, body) {
    const fields = types[primaryType].split(',').map((field) => ({ type: field.split(' ')[0], name: field.split(' ')[1] }));
    const message = Object.fromEntries(fields.map(({ name }) => [name, body[name] ?? nulls[name]]));
    const domain = { name: 'Lamda', version: '1', chainId: Number(chainId), verifyingContract: jobManager };
    return account.signTypedData({ domain, types: { [primaryType]: fields }, primaryType, message });
}
let reports = Promise.resolve(); // one after the other, in the order of their numbers
const report = (job, n, status, details) => (reports = reports.then(async () => {
    if (!alive(job, n)) return; // retracted, superseded or ended
    const body = { v: 1, jobId: job.id, attempt: n, seq: ++job.seq, provider, status, at: new Date().toISOString(), outputFileCID: null,
        exitCode: null, errorCode: null, errorMessage: null, receipt: null, ...details };
    body.signature = await sign('Status', body);
    if (!alive(job, n)) return;
    job.unsent.push(JSON.stringify(body));
    if (status === 'completed' || status === 'failed') job.final = JSON.stringify(body);
    save(job);
}));
// ---- the work
const fail = (errorCode, errorMessage, exitCode = null) => { throw Object.assign(new Error(), { why: { errorCode, errorMessage, exitCode } }); };
async function fetchInput(cid, path) { // one raw block: its CID holds the digest of the file
    const answer = await fetch(`${env.IPFS_GATEWAY_URL}/ipfs/${cid}?format=raw`).catch(() => fail('input_unavailable', 'no gateway'));
    writeFileSync(path, Buffer.from(await answer.arrayBuffer()));
    const number = [...cid.slice(1)].reduce((sum, letter) => sum * 32n + BigInt('abcdefghijklmnopqrstuvwxyz234567'.indexOf(letter)), 0n);
    const expected = `1551220${createHash('sha256').update(readFileSync(path)).digest('hex')}`; // CIDv1, raw, sha2-256
    if ((number >> 2n).toString(16) !== expected) fail('input_unavailable', 'other bytes, or not one raw block');
}
async function storeOutput(folder) { // regular files only: a link could lead out of the folder
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    if (files.length === 0) return 'bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354'; // an empty directory
    const [body, paths] = [new FormData(), files.map(({ parentPath, path = parentPath, name }) => `${path}/${name}`)];
    paths.forEach((path) => body.append('file', new Blob([readFileSync(path)]), path.slice(folder.length + 1)));
    const answer = await fetch(`${env.IPFS_API_URL}/api/v0/add?cid-version=1&wrap-with-directory=true`, { method: 'POST', body });
    return (await answer.text()).trim().split('\n').map(parse).find(({ Name }) => Name === '').Hash;
}
async function run(job, n) {
    const { dockerImage, inputFileCID, command, spec, requirements: needs } = job.assignment;
    const [name, folder] = [`lamda-${job.id}-${n}`, `${home}/lamda-${job.id}-${n}`];
    let status = 'accepted';
    running.add(name); // counted until its container is removed
    const repeat = setInterval(() => report(job, n, status), 10_000);
    try {
        if (spec) fail('refused', 'no secrets here'); // only a sealed spec is sent along
        if (!/^[a-z0-9][a-z0-9._:/@-]*$/.test(dockerImage) || needs.network || needs.gpuCount > 0 || needs.readOnlyRoot) fail('refused', 'not offered here');
        mkdirSync(`${folder}/output`, { recursive: true });
        if (inputFileCID) await fetchInput(inputFileCID, `${folder}/input`);
        if (!alive(job, n)) return;
        const files = ['-v', `${folder}/output:/output`, ...(inputFileCID ? ['-v', `${folder}/input:/input:ro`] : [])];
        const variables = Object.entries(job.assignment.env).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
        await docker('run', '-d', '--name', name, `--memory=${needs.memoryMib}m`, `--cpus=${needs.cpuMillis / 1000}`, '--pids-limit=1024',
            '--network=none', '--cap-drop=ALL', '--security-opt=no-new-privileges', ...files, ...variables, dockerImage, ...command)
            .catch(({ code }) => fail(code === 125 ? 'image_unavailable' : 'start_failed', 'the engine refused it'));
        if (!alive(job, n)) return; // retracted while it started
        report(job, n, (status = 'running'));
        const exitCode = Number(await Promise.race([docker('wait', name), pause(needs.timeLimitSeconds * 1000, NaN)]));
        if (Number.isNaN(exitCode)) fail('timeout', `stopped after ${needs.timeLimitSeconds} s`);
        if (exitCode !== 0) fail('exit_nonzero', `exit code ${exitCode}`, exitCode);
        const store = () => storeOutput(`${folder}/output`).catch(() => (alive(job, n) ? pause(3000).then(store) : null));
        await report(job, n, 'completed', { outputFileCID: await store(), exitCode }); // the upload is repeated, the run never
    } catch ({ why = { errorCode: 'internal', errorMessage: 'the agent failed' } }) {
        await report(job, n, 'failed', why);
    } finally {
        clearInterval(repeat), await stop(job, n);
        rmSync(folder, { recursive: true, force: true });
        running.delete(name);
    }
}
// ---- the bus
const { host, username: user, password: pass } = new URL(env.NATS_URL);
const nats = await connect({ servers: host, maxReconnectAttempts: -1, waitOnFirstConnect: true, ...(user && { user, pass }) });
let contradicted = 0; // time of the last assignment of another market
const known = (value) => value?.v === 1 && /^0x[0-9a-f]{64}$/.test(value.jobId) && Number.isInteger(value.attempt);
function onAssignment(message) {
    const a = parse(message.string());
    if (!known(a) || a.provider !== provider || !a.command || !a.requirements || a.attempt < 1) return message.term();
    const [job, n] = [jobOf(a.jobId), a.attempt];
    if (n === job.attempt && n > job.void && job.final) job.unsent.push(job.final); // the same bytes again
    if (n <= job.attempt || n <= job.void) return message.ack();
    if (a.chainId !== Number(chainId) || a.jobManager !== jobManager) return (contradicted = Date.now()), message.nak(15_000);
    stop(job, job.attempt); // a lower attempt
    const entry = { attempt: n, assignment: a, seq: 0, unsent: [], final: null };
    save({ ...job, ...entry }); // on disk before it is acknowledged
    Object.assign(job, entry);
    message.ack();
    report(job, n, 'accepted').then(() => run(job, n));
}
function onRetraction(message) {
    const retraction = parse(message.string());
    if (!known(retraction)) return message.term();
    const job = jobOf(retraction.jobId);
    job.void = Math.max(job.void, retraction.attempt); // remembered: its assignment may come later
    save(job);
    message.ack();
    if (job.attempt <= job.void) stop(job, job.attempt);
}
async function consume(stream, handle, mayFetch) {
    const consumer = await nats.jetstream().consumers.get(stream, provider); // fails until the dispatcher has created it
    const message = mayFetch() ? await consumer.next({ expires: 2000 }) : await pause(200);
    if (message) handle(message);
}
async function publish() {
    for (const job of [...jobs.values()].filter(({ unsent }) => unsent.length > 0)) {
        const [body] = job.unsent;
        await nats.jetstream().publish(`jobs.status.${provider}`, body); // throws without JetStream's acknowledgement: sent again
        if (job.unsent[0] === body && job.unsent.shift()) save(job);
    }
    await pause(50);
}
async function heartbeat() {
    save(Object.assign(beats, { seq: Math.max(beats.seq + 1, Date.now()) })); // before it is sent: no number is used twice
    const body = { v: 1, provider, seq: beats.seq, at: new Date().toISOString(), agentVersion: 'sample-1',
        capacity: Date.now() - contradicted < 60_000 ? 0 : capacity, running: running.size, instance };
    nats.publish(`nodes.heartbeat.${provider}`, JSON.stringify({ ...body, signature: await sign('Heartbeat', body) }));
    await pause(5000);
}
const forever = async (step) => { for (;;) await step().catch((error) => (console.error(`${error}`), pause(1000))); };
jobs.forEach((job) => report(job, job.attempt, 'failed', { errorCode: 'internal', errorMessage: 'restarted' }).then(() => stop(job, job.attempt)));
const retractions = () => consume('RETRACT', onRetraction, () => true);
[heartbeat, publish, retractions, () => consume('JOBS', onAssignment, () => running.size < capacity)].forEach(forever);
