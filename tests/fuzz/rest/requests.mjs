// Requests for fast-check from the operations of openapi.yaml. A request is plain data:
//
//     {operation, kind, caller, upgrade, method, path, query: [[name, value]…], headers, body}
//
// kind is `valid` (fits the description), `near` (one part of it is changed) or `absurd`. caller names the credentials to send
// (credentials.mjs). With upgrade the request is a WebSocket's handshake. Path, names and values are not encoded yet; body is
// text, or undefined.

import fc from 'fast-check';

import { newValidator } from '../../integration/contract_files/read.mjs';
import { absurdText, absurdValue, changedValue, validValue } from './values.mjs';

/** Names of credentials: those of openapi.yaml, and an API key without the roles that the operation needs. */
const callerNames = ['none', 'session', 'sessionCookie', 'apiKey', 'otherKey', 'operator'];

/** All operations: `{id, method, template, parameters, body, takesBytes, callers, roles, responses}`; no callers: every client. */
export function operationsOf(openapi) {
    return Object.entries(openapi.paths).flatMap(([template, item]) =>
        Object.entries(item).map(([method, described]) => ({
            id: described.operationId,
            method: method.toUpperCase(),
            template,
            parameters: described.parameters ?? [],
            body: described.requestBody?.content?.['application/json']?.schema,
            takesBytes: described.requestBody?.content?.['*/*'] !== undefined,
            bodyRequired: described.requestBody?.required ?? false,
            callers: (described.security ?? []).map((each) => Object.keys(each)[0] ?? 'none'),
            roles: (described.security ?? []).flatMap((each) => each.apiKey ?? []),
            responses: described.responses,
        })),
    );
}

const placed = (operation, where) => operation.parameters.filter((each) => each.in === where);

/** True if openapi.yaml lets this caller use the operation. */
export const mayCall = ({ callers }, caller = 'none') => callers.length === 0 || callers.includes(caller);

/** Mostly callers that may, now and then any other. */
function callerOf({ callers }) {
    return callers.length === 0 ? fc.constant('none')
        : fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...callers) }, { weight: 1, arbitrary: fc.constantFrom(...callerNames) });
}
const upgradeOf = ({ responses }) => (responses['101'] === undefined ? fc.constant(false) : fc.boolean());

const isList = (schema) => schema.type === 'array' || (schema.oneOf ?? []).some((each) => each.type === 'array');
/** The values of a list are parameters of the same name (OpenAPI, "Style Values": form), not one text with commas. */
const isExploded = ({ schema, explode = true }) => isList(schema) && explode;

/** A list may be continued only by a cursor of the same list: random ones are `near`. */
const isCursor = ({ name }) => name === 'cursor';

/** The parameter that must not be given together with this one, by its description. */
const rivalOf = ({ description = '' }) => /not together with (\w+)/.exec(description)?.[1];

/** True if `from` and `to` bound a range of time. */
const hasRange = (operation) => ['from', 'to'].every((name) => placed(operation, 'query').some((each) => each.name === name && each.schema.format === 'date-time'));

/** Most hours of a range: far fewer than the intervals of one answer. */
const mostHours = 24 * 7;

/** A range is whole, or has an end only: one that begins long ago and goes on until now may be too long. */
const rangeOf = (schema, pools) => fc.tuple(validValue(schema, pools), fc.integer({ min: 1, max: mostHours }), fc.boolean()).map(([from, hours, whole]) => {
    const to = new Date(Date.parse(from) + hours * 3_600_000).toISOString();
    return whole ? { from, to } : { to };
});

/** The query without parameters that must not stand together. */
function withoutRivals(operation, query) {
    const rivals = new Map(placed(operation, 'query').map((each) => [each.name, rivalOf(each)]));
    return Object.fromEntries(Object.entries(query).filter(([name]) => !(rivals.get(name) in query)));
}

/** An arbitrary of the query's parameters by name. */
function queryOf(operation, pools, named) {
    const queried = placed(operation, 'query').filter((each) => !isCursor(each));
    if (!hasRange(operation)) {
        return named(queried).map((query) => withoutRivals(operation, query));
    }
    const range = fc.option(rangeOf(queried.find(({ name }) => name === 'from').schema, pools), { nil: {} });
    const others = named(queried.filter(({ name }) => name !== 'from' && name !== 'to'));
    return fc.tuple(others, range).map(([query, bounds]) => withoutRivals(operation, { ...query, ...bounds }));
}

const fileText = fc.oneof({ weight: 9, arbitrary: absurdText }, { weight: 1, arbitrary: fc.constant('x'.repeat(300_000)) });

function validParts(operation, pools) {
    // A parameter whose schema says less than its description has the market's value.
    const value = ({ name, schema }) => (name in pools.members ? fc.constant(pools.members[name]) : validValue(schema, pools));
    const named = (parameters) => fc.record(
        Object.fromEntries(parameters.map((each) => [each.name, value(each)])),
        { requiredKeys: parameters.filter(({ required }) => required).map(({ name }) => name) },
    );
    const texts = (values) => Object.fromEntries(Object.entries(values).map(([name, each]) => [name, String(each)]));
    const exploded = new Set(placed(operation, 'query').filter(isExploded).map(({ name }) => name));
    return fc.record({
        caller: callerOf(operation),
        upgrade: upgradeOf(operation),
        path: named(placed(operation, 'path')).map(texts),
        query: queryOf(operation, pools, named).map((query) => Object.entries(query).flatMap(([name, each]) =>
            exploded.has(name) ? each.map((item) => [name, String(item)]) : [[name, String(each)]])),
        headers: named(placed(operation, 'header')).map(texts),
        body: operation.body === undefined ? fc.constant(undefined)
            : fc.option(validValue(operation.body, pools), { nil: undefined, freq: operation.bodyRequired ? 1e9 : 10 }),
        rawBody: operation.takesBytes ? fileText : fc.constant(undefined),
    });
}

/** @return an arbitrary that changes one part of the parts that it is given */
function changeOf(operation, pools) {
    const query = placed(operation, 'query');
    const changes = [
        absurdText.map((text) => (parts) => ({ ...parts, query: [...parts.query, [text || 'empty', 'x']] })),
        absurdText.map((text) => (parts) => ({ ...parts, headers: { ...parts.headers, 'X-Forwarded-For': text.replaceAll(/[^\x20-\x7e]/g, '?') } })),
    ];
    if (query.length > 0) {
        changes.push(fc.tuple(fc.constantFrom(...query), absurdText).map(([{ name }, text]) => (parts) => ({
            ...parts, query: [...parts.query.filter(([each]) => each !== name), [name, text]],
        })));
        changes.push(fc.tuple(fc.constantFrom(...query)).map(([{ name, schema }]) => (parts) => {
            const [, value] = parts.query.find(([each]) => each === name) ?? [name, String(schema.enum?.[0] ?? 1)];
            return { ...parts, query: [...parts.query.filter(([each]) => each !== name), [name, value], [name, value]] };
        }));
    }
    for (const [one, other] of query.filter(rivalOf).map((each) => [each.name, rivalOf(each)])) {
        changes.push(fc.constantFrom(...pools.addresses).map((text) => (parts) => ({
            ...parts, query: [...parts.query.filter(([each]) => each !== one && each !== other), [one, text], [other, text]],
        })));
    }
    if (hasRange(operation)) {
        changes.push(fc.constant((parts) => ({ ...parts, query: parts.query.filter(([each]) => each !== 'to') })));
        changes.push(fc.constant((parts) => ({ ...parts, query: parts.query.map(([each, text]) => [{ from: 'to', to: 'from' }[each] ?? each, text]) })));
    }
    if (placed(operation, 'path').length > 0) {
        changes.push(absurdText.map((text) => (parts) => ({ ...parts, path: Object.fromEntries(Object.keys(parts.path).map((name) => [name, text])) })));
    }
    if (placed(operation, 'header').length > 0) {
        changes.push(fc.tuple(fc.constantFrom(...placed(operation, 'header')), absurdText).map(([{ name }, text]) => (parts) => ({
            ...parts, headers: { ...parts.headers, [name]: text.replaceAll(/[^\x20-\x7e]/g, '?') },
        })));
    }
    if (operation.callers.length > 0) {
        const texts = [
            'Bearer', 'Bearer wrong', 'Basic b3BlcmF0b3I6', 'bearer  x', 'Bearer \u00e9', `Bearer lamda_session_${'A'.repeat(43)}`, `Bearer lamda_key_${'A'.repeat(43)}`,
            `Bearer lamda_session_${'A'.repeat(5000)}`, 'Bearer lamda_key_\'--',
        ];
        changes.push(fc.constantFrom(...texts).map((text) => (parts) => ({ ...parts, caller: 'wrong', headers: { ...parts.headers, Authorization: text } })));
    }
    const odd = changes.map((arbitrary) => ({ weight: 1, arbitrary }));
    if (operation.body !== undefined) {
        odd.push({ weight: 6, arbitrary: changedValue(validValue(operation.body, pools)).map((body) => (parts) => ({ ...parts, body })) });
    }
    return fc.oneof(...odd);
}

const absurdBody = fc.oneof(
    fc.constantFrom('', '{', '[', 'nul', '{"a":1,"a":2}', '{"a":1}{"b":2}', '\ufeff{}', '{"a":NaN}', '"\\ud800"', '"\\u0000"', '{"spec":{"spec":null}}', '1e999',
        '{"a":-0.0e-0}', `"${'x'.repeat(200_000)}"`, `[${'0,'.repeat(20_000)}0]`, `{"limit":${'1'.repeat(5000)}}`),
    absurdValue.map((value) => JSON.stringify(value)), absurdText,
);

function absurdParts(operation) {
    const names = operation.parameters.map(({ name }) => name);
    return fc.record({
        caller: callerOf(operation),
        upgrade: upgradeOf(operation),
        path: fc.record(Object.fromEntries(placed(operation, 'path').map(({ name }) => [name, absurdText]))),
        query: fc.array(fc.tuple(fc.oneof(fc.constantFrom('limit', ...names), absurdText), absurdText), { maxLength: 8 }),
        headers: fc.record({
            'Content-Type': fc.constantFrom('application/json', 'text/plain', 'application/json; charset=utf-16', 'multipart/form-data', '', 'x/y;;;'),
            Accept: fc.constantFrom('*/*', 'text/html', 'application/xml;q=0', ''),
            'Idempotency-Key': absurdText.map((text) => text.replaceAll(/[^\x20-\x7e]/g, '?')),
            Range: fc.constantFrom('bytes=0-1', 'bytes=-', 'bytes=99999999999999999999-'),
            Expect: fc.constantFrom('nothing'),
            'If-None-Match': fc.constantFrom('*', '""', 'W/"x"', '"'),
            Cookie: absurdText.map((text) => text.replaceAll(/[^\x20-\x7e]/g, '?')),
        }, { requiredKeys: [] }),
        rawBody: operation.method === 'GET' ? fc.constant(undefined) : absurdBody,
    });
}

function assembled(operation, kind, { caller, upgrade, path, query, headers, body, rawBody }) {
    const text = rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
    return {
        operation: operation.id, kind, caller, upgrade, method: operation.method, query, body: text, path,
        headers: { ...(text === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
    };
}

/** An arbitrary of requests to one operation. */
export function requestTo(operation, pools) {
    const valid = validParts(operation, pools);
    return fc.oneof(
        { weight: 3, arbitrary: valid.map((parts) => assembled(operation, 'valid', parts)) },
        { weight: 5, arbitrary: fc.tuple(valid, changeOf(operation, pools)).map(([parts, change]) => assembled(operation, 'near', change(parts))) },
        { weight: 2, arbitrary: absurdParts(operation).map((parts) => assembled(operation, 'absurd', parts)) },
    );
}

/** The target of the request line: the template with its values, and the query, percent-encoded. */
export function targetOf(template, { path, query }) {
    const filled = template.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(path[name]));
    return query.length === 0 ? filled : `${filled}?${query.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')}`;
}

const validator = newValidator();
const compiled = new Map();
function fits(schema, value) {
    if (!compiled.has(schema)) {
        compiled.set(schema, validator.compile(schema));
    }
    return compiled.get(schema)(value);
}

/** True if the text of a parameter fits its schema. */
function textFits(schema, text) {
    const readings = [text, ...(/^(0|-?[1-9]\d*)$/.test(text) ? [Number(text)] : []), ...(/^(true|false)$/.test(text) ? [text === 'true'] : [])];
    return readings.some((value) => fits(schema, value));
}

/** The reason why the request does not fit the description of its operation; undefined if it fits. */
export function misfitOf(operation, { path, query, body }) {
    for (const { name, schema } of placed(operation, 'path')) {
        if (!textFits(schema, path[name])) {
            return `{${name}}`;
        }
    }
    const parameters = new Map(placed(operation, 'query').map((each) => [each.name, each]));
    // A route without parameters ignores what is in its query.
    const unknown = parameters.size === 0 ? undefined : query.find(([name]) => !parameters.has(name));
    if (unknown !== undefined) {
        return `?${unknown[0]}`;
    }
    for (const parameter of parameters.values()) {
        const texts = query.filter(([name]) => name === parameter.name).map(([, text]) => text);
        if (texts.length === 0 ? parameter.required : !textsFit(parameter, texts)) {
            return texts.length === 1 ? `?${parameter.name}` : `?${parameter.name} ${texts.length} times`;
        }
    }
    const rival = [...parameters.values()].find((each) => [each.name, rivalOf(each)].every((name) => query.some(([given]) => given === name)));
    if (rival !== undefined) {
        return `?${rival.name} with ?${rivalOf(rival)}`;
    }
    const [from, to] = ['from', 'to'].map((name) => Date.parse(query.find(([each]) => each === name)?.[1]));
    if (hasRange(operation) && from >= to) {
        return '?to is not after ?from';
    }
    if (operation.body === undefined || ((body ?? '') === '' && !operation.bodyRequired)) {
        return undefined;
    }
    let value;
    try {
        value = JSON.parse((body ?? '').replace(/^\ufeff/, ''));  // a byte order mark is ignored (RFC 8259, section 8.1)
    } catch {
        return 'the body is not JSON';
    }
    return (/^query/.test(operation.id) ? queryFits(operation.body, value) : fits(operation.body, value)) ? undefined : 'the body';
}

/** True if the texts of a parameter in a query fit it. A list may come as one text with commas, and in several of them. */
function textsFit({ schema, explode = true }, texts) {
    if (!isList(schema)) {
        return texts.length === 1 && textFits(schema, texts[0]);
    }
    return fits(schema, explode ? texts : texts.flatMap((text) => text.split(',')));
}

/** In a query each scalar counts as its text, as in a query string, and one value as a list of it. */
function queryFits(schema, value) {
    const memberFits = (each, member) => (Array.isArray(member) ? isList(each) && fits(each, member)
        : member !== null && typeof member !== 'object' && (textFits(each, String(member)) || (isList(each) && fits(each, [String(member)]))));
    return value !== null && typeof value === 'object' && !Array.isArray(value) &&
        Object.entries(value).every(([name, member]) => name in schema.properties && memberFits(schema.properties[name], member));
}
