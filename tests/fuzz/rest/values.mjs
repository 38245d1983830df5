// Values for fast-check from the JSON Schemas of openapi.yaml: valid ones, valid ones with one change, and absurd ones.

import fc from 'fast-check';

/** Patterns of openapi.yaml that say less than the documentation: checksums, multihashes. Their values come from the pools. */
const cidPattern = '^(Qm|[bzfBF])[0-9A-Za-z]+$';
const nkeyPattern = '^U[A-Z2-7]{55}$';
const addressPattern = '^0x[0-9a-fA-F]{40}$';
const shortIdPattern = '^[0-9a-f]{16}$';

/** Stands for the id of the caller's own session or key (credentials.mjs). */
export const ownId = 'feedfeedfeedfeed';

export const sqlTexts = [
    "'; DROP TABLE dispatch.job; --", "' OR '1'='1", "1; SELECT pg_sleep(60)", "\\'; DELETE FROM dispatch.job; --",
    "') UNION SELECT rolpassword FROM pg_authid --", '$1', '$$; DROP SCHEMA api CASCADE; $$', "x' AND 1=(SELECT 1/0) --",
    'COPY (SELECT 1) TO PROGRAM \'id\'', "'::bytea", '%%%', "E'\\\\000'",
];

const absurdTexts = [
    '', ' ', '\t', '\u0000', '\u0001', '\u007f', '\ufeff', '\u202e', '\u{1f600}'.repeat(50), 'null', 'undefined', 'NaN', '-0', '1e999',
    '+1', '0x', '0x0', '00', '1.0', '9'.repeat(400), '-9223372036854775809', '18446744073709551616', '../../etc/passwd', '%00', '%', '%zz',
    '%c0%af', '{}', '[]', '"', "'", '`id`', '${jndi:ldap://127.0.0.1/}', '<script>', '\r\nSet-Cookie: a=b', 'a,b', 'a;b', 'a=b&c=d', '*',
    '2026-13-45T99:99:99Z', '0000-01-01T00:00:00Z', '+275760-09-13T00:00:00Z', '2026-01-01', 'infinity', 'true ', 'TRUE', 'x'.repeat(5000),
    'Qm', 'b', '.', '..', '1.', '.1', '99999999999999999999.99999999999999999999', ...sqlTexts,
];
export const absurdText = fc.oneof(fc.constantFrom(...absurdTexts), fc.string({ unit: 'grapheme', maxLength: 300 }));
const oddJson = fc.oneof(
    absurdText, fc.constantFrom(null, true, false, 0, -1, 1.5, 1e308, 2 ** 53, -(2 ** 63), [], {}, [null], { a: 1 }, [[[[[[]]]]]]),
    fc.jsonValue({ maxDepth: 3 }),
);

function textOf(schema, pools) {
    if (schema.format === 'date-time') {
        return fc.date({ min: new Date('2001-01-01T00:00:00Z'), max: new Date('2090-01-01T00:00:00Z'), noInvalidDate: true })
            .map((date) => date.toISOString());
    }
    if (schema.pattern === cidPattern) {
        return fc.constantFrom(...pools.cids);
    }
    if (schema.pattern === nkeyPattern) {
        return fc.constantFrom(...pools.nkeys);
    }
    if (schema.pattern === undefined) {
        return fc.string({ unit: fc.constantFrom(...'abcXYZ019-_./: '), minLength: schema.minLength ?? 0, maxLength: Math.min(schema.maxLength ?? 40, 300) });
    }
    const repeated = /^\^(\[[^\]]+\])\+\$$/.exec(schema.pattern);
    if (repeated !== null) {
        const unit = fc.stringMatching(new RegExp(`^${repeated[1]}$`));
        return fc.array(unit, { minLength: schema.minLength ?? 1, maxLength: Math.max(schema.minLength ?? 1, 100) }).map((units) => units.join(''));
    }
    const any = fc.stringMatching(new RegExp(schema.pattern), { maxLength: schema.maxLength ?? 300 })
        .filter((text) => text.length >= (schema.minLength ?? 0));
    // An address in mixed case has to carry the checksum of EIP-55: lower case has none.
    const matching = schema.pattern.includes('[0-9a-fA-F]{40}') ? any.map((text) => text.toLowerCase()) : any;
    if (schema.pattern === addressPattern) {
        return fc.oneof(fc.constantFrom(...pools.addresses), matching);
    }
    if (schema.pattern === shortIdPattern) {
        return fc.oneof(fc.constant(ownId), matching);
    }
    return /\{64\}\$$/.test(schema.pattern) ? fc.oneof(fc.constantFrom(...pools.ids), matching) : matching;
}

function objectOf(schema, pools) {
    if (schema.properties === undefined) {
        const key = fc.stringMatching(new RegExp(schema.propertyNames?.pattern ?? '^[a-z]{1,8}$'));
        return fc.dictionary(key, validValue(schema.additionalProperties ?? {}, pools), {
            minKeys: schema.minProperties ?? 0, maxKeys: Math.min(schema.maxProperties ?? 4, 4),
        });
    }
    const members = Object.entries(schema.properties).map(([name, each]) => {
        const known = pools.members[name];
        const value = validValue(each, pools);
        // Only what fits the schema: members of the same name exist in several objects.
        return [name, known === undefined || 'const' in each ? value : fc.oneof({ weight: 9, arbitrary: fc.constant(known) }, { weight: 1, arbitrary: value })];
    });
    return fc.record(Object.fromEntries(members), { requiredKeys: schema.required ?? [] });
}

const makers = {
    string: textOf,
    object: objectOf,
    array: (schema, pools) => {
        const limits = { minLength: schema.minItems ?? 0, maxLength: Math.min(schema.maxItems ?? 5, 5) };
        const items = validValue(schema.items ?? {}, pools);
        return schema.uniqueItems ? fc.uniqueArray(items, { ...limits, selector: JSON.stringify }) : fc.array(items, limits);
    },
    integer: ({ minimum = 0, maximum = 2 ** 53 - 1 }) => fc.oneof(fc.constantFrom(minimum, maximum), fc.integer({ min: minimum, max: maximum })),
    boolean: () => fc.boolean(),
    null: () => fc.constant(null),
};

/**
 * An arbitrary of values that fit the schema; references have to be resolved.
 *
 * @param pools `{ids, addresses, cids, nkeys, members}`: values that the market knows, so that not every answer is a refusal; `members`
 *     has one for each of these names of members
 */
export function validValue(schema, pools) {
    if ('const' in schema) {
        return fc.constant(schema.const);
    }
    if (schema.enum !== undefined) {
        return fc.constantFrom(...schema.enum);
    }
    if (schema.oneOf !== undefined) {
        return fc.oneof(...schema.oneOf.map((each) => validValue(each, pools)));
    }
    if (schema.type === undefined) {
        return fc.jsonValue({ maxDepth: 2 });
    }
    return fc.oneof(...[schema.type].flat().map((type) => {
        const make = makers[type];
        if (make === undefined) {
            throw new Error(`the fuzzer makes no values of type ${type}; add it to tests/fuzz/rest/values.mjs`);
        }
        return make(schema, pools);
    }));
}

/** Every place of a JSON value, as `[holder, key]`. */
function placesOf(holder, key, found = []) {
    found.push([holder, key]);
    const value = holder[key];
    if (value !== null && typeof value === 'object') {
        Object.keys(value).forEach((each) => placesOf(value, each, found));
    }
    return found;
}

/** An arbitrary of values of `valid` in which one place was removed, renamed, doubled or replaced. */
export function changedValue(valid) {
    const change = fc.oneof(
        { weight: 5, arbitrary: oddJson.map((value) => (holder, key) => { holder[key] = value; }) },
        { weight: 1, arbitrary: fc.constant((holder, key) => { delete holder[key]; }) },
        { weight: 1, arbitrary: fc.constant((holder, key) => { holder[key] = [holder[key]]; }) },
        { weight: 1, arbitrary: oddJson.map((value) => (holder, key) => { holder[`${key}_`] = value; }) },
        { weight: 1, arbitrary: fc.constant((holder, key) => { holder[key] = String(holder[key]).toUpperCase(); }) },
        { weight: 1, arbitrary: fc.constant((holder, key) => { holder[key] = `${holder[key]} `; }) },
    );
    return fc.tuple(valid, fc.nat(), change).map(([value, place, apply]) => {
        const root = { body: structuredClone(value) };
        const places = placesOf(root, 'body');
        const [holder, key] = places[place % places.length];
        apply(holder, key);
        return root.body ?? null;
    });
}

export const absurdValue = oddJson;
