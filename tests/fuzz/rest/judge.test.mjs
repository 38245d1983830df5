// The judge of the fuzzer reports wrong answers, and none of right ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { newValidator, readOpenapi } from '../../integration/contract_files/read.mjs';
import { Judge } from './judge.mjs';
import { misfitOf, operationsOf, requestTo, targetOf } from './requests.mjs';
import { validValue } from './values.mjs';

const openapi = await readOpenapi();
const operations = operationsOf(openapi);
const operation = (id) => operations.find((each) => each.id === id);
const id = `0x${'ab'.repeat(32)}`;
const address = '0x90F79bf6EB2c4f870365E785982E1f101E93b906';
const pools = { ids: [id], addresses: [address.toLowerCase()], cids: ['bafkreigwugueqefro4k2mljnaebmjqt3wmk3bh6t3g7y3yi4tsh3z56pku'],
    nkeys: ['UCHUILHJAKDG44IZIKKD2743NDQEG47R2LUQBALNGJVPDXZA2M25455I'], members: { dockerImage: 'lamda/busybox:1.35', provider: address.toLowerCase() } };

const request = (of, more = {}) => ({ operation: of, kind: 'valid', method: operation(of).method, path: {}, query: [], headers: {}, body: undefined, ...more });
const answer = (status, value, headers = {}) => ({
    status, body: JSON.stringify(value),
    headers: { 'content-type': status < 400 ? 'application/json' : 'application/problem+json', 'x-request-id': 'r1', ...headers },
});
const problem = (status, more = {}) => ({
    type: `urn:lamda:error:${more.code ?? 'not_found'}`, title: 't', status, detail: 'd', instance: '/api', code: 'not_found', request_id: 'r1', ...more,
});
const counted = { wallet_address: address, total_jobs_completed: 3 };
const ask = request('getCompletedJobs', { path: { address } });

test('a documented answer has no fault', () => {
    const judge = new Judge(openapi);
    assert.deepEqual(judge.ofAnswer(ask, answer(200, counted)), []);
    assert.deepEqual(judge.ofAnswer(ask, answer(404, problem(404))), []);
    const jobs = { items: [], next_cursor: null };
    assert.deepEqual(judge.ofAnswer(request('listJobs'), answer(200, jobs)), []);
});

test('an answer outside its schema is reported, and so is a right answer by a wrong schema', () => {
    const judge = new Judge(openapi);
    for (const wrong of [{ ...counted, surprise: 1 }, { wallet_address: address }, { ...counted, total_jobs_completed: -1 }, null, []]) {
        assert.match(judge.ofAnswer(ask, answer(200, wrong)).join(), /does not fit openapi.yaml/);
    }
    const changed = structuredClone(openapi);
    changed.paths['/api/reputation/{address}/jobs'].get.responses['200'].content['application/json'].schema.properties.total_jobs_completed = { type: 'boolean' };
    assert.match(new Judge(changed).ofAnswer(ask, answer(200, counted)).join(), /total_jobs_completed must be boolean/);
});

test('an undocumented status or type is reported', () => {
    const judge = new Judge(openapi);
    assert.match(judge.ofAnswer(ask, answer(202, counted)).join(), /status 202 .* is not documented/);
    assert.match(judge.ofAnswer(ask, answer(200, counted, { 'content-type': 'text/html' })).join(), /text\/html is not documented/);
    assert.match(judge.ofAnswer(request('getHealth'), answer(503, { status: 'down', version: '1', checks: {} })).join(), /503/);
});

test('a status of 500 and above is reported, except for what the market does not offer', () => {
    const judge = new Judge(openapi);
    for (const [status, code] of [[500, 'internal'], [503, 'database_unavailable'], [501, 'other']]) {
        assert.match(judge.ofAnswer(ask, answer(status, problem(status, { code }))).join(), /although every part is up/);
    }
    assert.deepEqual(judge.ofAnyAnswer(answer(501, problem(501, { code: 'credentials_not_offered' }))), []);
});

test('a problem document that contradicts its answer is reported', () => {
    const judge = new Judge(openapi);
    for (const [wrong, told] of [
        [{ status: 400 }, /status is 400, not 404/], [{ request_id: 'r2' }, /request_id is r2/], [{ type: 'urn:lamda:error:other' }, /type is/],
        [{ code: undefined }, /does not fit/], [{ extra: 1 }, /does not fit/], [{ errors: [] }, /does not fit/],
    ]) {
        assert.match(judge.ofAnswer(ask, answer(404, problem(404, wrong))).join(), told);
    }
    assert.match(judge.ofAnyAnswer({ ...answer(404, problem(404)), headers: { 'content-type': 'application/problem+json' } }).join(), /no X-Request-Id/);
    assert.match(judge.ofAnyAnswer({ ...answer(404, ''), body: '<html>' }).join(), /without a problem document/);
});

test('an accepted misfit and a refused valid GET are reported', () => {
    const judge = new Judge(openapi);
    const list = { items: [], next_cursor: null };
    assert.match(judge.ofAnswer(request('listJobs', { kind: 'near', query: [['limit', '0']] }), answer(200, list)).join(), /\?limit\) is accepted/);
    assert.match(judge.ofAnswer(request('listJobs'), answer(400, problem(400))).join(), /is refused/);
});

test('a check may describe what does not fit, and may not pass it', () => {
    const judge = new Judge(openapi);
    const check = (passes) => {
        const stage = passes ? 'passes' : 'stopped';
        return answer(200, { passes, stages: { match: stage, start: stage, finish: stage, pay: stage }, findings: [] });
    };
    const odd = request('checkJob', { kind: 'near', body: '{"spec":{}}' });
    assert.deepEqual(judge.ofAnswer(odd, check(false)), []);
    assert.match(judge.ofAnswer(odd, check(true)).join(), /the body\) is accepted/);
});

test('scalars of a query count as their texts', () => {
    const query = (body) => misfitOf(operation('queryJobs'), request('queryJobs', { body: JSON.stringify(body) }));
    assert.equal(query({ limit: '5', docker_image: 7, status: 'paid' }), undefined);
    for (const wrong of [{ limit: 0 }, { limit: '05' }, { status: true }, { surprise: 1 }, { limit: null }, { limit: [1] }, [], 'text']) {
        assert.equal(query(wrong), 'the body', JSON.stringify(wrong));
    }
});

test('lists of a query count with commas or repeated, as they are described', () => {
    const listed = (of, ...query) => misfitOf(operation(of), request(of, { query }));
    for (const right of [[['fields', 'id']], [['fields', 'id,status']], [['fields', 'id'], ['fields', 'status']], [['status', 'paid']], [['status', 'paid,failed']]]) {
        assert.equal(listed('listJobs', ...right), undefined, right.join());
    }
    for (const wrong of [[['fields', '']], [['fields', 'id,id']], [['fields', 'id,']], [['fields', 'x']], [['fields', 'id'], ['fields', 'id']], [['status', 'paid,x']]]) {
        assert.match(listed('listJobs', ...wrong) ?? '', /^\?(fields|status)/, wrong.join());
    }
    assert.equal(listed('listJobs', ['limit', '1'], ['limit', '1']), '?limit 2 times');
    assert.equal(listed('listenToEvents', ['channel', 'global'], ['channel', `job:${id}`]), undefined);
    assert.equal(listed('listenToEvents', ['channel', `global,job:${id}`]), '?channel');
    const query = (body) => misfitOf(operation('queryJobs'), request('queryJobs', { body: JSON.stringify(body) }));
    assert.equal(query({ fields: ['id', 'status'], status: ['paid', 'failed'] }), undefined);
    for (const wrong of [{ fields: [] }, { fields: ['id', 'id'] }, { fields: 'id,status' }, { status: ['x'] }, { limit: ['1'] }]) {
        assert.equal(query(wrong), 'the body', JSON.stringify(wrong));
    }
});

test('a caller that openapi.yaml does not admit may not be accepted, and one that it admits may not be refused', () => {
    const judge = new Judge(openapi);
    const told = (of, caller, given) => judge.ofAnswer(request(of, { caller, path: { address } }), given).join();
    const profile = answer(200, { walletAddress: address, nftTier: null, pkpPublicKey: null });
    const refusal = (status, code) => answer(status, problem(status, { code }));
    assert.equal(told('getProfile', 'apiKey', profile), '');
    for (const caller of [undefined, 'none', 'wrong', 'otherKey', 'session', 'operator']) {
        assert.match(told('getProfile', caller, profile), /does not admit .* is accepted/);
        assert.equal(told('getProfile', caller, refusal(401, 'unauthorized')), '');
    }
    assert.match(told('getProfile', 'apiKey', refusal(403, 'insufficient_scope')), /admits \(apiKey\) is refused: 403/);
    assert.match(told('signOut', 'sessionCookie', refusal(403, 'foreign_origin')), /admits \(sessionCookie\) is refused/);
    assert.equal(told('cancelJob', 'none', refusal(401, 'unauthorized')), '');
    assert.equal(told('getCompletedJobs', 'wrong', answer(200, counted)), '');
});

test('a page is text, an answer without content is empty, and a WebSocket sends messages of the feed', () => {
    const judge = new Judge(openapi);
    const page = { status: 200, headers: { 'content-type': 'text/html; charset=utf-8', 'x-request-id': 'r1' }, body: '<!doctype html>', cut: false };
    assert.deepEqual(judge.ofAnswer(request('getDocs'), page), []);
    const unchanged = { status: 304, headers: { 'x-request-id': 'r1' }, body: '', cut: false };
    assert.deepEqual(judge.ofAnswer(request('getDocs'), unchanged), []);
    assert.match(judge.ofAnswer(request('getDocs'), { ...unchanged, body: 'x' }).join(), /304 .* is not documented/);
    assert.match(judge.ofAnswer(request('getHealth'), unchanged).join(), /304 .* is not documented/);
    const socket = (...messages) => ({ status: 101, headers: { 'x-request-id': 'r1' }, body: '', messages, cut: true, noBody: true });
    const open = request('openWebSocket', { upgrade: true });
    assert.deepEqual(judge.ofAnswer(open, socket('{"type":"reset","reason":"too_old"}')), []);
    assert.match(judge.ofAnswer(open, socket('{"type":"surprise"}')).join(), /does not fit/);
    const needed = answer(426, problem(426, { code: 'upgrade_required' }));
    assert.deepEqual(judge.ofAnswer(request('openWebSocket'), needed), []);
    assert.match(judge.ofAnswer(open, needed).join(), /that fits openapi.yaml is refused/);
});

test('lines of a followed log are checked one by one; a cut line is not', () => {
    const judge = new Judge(openapi);
    const follow = request('listJobLogs', { path: { id }, query: [['follow', 'true']] });
    const head = { 'content-type': 'application/x-ndjson', 'x-request-id': 'r1' };
    const end = '{"stream":"end","status":"completed"}';
    assert.deepEqual(judge.ofAnswer(follow, { status: 200, headers: head, body: `\n${end}\n`, cut: false }), []);
    assert.deepEqual(judge.ofAnswer(follow, { status: 200, headers: head, body: `${end}\n{"str`, cut: true }), []);
    assert.notDeepEqual(judge.ofAnswer(follow, { status: 200, headers: head, body: `${end}\n{"str`, cut: false }), []);
    assert.notDeepEqual(judge.ofAnswer(follow, { status: 200, headers: head, body: '{"stream":"end"}\n', cut: false }), []);
});

test('HEAD and OPTIONS are compared with GET and with the documented methods', () => {
    const judge = new Judge(openapi);
    const got = answer(200, counted, { 'content-length': '9' });
    assert.deepEqual(judge.ofHead(got, { ...got, body: '' }), []);
    assert.match(judge.ofHead(got, { ...got, body: 'x' }).join(), /has a body/);
    assert.match(judge.ofHead(got, { ...got, status: 404, body: '' }).join(), /HEAD is 404/);
    assert.match(judge.ofHead(got, { ...got, headers: { ...got.headers, 'content-length': '8' }, body: '' }).join(), /content-length 8/);
    const allow = (text) => judge.ofOptions('/api/jobs', { status: 204, headers: { allow: text } });
    assert.deepEqual(allow('GET, HEAD, OPTIONS, POST'), []);
    assert.match(allow('GET, OPTIONS, POST').join(), /Allow is GET/);
});

test('the values for a schema fit it, and the requests of an operation are sendable', () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const validator = newValidator();
    for (const each of operations) {
        if (each.body !== undefined) {
            const validate = validator.compile(each.body);
            for (const value of fc.sample(validValue(each.body, pools), { seed, numRuns: 50 })) {
                assert.ok(validate(value), `seed ${seed}: ${each.id} ${JSON.stringify(validate.errors)}`);
            }
        }
        for (const made of fc.sample(requestTo(each, pools), { seed, numRuns: 100 })) {
            assert.ok(made.kind !== 'valid' || misfitOf(each, made) === undefined, `seed ${seed}: ${JSON.stringify(made)}`);
            assert.match(targetOf(each.template, made), /^\/[\x21-\x7e]*$/);
        }
    }
});

test('a range that does not end after its begin, and parameters that exclude each other, do not fit', () => {
    const asked = (of, ...query) => misfitOf(operation(of), request(of, { query }));
    const [early, late] = ['2026-03-01T00:00:00.000Z', '2026-03-02T00:00:00+00:00'];
    for (const of of ['getMarketStats', 'getJobStats']) {
        assert.equal(asked(of, ['to', late], ['from', early]), undefined);
        assert.equal(asked(of, ['from', late]), undefined);
        assert.equal(asked(of, ['from', late], ['to', early]), '?to is not after ?from');
        assert.equal(asked(of, ['from', early], ['to', early]), '?to is not after ?from');
    }
    assert.equal(asked('getJobStats', ['provider_address', address]), undefined);
    assert.equal(asked('getJobStats', ['renter_address', address], ['provider_address', address]), '?renter_address with ?provider_address');
});
