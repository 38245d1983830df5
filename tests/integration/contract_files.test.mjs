// Reads the files under proto/ with the official parsers, linters and generators, as authors of clients and
// agents do.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
    compileClient, generateTypes, lintOpenapi, newValidator, openapiFile, parseAsyncapi, readMessages, readOpenapi, readText,
    readWireSubjects,
} from './contract_files/read.mjs';

const faultsOf = (validate) => (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);

/** Annotations: members of a schema that no instance can violate. */
function bare(schema) {
    if (Array.isArray(schema)) {
        return schema.map(bare);
    }
    if (schema === null || typeof schema !== 'object') {
        return schema;
    }
    const isText = (key, value) => ['description', 'title', 'default', '$schema'].includes(key) && typeof value !== 'object';
    return Object.fromEntries(
        Object.entries(schema).filter(([key, value]) => !isText(key, value)).map(([key, value]) => [key, bare(value)]),
    );
}

/** {oneOf: [X, null]} and {type: [T, null]} are equivalent; so are {const: c} with and without the type of c. */
function normal(schema) {
    if (Array.isArray(schema)) {
        return schema.map(normal);
    }
    if (schema === null || typeof schema !== 'object') {
        return schema;
    }
    const { oneOf, ...rest } = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, normal(value)]));
    if (oneOf?.length === 2 && oneOf[1].type === 'null' && typeof oneOf[0].type === 'string') {
        return { ...rest, ...oneOf[0], type: [oneOf[0].type, 'null'] };
    }
    if ('const' in rest) {
        delete rest.type;
    }
    if (Array.isArray(rest.required)) {
        rest.required = [...rest.required].sort();
    }
    return oneOf === undefined ? rest : { ...rest, oneOf };
}

const sameSchema = (a, b, message) => assert.deepEqual(normal(bare(a)), normal(bare(b)), message);

const messages = readMessages();

test('asyncapi.yaml passes the official parser', async () => {
    const { document, faults } = await parseAsyncapi();
    assert.deepEqual(faults, []);
    assert.ok(document);
    const operations = document.operations().all();
    assert.equal(operations.length, document.channels().all().length, 'an operation for each channel');
});

test('asyncapi.yaml has the schema and the sample of every message, and the sample is valid', async () => {
    const { document } = await parseAsyncapi();
    const described = document.components().messages().all();
    // The spec is embedded by others, the benchmark is printed: no messages of their own.
    const wanted = [...messages.keys()].filter((name) => !['job_spec.v1', 'benchmark.v1'].includes(name));
    assert.equal(described.length, wanted.length);
    for (const name of wanted) {
        const { schema, sample } = messages.get(name);
        // The parser resolves references inside: the schema is recognized by its title.
        const [message, ...others] = described.filter((each) => each.payload().json().title === schema.title);
        assert.ok(message && others.length === 0, `no message with the schema of ${name}`);
        assert.deepEqual(message.examples().all().map((example) => example.payload()), [sample], name);
    }
});

test('the official parser reports faults in a wrong file', async () => {
    for (const [right, wrong] of [['action: send,', 'action: sends,'], ['messages/logs.v1.sample', 'messages/log.v1.sample']]) {
        const { faults } = await parseAsyncapi((text) => text.replace(right, wrong));
        assert.notDeepEqual(faults, [], wrong);
    }
});

test('the channels of asyncapi.yaml are the subjects of libs/wire and of the table in docs/protocol.md', async () => {
    const { document } = await parseAsyncapi();
    const addresses = document.channels().all().map((channel) => channel.address());
    assert.deepEqual(addresses.map((address) => address.replace(/\{.*/, '')).sort(), readWireSubjects());
    const protocol = readText(new URL('../../docs/protocol.md', import.meta.url));
    const table = protocol.slice(protocol.indexOf('| subject | stream |'), protocol.indexOf('\n\nThe dispatcher creates'));
    const listed = [...table.matchAll(/`((?:jobs|nodes|events)\.[^`]+)`/g)].map(([, subject]) => subject);
    assert.deepEqual(listed.sort(), addresses.map((address) => address.replaceAll('{', '<').replaceAll('}', '>')).sort());
});

test('openapi.yaml passes the linter without a warning', async () => {
    assert.deepEqual(await lintOpenapi(), []);
});

test('a client can be written from openapi.yaml: the generated types have every field', async () => {
    const types = await generateTypes();
    const empty = types.split('\n').filter((line) => /Record<string, never>/.test(line));
    // Output of the generator for a file without webhooks and the like.
    assert.deepEqual(
        empty.filter((line) => !/^export type (webhooks|\$defs|operations) = /.test(line)), [],
        'objects without a type',
    );
    assert.deepEqual(types.split('\n').filter((line) => /@enum \{unknown\}/.test(line)), []);
    assert.deepEqual(compileClient(types), []);
});

test('missing types of a spec, a transaction, an error or a job are detected', async () => {
    let types = await generateTypes();
    const names = ['JobSpec', 'WalletTransaction', 'Problem', 'FieldError', 'Job'];
    for (const name of names) {
        const emptied = types.replace(new RegExp(`\\n        ${name}: \\{`), `\n        ${name}: any; Former${name}: {`);
        assert.notEqual(emptied, types, name);
        types = emptied;
    }
    const unused = compileClient(types).filter((fault) => fault.includes("Unused '@ts-expect-error'"));
    assert.ok(unused.length >= names.length, unused.join('\n'));
});

for (const [name, { schema, sample }] of messages) {
    test(`the sample of ${name} fits its schema, and without a required field, or with another type, it does not`, () => {
        assert.ok(schema && sample, 'both a schema and a sample are needed');
        const validate = newValidator().compile(schema);
        assert.ok(validate(sample), faultsOf(validate).join('\n'));
        const required = schema.required ?? schema.oneOf?.[0].required ?? [];
        for (const field of required) {
            const { [field]: value, ...without } = sample;
            assert.ok(!validate(without), `without ${field}`);
            assert.ok(!validate({ ...without, [field]: [value] }), `${field} of another type`);
        }
    });
}

test('the answers on the bus are the objects of REST, and the queries its parameters', async () => {
    const { components, paths } = await readOpenapi();
    const { Credentials, CredentialsMessage, Job, JobQuery, JobSpec, JobSpecDraft, JobStatus, Node, NodeQuery, Problem } = components.schemas;
    const schema = (name) => messages.get(`${name}.v1`).schema;
    const answers = { job: [Job, 'jobs'], node: [Node, 'nodes'] };
    for (const [name, [object, key]] of Object.entries(answers)) {
        const [answer, problem] = schema(`${name}_answer`).oneOf;
        sameSchema(answer.properties[key].items, object, name);
        sameSchema(problem, Problem, `${name}: problem`);
    }
    const { proof, ...ofProblem } = schema('command_answer').oneOf[1].properties;
    sameSchema(proof, schema('command_answer').oneOf[0].properties.proof);
    sameSchema({ ...schema('command_answer').oneOf[1], properties: ofProblem }, Problem);
    sameSchema(schema('command_answer').oneOf[0].properties.status, JobStatus);
    const [credentials, challenge, refusal] = schema('credentials_answer').oneOf;
    assert.deepEqual(Object.keys(credentials.properties), Object.keys(Credentials.properties));
    assert.deepEqual(Object.keys(challenge.properties), Object.keys(CredentialsMessage.properties));
    sameSchema(refusal, Problem, 'credentials: problem');
    // A reply on the bus has whole objects, and the number of its own.
    const onBus = ({ properties: { fields, count, ...properties }, ...query }) => ({ ...query, properties });
    sameSchema(schema('job_query'), onBus(JobQuery));
    sameSchema(schema('node_query'), onBus(NodeQuery));
    const parametersOf = (path) => Object.fromEntries(paths[path].get.parameters.map(({ name, schema: type }) => [name, type]));
    sameSchema(JobQuery.properties, parametersOf('/api/jobs'));
    sameSchema(NodeQuery.properties, parametersOf('/api/nodes'));
    sameSchema(schema('job_spec'), JobSpec);
    assert.deepEqual(Object.keys(JobSpecDraft.properties), Object.keys(JobSpec.properties));
});

test('event kinds of jobs are the public statuses', async () => {
    const { components } = await readOpenapi();
    const kinds = messages.get('event.v1').schema.properties.kind.enum;
    assert.deepEqual(
        kinds.filter((kind) => kind.startsWith('job.')),
        components.schemas.JobStatus.enum.map((status) => `job.${status}`),
    );
});

test('the linter reports a fault in a wrong file', async () => {
    const { mkdtemp, rm, writeFile } = await import('node:fs/promises');
    const { tmpdir } = await import('node:os');
    const folder = await mkdtemp(`${tmpdir()}/lamda-openapi-`);
    await writeFile(`${folder}/openapi.yaml`, readText(openapiFile).replace('operationId: getJob\n', 'operationId: listJobs\n'));
    assert.ok((await lintOpenapi(`${folder}/openapi.yaml`)).some((fault) => fault.startsWith('operation-operationId-unique')));
    await rm(folder, { recursive: true });
});
