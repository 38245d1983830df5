// The client: the gateway's resources, typed by proto/openapi.yaml, and the way of a job from its check to its output.

import createClient from 'openapi-fetch';

import { JobEnded, LamdaError, type Job } from './errors.js';
import { PolledJobUpdates, type AnyJob, type JobUpdates } from './job_updates.js';
import { followLog, type LogChunk } from './logs.js';
import type { components, operations, paths } from './openapi.js';
import { filesOf, VerifiedBlocks, type OutputFile } from './output.js';
import { itemsOf } from './pages.js';
import { persistentFetch, sleep, type Fetch, type RetryOptions, type Sleep } from './retry.js';
import { sendTransaction, signCancellation, type Eip1193Provider, type Market } from './wallet.js';

type Schemas = components['schemas'];
export type Node = Schemas['Node'];
export type NodeDetail = Schemas['NodeDetail'];
export type JobEvent = Schemas['JobEvent'];
export type JobSubmission = Schemas['JobSubmission'];
export type JobCheck = Schemas['JobCheck'];
export type Submission = Schemas['Submission'];
export type JobStatus = Schemas['JobStatus'];
export type SignedReceipt = Schemas['SignedReceipt'];
export type CancelledJob = Schemas['CancelledJob'];
export type Reputation = Schemas['Reputation'];
export type NodeQuery = Omit<NonNullable<operations['listNodes']['parameters']['query']>, 'cursor'>;
export type JobQuery = Omit<NonNullable<operations['listJobs']['parameters']['query']>, 'cursor'>;

export interface LamdaOptions {
    /** The gateway, such as https://api.example.org. */
    url: string;
    /** IPFS gateways that serve raw blocks, for outputs; the first one that has the right bytes is used. */
    stores?: readonly string[];
    /** Limits of the repetition of requests that were not served (429, 502, 503, 504, no connection). */
    retry?: RetryOptions;
    /** Source of job states for `waitFor`; default: GET /api/jobs/{id} at growing pauses. */
    updates?: JobUpdates;
    /** Default: the platform's. */
    fetch?: Fetch;
    /** Pauses between tries; for tests. */
    sleep?: Sleep;
}

interface Waiting {
    signal?: AbortSignal;
}

/** The way of a job; it may skip statuses between two looks. */
const way: readonly string[] = ['submitted', 'created', 'awaiting_spec', 'awaiting_provider', 'assigned', 'running', 'completed', 'confirmed', 'paid'];
const dead: readonly string[] = ['failed', 'cancelled', 'expired', 'mismatched'];

/** Throws the refusal, or returns the data of an answer. */
function dataOf<T>({ data, error, response }: { data?: T; error?: unknown; response: Response }): T {
    if (!response.ok || data === undefined) {
        throw LamdaError.of(error, response);
    }
    return data;
}

const signalOf = ({ signal }: Waiting) => (signal === undefined ? {} : { signal });

/** Every method rejects with LamdaError if the gateway refuses, and with the signal's reason if it aborts. */
export class Lamda {
    readonly #api;
    readonly #sleep: Sleep;
    readonly #updates: JobUpdates;
    readonly #blocks: VerifiedBlocks;

    constructor({ url, stores = [], retry, updates, fetch = (request) => globalThis.fetch(request), sleep: pause = sleep }: LamdaOptions) {
        const persistent = persistentFetch(fetch, retry, pause);
        this.#api = createClient<paths>({ baseUrl: url.replace(/\/+$/, ''), fetch: persistent });
        this.#sleep = pause;
        this.#updates = updates ?? new PolledJobUpdates((id, signal) => this.job(id, signal === undefined ? {} : { signal }), pause);
        this.#blocks = new VerifiedBlocks(stores, persistent);
    }

    // ---- resources

    /** All registered nodes that fit, page by page. @param query `limit` is the size of a page */
    nodes(query: NodeQuery = {}, waiting: Waiting = {}): AsyncGenerator<Node, void, undefined> {
        return itemsOf(async (cursor) =>
            dataOf(await this.#api.GET('/api/nodes', { params: { query: { ...query, ...(cursor === undefined ? {} : { cursor }) } }, ...signalOf(waiting) })));
    }

    async node(address: string, waiting: Waiting = {}): Promise<NodeDetail> {
        return dataOf(await this.#api.GET('/api/nodes/{address}', { params: { path: { address } }, ...signalOf(waiting) }));
    }

    /** All jobs that fit, newest first, page by page. */
    jobs(query: JobQuery = {}, waiting: Waiting = {}): AsyncGenerator<Job, void, undefined> {
        return itemsOf(async (cursor) =>
            dataOf(await this.#api.GET('/api/jobs', { params: { query: { ...query, ...(cursor === undefined ? {} : { cursor }) } }, ...signalOf(waiting) })));
    }

    /** One job; its status is `submitted` while no block holds it. */
    async job(id: string, waiting: Waiting = {}): Promise<AnyJob> {
        return dataOf(await this.#api.GET('/api/jobs/{id}', { params: { path: { id } }, ...signalOf(waiting) }));
    }

    /** The job's journal, oldest entry first, page by page. */
    events(id: string, waiting: Waiting = {}): AsyncGenerator<JobEvent, void, undefined> {
        return itemsOf(async (cursor) =>
            dataOf(await this.#api.GET('/api/jobs/{id}/events', {
                params: { path: { id }, query: cursor === undefined ? {} : { cursor } }, ...signalOf(waiting),
            })));
    }

    async receipt(id: string, waiting: Waiting = {}): Promise<SignedReceipt> {
        return dataOf(await this.#api.GET('/api/jobs/{id}/receipt', { params: { path: { id } }, ...signalOf(waiting) }));
    }

    async reputation(address: string, waiting: Waiting = {}): Promise<Reputation> {
        return dataOf(await this.#api.GET('/api/reputation/{address}', { params: { path: { address } }, ...signalOf(waiting) }));
    }

    // ---- a job

    /** Would this job match, start, finish and be paid? Nothing is stored. */
    async check(job: JobSubmission, waiting: Waiting = {}): Promise<JobCheck> {
        return dataOf(await this.#api.POST('/api/jobs/check', { body: job, ...signalOf(waiting) }));
    }

    /**
     * Stores the job's spec. The answer has the job's id and the transaction that pays for it.
     *
     * @param idempotencyKey give one that outlives the page, if the user may reload it; default: a new one for each call
     */
    async submit(job: JobSubmission, { idempotencyKey = crypto.randomUUID(), ...waiting }: Waiting & { idempotencyKey?: string } = {}): Promise<Submission> {
        return dataOf(await this.#api.POST('/api/jobs', {
            params: { header: { 'Idempotency-Key': idempotencyKey } }, body: job, ...signalOf(waiting),
        }));
    }

    /**
     * Has the renter's wallet pay for a submitted job, and waits until a block holds it. JobManager has no refund.
     *
     * @return the hash of the transaction
     */
    async pay(submission: Submission, wallet: Eip1193Provider, waiting: Waiting = {}): Promise<string> {
        const hash = await sendTransaction(wallet, submission.transaction, submission.spec.renter);
        await this.#until(submission.id, (job) => job.status !== 'submitted', waiting);
        return hash;
    }

    /**
     * Waits for one of the statuses; by default for the end of the work.
     *
     * @throws JobEnded if the job ends in another one, or has left them behind
     */
    async waitFor(id: string, { statuses = ['completed', 'confirmed', 'paid'], ...waiting }: Waiting & { statuses?: readonly JobStatus[] } = {}): Promise<Job> {
        const wanted: readonly string[] = statuses;
        // Until its payment is claimed, a job may still be reorganised away and fail.
        const last = wanted.some((status) => dead.includes(status)) ? way.indexOf('confirmed') : Math.max(...wanted.map((status) => way.indexOf(status)));
        const decided = ({ status }: AnyJob) => wanted.includes(status) || dead.includes(status) || way.indexOf(status) > last;
        const job = (await this.#until(id, decided, waiting)) as Job;
        if (!wanted.includes(job.status)) {
            throw new JobEnded(job);
        }
        return job;
    }

    /** What the job's container prints, until the job has ended. Untrusted text. */
    logs(id: string, waiting: Waiting = {}): AsyncGenerator<LogChunk, void, undefined> {
        const open = async (after: string | undefined) => {
            const answer = await this.#api.GET('/api/jobs/{id}/logs', {
                params: { path: { id }, query: { follow: true, ...(after === undefined ? {} : { after }) } }, parseAs: 'stream', ...signalOf(waiting),
            });
            return dataOf(answer) as ReadableStream<Uint8Array>;
        };
        return followLog(open, this.#sleep, waiting.signal);
    }

    /** The files of an output directory by its CID, each block verified. @throws ContentError */
    output(cid: string): AsyncGenerator<OutputFile, void, undefined> {
        return filesOf(cid, this.#blocks);
    }

    /** Ends a job that has no result, by the renter's signature. The payment does not come back: see `escrow`. */
    async cancel(id: string, wallet: Eip1193Provider, renter: string, market: Market, waiting: Waiting = {}): Promise<CancelledJob> {
        const expiresAt = Math.floor(Date.now() / 1000) + 600;
        const signature = await signCancellation(wallet, renter, market, id, expiresAt);
        return dataOf(await this.#api.POST('/api/jobs/{id}/cancel', {
            params: { path: { id } }, body: { expires_at: expiresAt, signature }, ...signalOf(waiting),
        }));
    }

    async #until(id: string, holds: (job: AnyJob) => boolean, { signal }: Waiting): Promise<AnyJob> {
        for await (const job of this.#updates.watch(id, signal)) {
            if (holds(job)) {
                return job;
            }
        }
        throw new Error(`the updates of job ${id} ended`);
    }
}
