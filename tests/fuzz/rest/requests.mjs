// Requests for fast-check from the operations of openapi.yaml. A request is plain data:
//
//     {operation, kind, method, path, query: [[name, value]…], headers, body}
//
// kind is `valid` (fits the description), `near` (one part of it is changed) or `absurd`. Path, names and values are not
// encoded yet; body is text, or undefined.

import fc from 'fast-check';

import { newValidator } from '../../integration/contract_files/read.mjs';
import { absurdText, absurdValue, changedValue, validValue } from './values.mjs';

/** All operations: `{id, method, template, parameters, body, operator, responses}`. */
export function operationsOf(openapi) {
    return Object.entries(openapi.paths).flatMap(([template, item]) =>
        Object.entries(item).map(([method, described]) => ({
            id: described.operationId,
            method: method.toUpperCase(),
            template,
            parameters: described.parameters ?? [],
            body: described.requestBody?.content?.['application/json']?.schema,
            bodyRequired: described.requestBody?.required ?? false,
            operator: (described.security ?? []).some((each) => 'operator' in each),
            responses: described.responses,
        })),
    );
}

const placed = (operation, where) => operation.parameters.filter((each) => each.in === where);

/** A list may be continued only by a cursor of the same list: random ones are `near`. */
const isCursor = ({ name }) => name === 'cursor';

function validParts(operation, pools, token) {
    const value = ({ schema }) => validValue(schema, pools).map(String);
    const named = (parameters) => fc.record(
        Object.fromEntries(parameters.map((each) => [each.name, value(each)])),
        { requiredKeys: parameters.filter(({ required }) => required).map(({ name }) => name) },
    );
    return fc.record({
        path: named(placed(operation, 'path')),
        query: named(placed(operation, 'query').filter((each) => !isCursor(each))).map((query) => Object.entries(query)),
        headers: fc.tuple(named(placed(operation, 'header')), fc.boolean()).map(([headers, asOperator]) => ({
            ...headers, ...(operation.operator && asOperator ? { Authorization: `Bearer ${token}` } : {}),
        })),
        body: operation.body === undefined ? fc.constant(undefined)
            : fc.option(validValue(operation.body, pools), { nil: undefined, freq: operation.bodyRequired ? 1e9 : 10 }),
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
    if (placed(operation, 'path').length > 0) {
        changes.push(absurdText.map((text) => (parts) => ({ ...parts, path: Object.fromEntries(Object.keys(parts.path).map((name) => [name, text])) })));
    }
    if (placed(operation, 'header').length > 0) {
        changes.push(fc.tuple(fc.constantFrom(...placed(operation, 'header')), absurdText).map(([{ name }, text]) => (parts) => ({
            ...parts, headers: { ...parts.headers, [name]: text.replaceAll(/[^\x20-\x7e]/g, '?') },
        })));
    }
    if (operation.operator) {
        changes.push(fc.constantFrom('Bearer', 'Bearer wrong', 'Basic b3BlcmF0b3I6', 'bearer  x', 'Bearer \u00e9').map((text) => (parts) => ({
            ...parts, headers: { ...parts.headers, Authorization: text },
        })));
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

function assembled(operation, kind, { path, query, headers, body, rawBody }) {
    const text = rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
    return {
        operation: operation.id, kind, method: operation.method, query, body: text, path,
        headers: { ...(text === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
    };
}

/** An arbitrary of requests to one operation. */
export function requestTo(operation, pools, token) {
    const valid = validParts(operation, pools, token);
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
    for (const [name, value] of parameters.size === 0 ? [] : query) {
        if (!parameters.has(name) || !textFits(parameters.get(name).schema, value)) {
            return `?${name}`;
        }
    }
    for (const { name, required } of parameters.values()) {
        const times = query.filter(([each]) => each === name).length;
        if (times > 1 || (required && times === 0)) {
            return `?${name} ${times} times`;
        }
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

/** In a query each scalar counts as its text, as in a query string. */
function queryFits(schema, value) {
    return value !== null && typeof value === 'object' && !Array.isArray(value) &&
        Object.entries(value).every(([name, each]) => each !== null && typeof each !== 'object' && name in schema.properties && textFits(schema.properties[name], String(each)));
}
