// The build: types follow proto/openapi.yaml, and a frontend in TypeScript gets them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import ts from 'typescript';

import { generateTypes, openapiFile, readJson, readText } from '../../../tests/integration/contract_files/read.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Compiles the client against a changed description; returns the compiler's messages. */
function faultsWith(edit) {
    const folder = mkdtempSync(`${tmpdir()}/lamda-sdk-`);
    const original = readText(openapiFile);
    const changed = edit(original);
    writeFileSync(`${folder}/openapi.yaml`, changed);
    const { status, stdout } = spawnSync(process.execPath, [here('../build.mjs'), '--check', '--openapi', `${folder}/openapi.yaml`], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    assert.equal(status, stdout === '' ? 0 : 1, stdout);
    return stdout;
}

test('the types are those of openapi.yaml', async () => {
    assert.ok(readFileSync(here('../src/openapi.ts'), 'utf8').endsWith(await generateTypes()), 'proto/openapi.yaml is newer; run make sdk');
});

test('the client does not compile against a description without what it uses', () => {
    const faults = faultsWith((text) => text.replaceAll('next_cursor', 'following').replace('/api/jobs/{id}/receipt:', '/api/jobs/{id}/proof:'));
    assert.match(faults, /client\.ts:\d+: .*\n?.*next_cursor/);
    assert.match(faults, /client\.ts:\d+: .*receipt/);
});

test('a frontend in TypeScript gets the types of the description', () => {
    const file = here('../dist/consumer.ts');
    writeFileSync(file, `
import { Lamda, LamdaError, type Eip1193Provider, type Job } from '@lamda/sdk';
export async function use(lamda: Lamda, wallet: Eip1193Provider): Promise<Job> {
    // @ts-expect-error no such status
    lamda.jobs({ status: 'done' });
    // @ts-expect-error the payment is text: a number cannot hold all wei
    await lamda.check({ spec: { renter: '', provider: '', dockerImage: '' }, payment_amount: 1 });
    // @ts-expect-error no such member
    void (await lamda.node('')).surprise;
    const submission = await lamda.submit({ spec: { renter: '', provider: '', dockerImage: '' }, payment_amount: '1' });
    const hash: string = await lamda.pay(submission, wallet);
    for await (const { data } of lamda.logs(submission.id)) void data.length;
    // @ts-expect-error no such channel
    lamda.events({ channels: ['jobs'] });
    for await (const message of lamda.events({ channels: ['job:0x01', 'jobs?renter=0x09'] })) {
        // @ts-expect-error a reset has no data
        if (message.type === 'reset') void message.data;
        if (message.type === 'event' && message.data && 'status' in message.data) void message.data.status.length;
        if (message.type === 'dropped' && message.reason === 'slow_reader') break;
    }
    const { token, session } = await lamda.signIn(wallet, { statement: 'Hello' });
    void [token.length, session.wallet_address, (await lamda.introspect(token)).sub, (await lamda.attempts(''))[0]?.state, (await lamda.spec('')).spec.dockerImage];
    void [hash, new LamdaError({} as never).errors[0]?.pointer];
    return lamda.waitFor(submission.id, { statuses: ['paid'] });
}
`);
    const options = {
        strict: true, noEmit: true, types: [], target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16,
        lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'], skipLibCheck: true,
    };
    const found = ts.getPreEmitDiagnostics(ts.createProgram([file], options));
    rmSync(file);
    assert.deepEqual(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')), []);
});

test('the package pins the versions that are tested', () => {
    const tested = readJson(here('../../../package.json')).devDependencies;
    for (const [name, version] of Object.entries(readJson(here('../package.json')).dependencies)) {
        assert.equal(version, tested[name], name);
    }
});
