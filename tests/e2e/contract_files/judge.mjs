// Uses a running market as a renter, with the client that is compiled against openapi.yaml. Validates each
// answer against openapi.yaml, each message on the bus against asyncapi.yaml and its schema; requires every
// route and channel to occur.
//
//     node judge.mjs <scratch folder>      with the market's settings in the environment
//
// Prints `listening` when it is connected to the bus: providers register and agents start after that. Exit
// status 1 and one line for each fault.

import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

import { privateKeyToAccount } from 'viem/accounts';
import { createSiweMessage } from 'viem/siwe';

import { newValidator, parseAsyncapi, parseOpenapi, readOpenapi, transpileClient } from '../../integration/contract_files/read.mjs';
import { sealSecret } from '../../data/make_secret_vectors.mjs';
import { BusTap } from './bus_tap.mjs';
import { eventsOf, faultsOfFeed, FeedTap } from './feed_tap.mjs';
import { checkFiles } from './file_checks.mjs';

const env = process.env;
const api = env.LAMDA_API_URL;
const renterAddress = env.RENTER.toLowerCase();
const providerAddress = env.PROVIDER.toLowerCase();
const image = 'lamda/busybox:1.35';
const payment = '10000000000000000';
const faults = new Set();

async function until(what, look) {
    const deadline = Date.now() + 120_000 * Number(env.LAMDA_TEST_PATIENCE ?? 1);
    let last;
    while (Date.now() < deadline) {
        last = await look();
        if (last) {
            return last;
        }
        await new Promise((done) => setTimeout(done, 100));
    }
    throw new Error(`${what} did not happen; faults so far: ${[...faults].join('; ')}`);
}

// ---- the specifications

const validators = new Map();
function addFaults(where, schema, value) {
    let validate = validators.get(schema);
    if (validate === undefined) {
        validate = newValidator().compile(schema);
        validators.set(schema, validate);
    }
    if (!validate(value)) {
        for (const { instancePath, message } of validate.errors) {
            faults.add(`${where}: ${instancePath} ${message}: ${JSON.stringify(value).slice(0, 400)}`);
        }
    }
}

/** `/api/jobs/{id}` or `events.job.{jobId}` as an expression; a parameter ends at the separator. */
const matcher = (template, separator) =>
    new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, `[^${separator}]+`)}$`);

const openapi = await readOpenapi();
const routes = Object.entries(openapi.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, { responses }]) => ({
        name: `${method.toUpperCase()} ${template}`, method, pattern: matcher(template, '/'), responses,
        literal: !template.includes('{'),
    })),
);
const seenRoutes = new Set();

function checkAnswer(method, path, status, type, text) {
    const route = routes
        .filter((each) => each.method === method.toLowerCase() && each.pattern.test(path))
        .sort((a, b) => Number(b.literal) - Number(a.literal))[0];
    const where = `${method} ${path} ${status}`;
    if (route === undefined) {
        faults.add(`${where}: no such route in openapi.yaml`);
        return;
    }
    seenRoutes.add(route.name);
    const response = route.responses[status] ?? route.responses[`${Math.floor(status / 100)}XX`] ?? route.responses.default;
    if (status === 304 && response !== undefined && text === '') {
        return;
    }
    const schema = response?.content?.[type]?.schema;
    if (schema === undefined) {
        faults.add(`${where}: openapi.yaml has no such status, or not with ${type}`);
        return;
    }
    addFaults(`${where} (${route.name})`, schema, /json$/.test(type) ? JSON.parse(text) : text);
}

const checkedFetch = async (request) => {
    const response = await fetch(request);
    checkAnswer(
        request.method, new URL(request.url).pathname, response.status,
        response.headers.get('content-type')?.split(';')[0], await response.clone().text(),
    );
    return response;
};
const ask = (method, path, body, headers = {}) =>
    checkedFetch(new Request(api + path, {
        method, headers: { 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }));

const { document, faults: unreadable } = await parseAsyncapi();
unreadable.forEach((fault) => faults.add(`asyncapi.yaml: ${fault}`));
const channels = document.channels().all().map((channel) => ({
    name: channel.address(),
    pattern: matcher(channel.address(), '.'),
    messages: channel.messages().all().map((message) => ({
        payload: message.payload()?.json(), headers: message.headers()?.json(), id: message.id(),
    })),
}));
const bare = (schema) => JSON.parse(JSON.stringify(schema, (key, value) => (key.startsWith('x-parser-') || key === '$schema' ? undefined : value)));
for (const channel of channels) {
    channel.messages = channel.messages.map(({ payload, headers, id }) => ({
        payload: bare(payload), headers: headers && bare({ ...headers, required: Object.keys(headers.properties) }), id,
    }));
}
const seenChannels = new Set();

function checkMessage({ subject, headers, body }) {
    const channel = channels.find((each) => each.pattern.test(subject));
    if (channel === undefined) {
        faults.add(`${subject}: no such channel in asyncapi.yaml`);
        return;
    }
    seenChannels.add(channel.name);
    const { payload, headers: wanted } = channel.messages[0];
    const message = JSON.parse(body);
    addFaults(subject, payload, message);
    if (wanted !== undefined) {
        addFaults(`${subject}: headers`, wanted, headers);
    }
    if (subject.startsWith('events.')) {
        const [base, ...marks] = headers['Nats-Msg-Id'].replace(`event:${message.id}:${subject}`, 'own').split(':');
        if (base !== 'own' || marks.some((mark) => mark !== 'node' && mark !== 'unwound')) {
            faults.add(`${subject}: id ${headers['Nats-Msg-Id']} is not event:${message.id}:${subject}`);
        }
    }
    return message;
}

function checkReply(subject, text) {
    const { messages } = channels.find((each) => each.name === subject);
    addFaults(`${subject}: answer`, messages.find(({ id }) => /answer/i.test(id)).payload, JSON.parse(text));
    return JSON.parse(text);
}

// ---- the renter's requests

writeFileSync(`${process.argv[2]}/renter.mjs`, transpileClient());
const { Renter, Refused } = await import(pathToFileURL(`${process.argv[2]}/renter.mjs`));
const renter = new Renter(api, checkedFetch);
const bus = await BusTap.open(env.NATS_URL);
const feed = await FeedTap.open(api);
process.stdout.write('listening\n');

async function pay(transaction) {
    const response = await fetch(env.BSC_RPC_URL, {
        method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_sendTransaction', params: [{ ...transaction, from: renterAddress }] }),
    });
    const { result, error } = await response.json();
    if (result === undefined) {
        throw new Error(`eth_sendTransaction: ${JSON.stringify(error)}`);
    }
}
const statusOf = async (id) => {
    try {
        return (await renter.job(id)).status;
    } catch (refused) {
        if (refused instanceof Refused && refused.status === 404) {
            return undefined;  // not mined yet
        }
        throw refused;
    }
};
const order = async (command) => {
    const { id, transaction } = await renter.order(renterAddress, providerAddress, image, command, payment);
    await pay(transaction);
    return id;
};

await until('an online provider', async () => (await renter.providers(1)).length === 1);
const done = await order(['sh', '-c', 'echo working; echo done > /output/result']);
const stopped = await order(['sh', '-c', 'sleep 600']);
await until('the second job running', async () => (await statusOf(stopped)) === 'running');
await renter.cancel(stopped, env.OPERATOR_TOKEN, 'not needed', 'cancel-once');
const withdrawn = await order(['sh', '-c', 'sleep 600']);
await until('the third job running', async () => (await statusOf(withdrawn)) === 'running');
const expiresAt = Math.floor(Date.now() / 1000) + 600;
const cancellation = await privateKeyToAccount(env.WALLET_PRIVATE_KEY).signTypedData({
    domain: { name: 'Lamda', version: '1', chainId: Number(env.BSC_CHAIN_ID), verifyingContract: env.JOB_MANAGER_CONTRACT_ADDRESS },
    types: { CancelJob: [{ name: 'jobId', type: 'bytes32' }, { name: 'expiresAt', type: 'uint64' }] },
    primaryType: 'CancelJob', message: { jobId: withdrawn, expiresAt },
});
const escrow = await renter.cancelSigned(withdrawn, expiresAt, cancellation);
if (escrow.code !== 'held_no_refund') {
    faults.add(`the escrow of a cancelled job: ${JSON.stringify(escrow)}`);
}
await until('the first job paid', async () => (await statusOf(done)) === 'paid');
await until('its count', async () => (await renter.reputation(providerAddress)).count === 1);

const { receipt } = await renter.receipt(done);
if (receipt.jobId !== done || receipt.outputFileCID !== (await renter.job(done)).output_file_cid) {
    faults.add(`the receipt is of another job or output: ${JSON.stringify(receipt)}`);
}
const shown = execFileSync(env.LAMDA, ['receipt', 'show', done], { encoding: 'utf8' });
const verified = execFileSync(env.LAMDA, ['receipt', 'verify', '-', '--provider', providerAddress], { input: shown, encoding: 'utf8' });
if (!/signature +valid/.test(verified)) {
    faults.add(`lamda receipt verify: ${verified}`);
}
// The spec's digest is the job's id; the attempts show how each job ended.
const storedSpec = await (await ask('GET', `/api/jobs/${done}/spec`)).text();
if (`0x${createHash('sha256').update(storedSpec).digest('hex')}` !== done) {
    faults.add(`the spec of ${done} has another digest: ${storedSpec}`);
}
const endsOf = async (id) => (await (await ask('GET', `/api/jobs/${id}/attempts`)).json()).items.map(({ state, exit_code: code }) => `${state} ${code}`);
for (const [id, ends] of [[done, 'completed 0'], [stopped, 'cancelled null'], [withdrawn, 'cancelled null']]) {
    if ((await endsOf(id)).join() !== ends) {
        faults.add(`the attempts of ${id} ended ${await endsOf(id)}, not ${ends}`);
    }
}
const { ids: endedIds, count: endedCount } = await renter.ended(['paid', 'cancelled']);
if (endedIds.join() !== [done, stopped, withdrawn].join() || endedCount !== 3) {
    faults.add(`the ended jobs are ${endedIds}, counted ${endedCount}`);
}
const firstPage = await ask('GET', '/api/jobs?limit=2&status=paid,cancelled&sort=created_at&fields=id,status');
const [, nextPath] = /^<([^>]+)>; rel="next"$/.exec(firstPage.headers.get('link'));
const [lastJob, ...noOthers] = (await (await ask('GET', nextPath)).json()).items;
if (lastJob?.id !== withdrawn || noOthers.length > 0) {
    faults.add(`the page behind Link has ${JSON.stringify(lastJob)} and ${noOthers.length} others`);
}
const { spec_cid: cidOfDone } = await renter.job(done);
if ((await (await ask('GET', `/api/jobs?spec_cid=${cidOfDone}`)).json()).items[0]?.id !== done) {
    faults.add(`no job with the spec ${cidOfDone}`);
}
for await (const job of renter.jobs(renterAddress)) {
    void job;
}
const spec = (await (await ask('POST', '/api/jobs', { spec: { renter: renterAddress, provider: providerAddress, dockerImage: image }, payment_amount: payment })).json()).spec;

await until('a job like the first one to pass its check', async () => {
    const { passes, stages } = await (await ask('POST', '/api/jobs/check', { spec, payment_amount: payment })).json();
    return passes && stages.start === 'passes';  // the heartbeat may still show the cancelled jobs
});

// ---- secrets: sealed here and by `lamda`, opened by the agent

const secret = 'correct horse battery staple';
const digest = createHash('sha256').update(secret).digest('hex');
const check = ['sh', '-c', `sha256sum < /run/secrets/TOKEN | grep -q ${digest} && echo same > /output/result`];
writeFileSync(`${process.argv[2]}/secret`, secret);
const { public_key: publicKey } = await (await ask('GET', `/api/nodes/${providerAddress}/key`)).json();
const sealedSpec = { ...spec, command: check, salt: `0x${randomBytes(32).toString('hex')}` };
sealedSpec.secrets = { TOKEN: sealSecret(sealedSpec, 'TOKEN', secret, Buffer.from(publicKey.slice(2), 'hex')) };
const sealedOrder = await (await ask('POST', '/api/jobs', { spec: sealedSpec, payment_amount: payment })).json();
await pay(sealedOrder.transaction);
const byCommand = JSON.parse(execFileSync(
    env.LAMDA,
    ['--json', 'job', 'create', '--provider', providerAddress, '--image', image, '--payment', payment, '--yes',
        '--secret', `TOKEN=${process.argv[2]}/secret`, '--', ...check],
    { encoding: 'utf8' },
));
for (const id of [sealedOrder.id, byCommand.id]) {
    await until(`the job with a secret ${id} paid`, async () => (await statusOf(id)) === 'paid');
}

for (const [method, path, body, headers] of [
    ['GET', '/health'], ['GET', '/api/nodes'], ['GET', `/api/nodes/${providerAddress}`], ['GET', '/api/nodes/0x1'], ['GET', `/api/nodes/${providerAddress}/history?limit=1`], ['GET', '/api/nodes/0x1/history?sort=state'], ['GET', `/api/nodes/${providerAddress}/stats`], ['GET', '/api/market/stats?interval=day'], ['GET', '/api/market/stats?from=2030-01-01T00:00:00Z&interval=week'], ['GET', `/api/jobs/stats?provider_address=${providerAddress}`], ['GET', '/api/jobs/stats?to=now'],
    ['GET', '/api/nodes?surprise=1'], ['GET', `/api/nodes/${providerAddress}/jobs?limit=1`], ['GET', `/api/renters/${renterAddress}/jobs?status=paid&fields=id`], ['GET', '/api/nodes?sort=-reputation_score&count=true'], ['GET', '/api/nodes?fields=secret&sort=vram'], ['GET', '/api/jobs?limit=0&status=done'], ['GET', `/api/jobs/0x${'ee'.repeat(32)}`],
    ['POST', '/api/jobs/query', { status: 'paid', limit: 1 }], ['POST', '/api/jobs/query', { status: {} }],
    ['POST', '/api/jobs', { spec: { renter: renterAddress } }], ['POST', '/api/jobs', []],
    ['POST', '/api/jobs/check', { spec: { renter: renterAddress }, payment_amount: '0' }], ['POST', '/api/jobs/check', []],
    ['GET', `/api/jobs/${stopped}/receipt`], ['GET', `/api/jobs/0x${'ee'.repeat(32)}/receipt`],
    ['PUT', `/api/jobs/${done}/status`, { status: 'cancelled' }],
    ['PUT', `/api/jobs/${done}/status`, { status: 'gone' }, { authorization: `Bearer ${env.OPERATOR_TOKEN}` }],
    ['POST', `/api/jobs/${done}/cancel`, {}, { authorization: `Bearer ${env.OPERATOR_TOKEN}` }],
    ['POST', `/api/jobs/${done}/cancel`, { expires_at: 1, signature: `0x${'11'.repeat(64)}1b` }],
    ['PUT', `/api/jobs/${done}/spec`, { spec, signature: `0x${'11'.repeat(64)}1b` }],
    ['GET', `/api/jobs/0x${'ee'.repeat(32)}/spec`], ['GET', `/api/jobs/0x${'ee'.repeat(32)}/attempts`],
    ['GET', '/api/events?channel=jobs'], ['GET', '/api/ws'],
    ['GET', `/api/jobs/${done}/events`], ['GET', `/api/jobs/${done}/events?limit=2`], ['GET', `/api/jobs/${done}/logs`], ['GET', `/api/jobs/0x${'ee'.repeat(32)}/events`],
    ['GET', `/api/reputation/${providerAddress}/jobs`], ['GET', `/api/reputation/0x${'ee'.repeat(20)}`],
]) {
    await ask(method, path, body, headers);
}
await checkFiles({ fetchChecked: checkedFetch, api, token: env.OPERATOR_TOKEN, output: receipt.outputFileCID, fault: (text) => faults.add(text) });
// ---- sign-in, sessions, API keys

const account = privateKeyToAccount(env.WALLET_PRIVATE_KEY);
const json = async (...request) => (await ask(...request)).json();
const bearer = (token) => ({ authorization: `Bearer ${token}` });
const signIn = async () => {
    const { nonce, issued_at: issuedAt } = await json('GET', '/api/session/nonce');
    const message = createSiweMessage({
        address: account.address, chainId: Number(env.BSC_CHAIN_ID), domain: 'localhost:3000', nonce,
        uri: 'http://localhost:3000', version: '1', issuedAt: new Date(issuedAt),
    });
    return json('POST', '/api/session', { message, signature: await account.signMessage({ message }) });
};
const { token, session } = await signIn();
const other = await signIn();
const operator = bearer(env.OPERATOR_TOKEN);
const { key: reader } = await json('POST', '/api/keys', { name: 'reads', scopes: ['sessions:read'] }, operator);
const { key: writer, id: writerId } = await json('POST', '/api/keys', { name: 'writes', scopes: ['profiles:write'], valid_days: 1 }, operator);
await ask('POST', '/api/keys', { name: 'own', scopes: ['account:read'] }, bearer(token));
for (const [method, path, body, headers] of [
    ['POST', '/api/session', {}], ['POST', '/api/session', { message: 'hello', signature: '0x00' }],
    ['GET', '/api/session', undefined, bearer(token)], ['GET', '/api/session'], ['GET', '/api/sessions', undefined, bearer(token)],
    ['PUT', `/api/profiles/${account.address}`, { nftTier: 'gold', pkpPublicKey: null }, bearer(writer)],
    ['PUT', `/api/profiles/${account.address}`, { nftTier: 'gold', pkpPublicKey: null }, bearer(reader)],
    ['GET', `/api/profiles/${account.address}`, undefined, bearer(reader)],
    ['POST', '/api/session/introspect', { token }, bearer(reader)], ['POST', '/api/session/introspect', { token: 'x' }, bearer(reader)],
    ['GET', '/api/keys', undefined, operator], ['GET', '/api/keys', undefined, bearer(token)], ['POST', '/api/keys', {}, operator],
    ['DELETE', `/api/keys/${writerId}`, undefined, operator], ['DELETE', `/api/keys/${writerId}`, undefined, operator],
    ['DELETE', `/api/sessions/${other.session.id}`, undefined, bearer(token)],
    ['DELETE', `/api/sessions/${other.session.id}`, undefined, bearer(token)],
    ['DELETE', '/api/session', undefined, bearer(token)],
    ['DELETE', '/api/sessions', undefined, bearer((await signIn()).token)],
]) {
    await ask(method, path, body, headers);
}
if (session.wallet_address !== account.address) {
    faults.add(`the session is of another wallet: ${JSON.stringify(session)}`);
}
const served = await ask('GET', '/openapi.json');
if (!isDeepStrictEqual(await served.json(), await parseOpenapi())) {
    faults.add('/openapi.json is not proto/openapi.yaml');
}
const unchanged = await ask('GET', '/openapi.json', undefined, { 'if-none-match': served.headers.get('etag') });
if (unchanged.status !== 304) {
    faults.add(`/openapi.json with its own tag is answered ${unchanged.status}`);
}
await ask('GET', '/docs');
// This market's bus has no logins by key.
const { message: credentialsMessage, signature: credentialsSignature } = openapi.paths['/api/agents/credentials']
    .post.requestBody.content['application/json'].example;
const { provider: askingProvider, nkey } = credentialsMessage;
for (const [method, path, body] of [
    ['GET', `/api/agents/credentials/challenge?provider=${askingProvider}&nkey=${nkey}`], ['GET', '/api/agents/credentials/challenge'],
    ['POST', '/api/agents/credentials', { message: credentialsMessage, signature: credentialsSignature }],
    ['POST', '/api/agents/credentials', { message: {} }],
]) {
    await ask(method, path, body);
}
const refused = await renter.orderUnchecked({ spec: { renter: 'nobody', provider: providerAddress, dockerImage: image }, payment_amount: payment });
if (!(refused instanceof Refused) || !refused.fields.has('/spec/renter')) {
    faults.add(`a refusal does not name the wrong field: ${refused}`);
}

// ---- the recorded messages

const hint = (subject) => bus.messages.some((message) => message.subject.startsWith(subject));
for (const subject of ['jobs.retract.', 'jobs.logs.', 'nodes.heartbeat.', 'events.node.']) {
    await until(`a message on ${subject}`, async () => hint(subject));
}
const kindsSeen = () => new Set(bus.messages.filter(({ subject }) => subject === 'events.global').map(({ body }) => JSON.parse(body).kind));
const wanted = ['job.created', 'job.assigned', 'job.running', 'job.completed', 'job.paid', 'job.cancelled', 'node.registered', 'node.online', 'node.job_counted'];
await until(`events ${wanted.join(', ')}`, async () => wanted.every((kind) => kindsSeen().has(kind)));
const command = bus.messages.find(({ subject }) => subject === 'jobs.command').body;
const first = checkReply('jobs.command', await bus.request('jobs.command', command));
if (first.requestId !== JSON.parse(command).requestId || first.status !== 'cancelled') {
    faults.add(`jobs.command: a repeated command is answered ${JSON.stringify(first)}`);
}
checkReply('jobs.command', await bus.request('jobs.command', '{"v":1}'));
checkReply('nodes.credentials', await bus.request('nodes.credentials', '{"v":1}'));
for (const [subject, key] of [['jobs.query', 'jobs'], ['nodes.query', 'nodes']]) {
    if (!(checkReply(subject, await bus.request(subject, '{"limit":1}'))[key]?.length === 1)) {
        faults.add(`${subject}: no row`);
    }
    checkReply(subject, await bus.request(subject, '{"surprise":1}'));
}
// Except for the malformed requests above.
bus.messages.filter(({ body }) => body !== '{"v":1}' && body !== '{"surprise":1}').forEach(checkMessage);
await until('the last event in the live feed', async () => feed.events.length >= eventsOf(bus.messages).length);
faultsOfFeed(feed.messages, bus.messages).forEach((fault) => faults.add(fault));
const feedMessage = openapi.paths['/api/events'].get.responses[200].content['text/event-stream'].schema;
feed.messages.forEach((message) => addFaults('GET /api/events', feedMessage, message));
feed.close();
bus.close();

for (const { name } of routes.filter((each) => !seenRoutes.has(each.name))) {
    faults.add(`${name}: never asked`);
}
for (const { name } of channels.filter((each) => !seenChannels.has(each.name))) {
    faults.add(`${name}: nothing flowed`);
}
faults.forEach((fault) => process.stdout.write(`FAULT ${fault}\n`));
process.stdout.write(`${bus.messages.length} messages, ${seenRoutes.size} routes, ${seenChannels.size} channels, ${faults.size} faults\n`);
process.exitCode = faults.size > 0 ? 1 : 0;
