// Asks a real gateway, with every other part of the market up, requests that are made from openapi.yaml, and compares each
// answer with it. The number of requests is fixed, the time is not.
//
//     SEED=<n> REQUESTS=<n> node fuzz.mjs <path of lamda-devnet>
//
// Prints the seed, which repeats the requests, and one line for each kind of fault, with a request that shows it. Exit
// status 1 with faults.

import fc from 'fast-check';

import { startDevnet } from '../../integration/devnet.mjs';
import { readOpenapi } from '../../integration/contract_files/read.mjs';
import { Client, sendBytes } from './client.mjs';
import { Credentials, trustedOrigin } from './credentials.mjs';
import { Gateway } from './gateway.mjs';
import { hostileRequests, sqlRequests } from './hostile.mjs';
import { Judge } from './judge.mjs';
import { createJobs } from './market.mjs';
import { operationsOf, requestTo, targetOf } from './requests.mjs';
import { ownId } from './values.mjs';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
/** With so many requests to each operation one of them is accepted and one refused, except by a chance below 10⁻⁴. */
const enough = 100;
const openapi = await readOpenapi();
const operations = operationsOf(openapi);
const requests = Number(process.env.REQUESTS ?? enough * operations.length);
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(requests) || requests < 1 || process.argv.length !== 3) {
    process.stderr.write('usage: SEED=<integer> REQUESTS=<positive integer> node fuzz.mjs <path of lamda-devnet>\n');
    process.exit(64);
}
process.stdout.write(`SEED=${seed} REQUESTS=${requests}\n`);

const faults = new Map();
function addFaults(where, found, example) {
    for (const text of found) {
        const key = `${where}: ${text.replaceAll(/0x[0-9a-f]{16,}/gi, '0x…').slice(0, 300)}`;
        faults.set(key, { times: (faults.get(key)?.times ?? 0) + 1, example: faults.get(key)?.example ?? example });
    }
}

/** Runs `work` on each item, at most `most` at a time. */
async function forEach(items, most, work) {
    const left = items.entries();
    await Promise.all(Array.from({ length: most }, async () => {
        for (const [index, item] of left) {
            await work(item, index);
        }
    }));
}

/** Operations that need a signature, another market, or a job in a state that another request may have ended. */
const needsMore = new Set(['getCredentialsChallenge', 'createCredentials', 'attachJobSpec', 'setJobStatus', 'cancelJob']);

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
function asCurl({ method, target, headers, body }) {
    const words = ['curl', '-i', '--path-as-is', '-X', method, ...Object.entries(headers).flatMap(([name, value]) => ['-H', quoted(`${name}: ${value}`)])];
    return [...words, ...(body === undefined ? [] : ['--data-binary', quoted(body.slice(0, 1000))]), quoted(`$API${target}`)].join(' ');
}

const byId = new Map(operations.map((operation) => [operation.id, operation]));
const judge = new Judge(openapi);
const statuses = new Map(operations.map(({ id }) => [id, new Map()]));

// Each request has a client address of its own: limits by client do not hide what is behind them.
let clients = 0;
const ownAddress = () => {
    clients += 1;
    return { 'X-Forwarded-For': `10.${(clients >> 16) & 255}.${(clients >> 8) & 255}.${clients & 255}` };
};

const handshake = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==' };

/** The market goes on meanwhile: equal answers of GET before and after are needed, and a difference that stays. */
async function faultsOfHead(client, sent, answer) {
    let faults = [];
    for (let tries = 0; tries < 3; ++tries) {
        const head = await client.send({ ...sent, method: 'HEAD' });
        const again = await client.send(sent);
        const same = answer.status === again.status && answer.headers.etag === again.headers.etag && answer.body === again.body;
        faults = same ? judge.ofHead(answer, head) : [];
        if (faults.length === 0) {
            break;
        }
    }
    return faults;
}

/** @return the answer; undefined if there is none */
async function ask(client, gateway, request, index) {
    const operation = byId.get(request.operation);
    const headers = { ...ownAddress(), ...request.headers, ...(request.upgrade ? handshake : {}) };
    const sent = { method: request.method, target: targetOf(operation.template, request), headers, body: request.body };
    const where = `${request.method} ${operation.template}`;
    let answer;
    try {
        answer = await client.send(sent);
    } catch (error) {
        addFaults(where, [`no answer: ${error.message}${gateway.runs() ? '' : '; the gateway has ended'}`], asCurl(sent));
        return undefined;
    }
    const seen = statuses.get(operation.id);
    seen.set(answer.status, (seen.get(answer.status) ?? 0) + 1);
    addFaults(where, judge.ofAnswer(request, answer), asCurl(sent));
    // HEAD has no ranges (RFC 9110, section 14.2).
    const hasHead = request.method === 'GET' && !answer.cut && request.body === undefined && headers.Range === undefined;
    if (hasHead && index % 5 === 0) {
        addFaults(where, await faultsOfHead(client, sent, answer), asCurl(sent));
    }
    return answer;
}

function report() {
    for (const [id, seen] of statuses) {
        process.stdout.write(`${id}: ${[...seen].sort().map(([status, times]) => `${status} × ${times}`).join(', ')}\n`);
    }
    for (const [text, { times, example }] of [...faults].slice(0, 60)) {
        process.stdout.write(`FAULT ${text} (${times} times)\n    ${example}\n`);
    }
    process.stdout.write(`${faults.size} kinds of faults; SEED=${seed} REQUESTS=${requests} repeats the requests\n`);
    process.exitCode = faults.size > 0 ? 1 : 0;
}

const devnet = process.argv[2];
const network = await startDevnet(devnet);
let gateway;
try {
    gateway = await Gateway.start(devnet, network);
    const client = new Client(gateway.port);
    const pools = await createJobs(`http://127.0.0.1:${gateway.port}`, network.settings);
    const askValid = (id, headers, body) => ask(client, gateway, {
        operation: id, kind: 'valid', caller: headers.Authorization === undefined ? 'none' : byId.get(id).callers[0], method: byId.get(id).method, path: {}, query: [],
        headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers }, body: body && JSON.stringify(body),
    }, 1);
    const credentials = await Credentials.create(askValid, network.settings);
    pools.members.token = credentials.session;
    const askApplied = async (request, index) => ask(client, gateway, await credentials.applied(request, byId.get(request.operation)), index);

    const each = Math.ceil(requests / operations.length);
    const samples = operations.map((operation, index) => fc.sample(requestTo(operation, pools), { seed: seed + index, numRuns: each }));
    const mixed = Array.from({ length: each }, (_, turn) => samples.map((sample) => sample[turn])).flat();
    await forEach(mixed, 8, askApplied);
    await forEach(sqlRequests(operations, pools), 8, (request) => askApplied(request, 1));

    for (const template of new Set(operations.map((operation) => operation.template))) {
        const target = template.replaceAll(/\{(\w+)\}/g, (_, name) => pools.paths[name] ?? ownId);
        const sent = { method: 'OPTIONS', target, headers: { Origin: trustedOrigin, 'Access-Control-Request-Method': 'GET' } };
        addFaults(`OPTIONS ${template}`, judge.ofOptions(template, await client.send(sent)), asCurl(sent));
    }
    const hostile = hostileRequests(operations, seed);
    await forEach(hostile, 8, async ({ name, bytes }) => {
        let answer;
        try {
            answer = await sendBytes(gateway.port, bytes);
        } catch (error) {
            answer = { failed: error.message };
        }
        const found = answer.failed ? [answer.failed] : answer.closed ? [] : [
            ...(answer.status >= 400 ? [] : [`is answered ${answer.status}`]), ...judge.ofAnyAnswer(answer),
        ];
        const health = await client.send({ method: 'GET', target: '/health' }).catch((error) => ({ status: error.message }));
        addFaults(name, [...found, ...(health.status === 200 ? [] : [`/health is ${health.status} after it`])], JSON.stringify(bytes.toString('latin1').slice(0, 400)));
    });

    for (const id of pools.ids) {
        const { status } = await client.send({ method: 'GET', target: `/api/jobs/${id}` });
        addFaults('afterwards', status === 200 ? [] : [`job ${id} is ${status}`], '');
    }
    for (const { id, method, template } of each < enough ? [] : operations) {
        const seen = [...statuses.get(id).keys()];
        const reached = seen.some((status) => status < 300) || needsMore.has(id);
        addFaults(`${method} ${template}`, [
            ...(reached ? [] : ['no request was accepted: the fuzzer does not reach behind the first check']),
            ...(seen.some((status) => status >= 400) ? [] : ['no request was refused']),
        ], '');
    }
    client.close();
    process.stdout.write(`${clients} requests, ${hostile.length} hostile ones\n`);
} finally {
    try {
        const ended = await gateway?.stop();
        if (ended !== 0) {
            addFaults('the gateway', [`ended with ${ended}`], gateway?.log().split('\n').slice(-40).join('\n') ?? '');
        }
    } finally {
        report();  // also what was found before an exception
        await network.stop();
    }
}
