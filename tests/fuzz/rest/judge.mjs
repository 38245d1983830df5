// Compares answers of the gateway with openapi.yaml. A fault is one line of text; the judge throws nothing.

import { newValidator } from '../../integration/contract_files/read.mjs';
import { mayCall, misfitOf, operationsOf } from './requests.mjs';

/** Refusals with a status of 500 and above that a market with all its parts up may give. */
const allowed5xx = { 501: ['credentials_not_offered', 'unsupported_transfer_encoding'], 505: ['unsupported_version'] };

export class Judge {
    #operations;
    #problem;
    #feedMessage;
    #validators = new Map();

    /** @param openapi the document with all references resolved */
    constructor(openapi) {
        this.#operations = new Map(operationsOf(openapi).map((operation) => [operation.id, operation]));
        this.#problem = openapi.components.schemas.Problem;
        this.#feedMessage = openapi.components.schemas.FeedMessage;
    }

    #misfits(schema, value) {
        if (!this.#validators.has(schema)) {
            this.#validators.set(schema, newValidator().compile(schema));
        }
        const validate = this.#validators.get(schema);
        return validate(value) ? [] : validate.errors.slice(0, 3).map(({ instancePath, message }) => `${instancePath} ${message}`);
    }

    /** @param answer `{status, headers (lower-case names), body (text), cut (read in part only)}` */
    ofAnswer(request, answer) {
        const operation = this.#operations.get(request.operation);
        const faults = this.ofAnyAnswer(answer);
        const response = operation.responses[answer.status] ?? operation.responses[`${Math.floor(answer.status / 100)}XX`];
        const type = typeOf(answer);
        const schema = answer.status === 101 ? this.#feedMessage : response?.content?.[type]?.schema;
        const isEmpty = response !== undefined && response.content === undefined && answer.status !== 101;
        if (isEmpty ? answer.body !== '' : response === undefined || schema === undefined) {
            return [...faults, `status ${answer.status} with ${type} is not documented`];
        }
        for (const value of isEmpty ? [] : bodiesOf(answer, type, faults)) {
            faults.push(...this.#misfits(schema, value).map((text) => `the body does not fit openapi.yaml: ${text}`));
        }
        for (const [name, { schema: wanted, required }] of Object.entries(response.headers ?? {})) {
            const value = answer.headers[name.toLowerCase()];
            if (value === undefined ? required : this.#misfits(wanted, value).length > 0) {
                faults.push(`header ${name} is ${value}`);
            }
        }
        const misfit = misfitOf(operation, request);
        // A check describes what is wrong with the job in its answer.
        const accepted = answer.status < 400 && (operation.id !== 'checkJob' || JSON.parse(answer.body).passes === true);
        if (misfit !== undefined && accepted) {
            faults.push(`a request that does not fit openapi.yaml (${misfit}) is accepted`);
        }
        return [...faults, ...faultsOfCaller(operation, request, answer, accepted), ...faultsOfRefusal(operation, request, answer)];
    }

    /** The part that holds for requests to no operation, too. */
    ofAnyAnswer(answer) {
        const faults = [];
        if (answer.headers['x-request-id'] === undefined) {
            faults.push('no X-Request-Id');
        }
        if (answer.status < 400 || answer.noBody) {
            return answer.status < 500 ? faults : [...faults, `status ${answer.status}`];
        }
        let problem;
        try {
            problem = JSON.parse(answer.body);
        } catch {
            return [...faults, `status ${answer.status} without a problem document`];
        }
        if (typeOf(answer) !== 'application/problem+json') {
            faults.push(`a refusal has the type ${typeOf(answer)}`);
        }
        faults.push(...this.#misfits(this.#problem, problem).map((text) => `the problem document does not fit openapi.yaml: ${text}`));
        for (const [what, is, should] of [
            ['status', problem.status, answer.status], ['request_id', problem.request_id, answer.headers['x-request-id']],
            ['type', problem.type, `urn:lamda:error:${problem.code}`],
        ]) {
            if (is !== should) {
                faults.push(`the problem's ${what} is ${is}, not ${should}`);
            }
        }
        if (answer.status >= 500 && !allowed5xx[answer.status]?.includes(problem.code)) {
            faults.push(`status ${answer.status} ${problem.code} although every part is up`);
        }
        return faults;
    }

    /** HEAD has the status and the headers of GET, and no body. */
    ofHead(got, head) {
        const faults = ['content-type', 'content-length', 'etag', 'vary', 'link', 'allow']
            .filter((name) => got.headers[name] !== head.headers[name])
            .map((name) => `HEAD has ${name} ${head.headers[name]}, GET ${got.headers[name]}`);
        if (head.status !== got.status) {
            faults.push(`HEAD is ${head.status}, GET ${got.status}`);
        }
        if (head.body !== '') {
            faults.push('HEAD has a body');
        }
        return faults;
    }

    /** OPTIONS lists the methods of the path. */
    ofOptions(template, answer) {
        const methods = [...this.#operations.values()].filter((each) => each.template === template).map(({ method }) => method);
        const wanted = new Set(['OPTIONS', ...methods, ...(methods.includes('GET') ? ['HEAD'] : [])]);
        const allowed = (answer.headers.allow ?? '').split(',').map((name) => name.trim());
        const same = allowed.length === wanted.size && allowed.every((name) => wanted.has(name));
        return [
            ...(answer.status === 204 ? [] : [`OPTIONS is ${answer.status}`]),
            ...(same ? [] : [`Allow is ${answer.headers.allow}, documented are ${[...wanted].join(', ')}`]),
        ];
    }
}

const codeOf = ({ body }) => /"code":"(\w+)"/.exec(body)?.[1];

/** Codes of refusals that are about who asks, not about what. */
const callerCodes = new Set(['unauthorized', 'forbidden', 'insufficient_scope', 'foreign_origin']);

function faultsOfCaller(operation, { kind, caller }, answer, accepted) {
    if (!mayCall(operation, caller)) {
        return accepted ? [`a caller that openapi.yaml does not admit (${caller}) is accepted`] : [];
    }
    // Where a signature may stand for credentials, an operator's request without them is refused.
    const refused = kind === 'valid' && !operation.callers.includes('none') && answer.status >= 400 && callerCodes.has(codeOf(answer));
    return refused ? [`a caller that openapi.yaml admits (${caller}) is refused: ${answer.status} ${codeOf(answer)}`] : [];
}

/** What a GET may ask is described completely; bodies have rules that no schema holds. */
function faultsOfRefusal(operation, { kind, caller, method, upgrade }, { status }) {
    const fits = kind === 'valid' && method === 'GET' && mayCall(operation, caller);
    const expected = status < 400 || [404, 501].includes(status) || (status === 426 && '101' in operation.responses && !upgrade);
    return fits && !expected ? ['a request that fits openapi.yaml is refused'] : [];
}

const typeOf = ({ headers }) => headers['content-type']?.split(';')[0];

/** Data of the whole frames of server-sent events. */
const dataOf = (body) => body.split('\n\n').slice(0, -1).flatMap((frame) => frame.split('\n'))
    .filter((line) => line.startsWith('data: ')).map((line) => line.slice('data: '.length));

/** The values of a body: of JSON one, of a stream its messages, of another type its text. */
function bodiesOf({ status, body, messages, cut }, type, faults) {
    if (status !== 101 && type !== 'text/event-stream' && !/json$/.test(type)) {
        return [body];
    }
    const texts = status === 101 ? messages : type === 'application/x-ndjson' ? body.split('\n').slice(0, cut ? -1 : undefined).filter((line) => line !== '')
        : type === 'text/event-stream' ? dataOf(body) : [body];
    return texts.flatMap((text) => {
        try {
            return [JSON.parse(text)];
        } catch {
            faults.push(`the body is not JSON: ${text.slice(0, 100)}`);
            return [];
        }
    });
}
