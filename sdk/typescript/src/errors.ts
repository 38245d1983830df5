// Errors of the client, each with what a program needs to decide.

import type { components } from './openapi.js';
import { retryAfter } from './retry.js';

export type Problem = components['schemas']['Problem'];
export type FieldError = components['schemas']['FieldError'];
export type Job = components['schemas']['Job'];

/** A refusal of the gateway (RFC 9457). Programs use `code`; the texts are for people. */
export class LamdaError extends Error {
    override readonly name = 'LamdaError';
    /** Stable, such as `spec_quota_client`; docs/protocol.md lists the codes. `invalid_answer`: not an answer of Lamda. */
    readonly code: string;
    /** Status of HTTP, 400–599. */
    readonly status: number;
    /** Quote it to the operator. */
    readonly requestId: string;
    /** Every wrong field of the request: JSON pointer into the body, `?name` of the query or `{name}` of the path. */
    readonly errors: readonly FieldError[];
    /** Milliseconds after which the gateway may serve the request; undefined if it did not say. */
    readonly retryAfter: number | undefined;

    constructor(problem: Problem, pause?: number) {
        const fields = (problem.errors ?? []).map(({ pointer, detail }) => `${pointer}: ${detail}`);
        super([`${problem.code}: ${problem.detail}`, ...fields].join('; '));
        this.code = problem.code;
        this.status = problem.status;
        this.requestId = problem.request_id;
        this.errors = problem.errors ?? [];
        this.retryAfter = pause;
    }

    /** @param body of an answer that should be a problem document; a proxy may have sent something else */
    static of(body: unknown, response: Response): LamdaError {
        if (typeof body === 'object' && body !== null && 'code' in body && 'status' in body && 'detail' in body) {
            return new LamdaError(body as Problem, retryAfter(response));
        }
        return new LamdaError({
            type: 'urn:lamda:error:invalid_answer', title: 'Invalid answer', status: response.status, code: 'invalid_answer', instance: response.url,
            detail: `the answer with status ${response.status} is not one of Lamda`, request_id: response.headers.get('x-request-id') ?? '',
        }, retryAfter(response));
    }
}

/** A job that ended without the awaited status: it failed, or was cancelled, or cannot run. */
export class JobEnded extends Error {
    override readonly name = 'JobEnded';
    readonly job: Job;
    constructor(job: Job) {
        super(`job ${job.id} is ${job.status}${job.error_message === null ? '' : `: ${job.error_message}`}`);
        this.job = job;
    }
}

/** A wallet that cannot send the transaction: another chain, or no account. */
export class WalletError extends Error {
    override readonly name = 'WalletError';
}

/** Content that does not have the hash that its CID names, or that no store has. */
export class ContentError extends Error {
    override readonly name = 'ContentError';
}
