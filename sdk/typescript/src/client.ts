// The client: the gateway's resources, typed by proto/openapi.yaml, and the way of a job from its check to its output.

import createClient from 'openapi-fetch';

import { parseCid } from './cid.js';
import { ContentError, JobEnded, LamdaError, type Job } from './errors.js';
import { followFeed, type FeedChannel, type FeedMessage, type FeedOptions } from './feed.js';
import { FeedJobUpdates, type AnyJob, type JobUpdates } from './job_updates.js';
import { blobOf, cidOf, type FileContent, type StoredFile } from './files.js';
import { followLog, type LogChunk } from './logs.js';
import type { components, operations, paths } from './openapi.js';
import { filesOf, hexDigest, VerifiedBlocks, type OutputFile } from './output.js';
import { itemsOf, type Page } from './pages.js';
import { randomKey } from './random_key.js';
import { persistentFetch, sleep, type Fetch, type RetryOptions, type Sleep } from './retry.js';
import { signInMessage, type SignInOptions } from './sign_in.js';
import { accountOf, chainOf, sendTransaction, signCancellation, signText, type Eip1193Provider, type Market } from './wallet.js';

type Schemas = components['schemas'];
export type Node = Schemas['Node'];
export type NodeDetail = Schemas['NodeDetail'];
export type PresenceChange = Schemas['PresenceChange'];
export type NodeStats = Schemas['NodeStats'];
export type JobStats = Schemas['JobStats'];
export type MarketStats = Schemas['MarketStats'];
export type JobStatsQuery = NonNullable<operations['getJobStats']['parameters']['query']>;
export type MarketStatsQuery = NonNullable<operations['getMarketStats']['parameters']['query']>;
export type JobEvent = Schemas['JobEvent'];
export type JobAttempt = Schemas['JobAttempt'];
export type JobSpec = Schemas['JobSpec'];
export type JobSubmission = Schemas['JobSubmission'];
export type JobCheck = Schemas['JobCheck'];
export type Submission = Schemas['Submission'];
export type JobStatus = Schemas['JobStatus'];
export type SignedReceipt = Schemas['SignedReceipt'];
export type CancelledJob = Schemas['CancelledJob'];
export type Reputation = Schemas['Reputation'];
export type Session = Schemas['Session'];
export type SignedIn = Required<Schemas['SignedIn']>;
export type Introspection = Schemas['Introspection'];
/** Without `fields`: the items of a list are whole. */
export type NodeQuery = Omit<NonNullable<operations['listNodes']['parameters']['query']>, 'cursor' | 'fields' | 'count'>;
export type JobQuery = Omit<NonNullable<operations['listJobs']['parameters']['query']>, 'cursor' | 'fields' | 'count'>;

export interface LamdaOptions {
    /** The gateway, such as https://api.example.org. */
    url: string;
    /** IPFS gateways that serve raw blocks, for outputs; the first one that has the right bytes is used. */
    stores?: readonly string[];
    /** The token of a session that `signIn` returned earlier, or an API key (in backends only); sent to the gateway and to no store. */
    token?: string;
    /** Limits of the repetition of requests that were not served (429, 502, 503, 504, no connection). */
    retry?: RetryOptions;
    /** Source of job states for `waitFor`; default: the live feed, or polling if it cannot be opened. */
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

async function streamOf({ data, error, response }: { data?: unknown; error?: unknown; response: Response }): Promise<ReadableStream<Uint8Array>> {
    const stream = dataOf({ data, error, response }) as ReadableStream<Uint8Array>;
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
        await stream.cancel();
        throw LamdaError.of(undefined, response);
    }
    return stream;
}

const signalOf = ({ signal }: Waiting) => (signal === undefined ? {} : { signal });

/** Every method rejects with LamdaError if the gateway refuses, and with the signal's reason if it aborts. */
export class Lamda {
    readonly #api;
    /** Without repetitions. */
    readonly #once;
    readonly #retry: Required<RetryOptions>;
    readonly #sleep: Sleep;
    readonly #updates: JobUpdates;
    readonly #blocks: VerifiedBlocks;

    #token: string | undefined;

    constructor({ url, stores = [], token, retry, updates, fetch = (request) => globalThis.fetch(request), sleep: pause = sleep }: LamdaOptions) {
        const persistent = persistentFetch(fetch, retry, pause);
        const client = (by: Fetch) => {
            const api = createClient<paths>({ baseUrl: url.replace(/\/+$/, ''), fetch: by });
            api.use({ onRequest: ({ request }) => this.#authorize(request) });
            return api;
        };
        this.#api = client(persistent);
        this.#once = client(fetch);
        this.#retry = { tries: 5, mostWait: 60_000, ...retry };
        this.#sleep = pause;
        this.#token = token;
        const read = (id: string, signal?: AbortSignal) => this.job(id, signal === undefined ? {} : { signal });
        this.#updates = updates ?? new FeedJobUpdates((id, signal) => this.#feed([`job:${id}`], { signal, failures: { first: 0, later: 4 } }), read, pause);
        this.#blocks = new VerifiedBlocks(stores, persistent);
    }

    // ---- resources

    /** All registered nodes that fit, page by page. @param query `limit` is the size of a page */
    nodes(query: NodeQuery = {}, waiting: Waiting = {}): AsyncGenerator<Node, void, undefined> {
        return itemsOf(async (cursor) =>
            dataOf(await this.#api.GET('/api/nodes', {
                params: { query: { ...query, ...(cursor === undefined ? {} : { cursor }) } }, ...signalOf(waiting),
            })) as Page<Node>);
    }

    async node(address: string, waiting: Waiting = {}): Promise<NodeDetail> {
        return dataOf(await this.#api.GET('/api/nodes/{address}', { params: { path: { address } }, ...signalOf(waiting) }));
    }

    /** Changes of the node's presence, newest first, page by page. */
    nodeHistory(address: string, waiting: Waiting = {}): AsyncGenerator<PresenceChange, void, undefined> {
        return itemsOf(async (cursor) =>
            dataOf(await this.#api.GET('/api/nodes/{address}/history', {
                params: { path: { address }, query: cursor === undefined ? {} : { cursor } }, ...signalOf(waiting),
            })));
    }

    async nodeStats(address: string, waiting: Waiting = {}): Promise<NodeStats> {
        return dataOf(await this.#api.GET('/api/nodes/{address}/stats', { params: { path: { address } }, ...signalOf(waiting) }));
    }

    /** Jobs and payments by status. */
    async jobStats(query: JobStatsQuery = {}, waiting: Waiting = {}): Promise<JobStats> {
        return dataOf(await this.#api.GET('/api/jobs/stats', { params: { query }, ...signalOf(waiting) }));
    }

    /** The market over time, one item for each hour or day. */
    async marketStats(query: MarketStatsQuery = {}, waiting: Waiting = {}): Promise<MarketStats> {
        return dataOf(await this.#api.GET('/api/market/stats', { params: { query }, ...signalOf(waiting) }));
    }

    /** All jobs that fit, newest first, page by page. */
    jobs(query: JobQuery = {}, waiting: Waiting = {}): AsyncGenerator<Job, void, undefined> {
        return itemsOf(async (cursor) =>
            dataOf(await this.#api.GET('/api/jobs', {
                params: { query: { ...query, ...(cursor === undefined ? {} : { cursor }) } }, ...signalOf(waiting),
            })) as Page<Job>);
    }

    /** One job; its status is `submitted` while no block holds it. */
    async job(id: string, waiting: Waiting = {}): Promise<AnyJob> {
        return dataOf(await this.#api.GET('/api/jobs/{id}', { params: { path: { id } }, ...signalOf(waiting) }));
    }

    /** The job's journal, oldest entry first, page by page. */
    journal(id: string, waiting: Waiting = {}): AsyncGenerator<JobEvent, void, undefined> {
        return itemsOf(async (cursor) =>
            dataOf(await this.#api.GET('/api/jobs/{id}/events', {
                params: { path: { id }, query: cursor === undefined ? {} : { cursor } }, ...signalOf(waiting),
            })));
    }

    /** The attempts to run the job, oldest first. */
    async attempts(id: string, waiting: Waiting = {}): Promise<JobAttempt[]> {
        return dataOf(await this.#api.GET('/api/jobs/{id}/attempts', { params: { path: { id } }, ...signalOf(waiting) })).items;
    }

    /**
     * The job's spec, and the SHA-256 (0x and 64 hexadecimal digits) of its stored form: the job's id, except if its renter attached the spec.
     * Compare the two before you rely on the spec.
     */
    async spec(id: string, waiting: Waiting = {}): Promise<{ spec: JobSpec; sha256: string }> {
        const text = dataOf(await this.#api.GET('/api/jobs/{id}/spec', { params: { path: { id } }, parseAs: 'text', ...signalOf(waiting) }));
        return { spec: JSON.parse(text) as JobSpec, sha256: await hexDigest(text) };
    }

    async receipt(id: string, waiting: Waiting = {}): Promise<SignedReceipt> {
        return dataOf(await this.#api.GET('/api/jobs/{id}/receipt', { params: { path: { id } }, ...signalOf(waiting) }));
    }

    async reputation(address: string, waiting: Waiting = {}): Promise<Reputation> {
        return dataOf(await this.#api.GET('/api/reputation/{address}', { params: { path: { address } }, ...signalOf(waiting) }));
    }

    // ---- events

    /**
     * Snapshots of the channels, then their events as they happen, across cut connections; `reset` and `dropped` come as messages.
     * Ends by the consumer, or by the signal.
     *
     * @param channels at most 16; default: `global`
     * @param after id of the last known event: the events after it follow, without snapshots
     */
    events({ channels = ['global'], after, signal }: Waiting & { channels?: readonly FeedChannel[]; after?: string } = {}): AsyncGenerator<FeedMessage, void, undefined> {
        return this.#feed(channels, { after, signal, failures: { first: this.#retry.tries - 1, later: Infinity } });
    }

    // ---- sessions

    /**
     * Has the wallet sign a message of EIP-4361, and sends its session's token with every request from then on. Keep the returned token,
     * if the session outlives this object.
     *
     * @throws WalletError without an account or a signature; LamdaError `sign_in_refused` with each reason in `errors`
     */
    async signIn(wallet: Eip1193Provider, { account, chainId, domain = globalThis.location?.host, uri = globalThis.location?.origin, statement, signal }: SignInOptions & Waiting = {}): Promise<SignedIn> {
        const waiting = signal === undefined ? {} : { signal };
        const address = account ?? (await accountOf(wallet));
        const chain = chainId ?? (await chainOf(wallet));
        const { nonce, issued_at: issuedAt } = dataOf(await this.#api.GET('/api/session/nonce', waiting));
        const message = signInMessage({ address, chainId: chain, domain, uri, statement, nonce, issuedAt });
        const signature = await signText(wallet, address, message);
        const { token, session } = dataOf(await this.#api.POST('/api/session', { body: { message, signature }, ...waiting }));
        if (token === undefined) {
            throw new Error('the answer to the sign-in has no token');
        }
        this.#token = token;
        return { token, session };
    }

    /** The session whose token is sent. */
    async session(waiting: Waiting = {}): Promise<Session> {
        return dataOf(await this.#api.GET('/api/session', signalOf(waiting)));
    }

    /** All sessions of the wallet, newest first. */
    async sessions(waiting: Waiting = {}): Promise<Session[]> {
        return dataOf(await this.#api.GET('/api/sessions', signalOf(waiting))).items;
    }

    /** Ends this session. */
    async signOut(waiting: Waiting = {}): Promise<void> {
        dataOf(await this.#api.DELETE('/api/session', signalOf(waiting)));
        this.#token = undefined;
    }

    /** Ends all sessions of the wallet. @return their number */
    async signOutEverywhere(waiting: Waiting = {}): Promise<number> {
        const { ended } = dataOf(await this.#api.DELETE('/api/sessions', signalOf(waiting)));
        this.#token = undefined;
        return ended;
    }

    /** Whose session a token is of, for a backend whose `token` is an API key of scope sessions:read. An ended one is `active: false`. */
    async introspect(token: string, waiting: Waiting = {}): Promise<Introspection> {
        return dataOf(await this.#api.POST('/api/session/introspect', { body: { token }, ...signalOf(waiting) }));
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
    async submit(job: JobSubmission, { idempotencyKey = randomKey(), ...waiting }: Waiting & { idempotencyKey?: string } = {}): Promise<Submission> {
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

    // ---- files

    /**
     * Stores a file in the gateway's content store, for a session or an API key with files:write. The CID is computed here as well. Not repeated if
     * it fails; a repetition by the caller has no second effect.
     *
     * @throws ContentError if the gateway answers another CID
     */
    async uploadFile(content: FileContent, waiting: Waiting = {}): Promise<StoredFile> {
        const stored = dataOf(await this.#once.POST('/api/files', {
            body: content as unknown as string, bodySerializer: (body) => body, headers: { 'content-type': 'application/octet-stream' }, ...signalOf(waiting),
        }));
        const expected = await cidOf(content);
        if (stored.cid !== expected) {
            throw new ContentError(`the gateway stored ${stored.cid}, but the file is ${expected}`);
        }
        return stored;
    }

    /**
     * A file of the content stores by the gateway, verified: its bytes have the CID. Only for files with the layout of
     * `ipfs add --cid-version=1`, which uploads and outputs have; `output` reads any other from stores.
     *
     * @param most bytes, which are held in memory; default 64 MiB
     * @throws ContentError for other bytes, another layout, more of them, or a text that is no CID
     */
    async downloadFile(cid: string, { most = 64 * 1024 * 1024, ...waiting }: Waiting & { most?: number } = {}): Promise<Blob> {
        const wanted = parseCid(cid).toV1().toString();
        const answer = await this.#api.GET('/api/files/{cid}', { params: { path: { cid } }, parseAs: 'stream', ...signalOf(waiting) });
        // An answer with Content-Length 0 has no data in openapi-fetch.
        const isEmpty = answer.response.ok && answer.data === undefined;
        const content = isEmpty ? new Blob() : await blobOf(dataOf(answer) as ReadableStream<Uint8Array>, most);
        const found = await cidOf(content);
        if (found !== wanted) {
            throw new ContentError(`the bytes do not have the CID ${wanted}, but ${found}`);
        }
        return content;
    }

    /** Ends a job that has no result, by the renter's signature. The payment does not come back: see `escrow`. */
    async cancel(id: string, wallet: Eip1193Provider, renter: string, market: Market, waiting: Waiting = {}): Promise<CancelledJob> {
        const expiresAt = Math.floor(Date.now() / 1000) + 600;
        const signature = await signCancellation(wallet, renter, market, id, expiresAt);
        return dataOf(await this.#api.POST('/api/jobs/{id}/cancel', {
            params: { path: { id } }, body: { expires_at: expiresAt, signature }, ...signalOf(waiting),
        }));
    }

    #feed(channels: readonly FeedChannel[], options: Omit<FeedOptions, 'mostWait'>): AsyncGenerator<FeedMessage, void, undefined> {
        const open = async (after: string | undefined) => {
            const query = { channel: [...channels], ...(after === undefined ? {} : { after }) };
            return streamOf(await this.#once.GET('/api/events', {
                params: { query }, headers: { accept: 'text/event-stream' }, parseAs: 'stream', ...(options.signal === undefined ? {} : { signal: options.signal }),
            }));
        };
        return followFeed(open, this.#sleep, { ...options, mostWait: this.#retry.mostWait });
    }

    #authorize(request: Request): void {
        if (this.#token !== undefined) {
            request.headers.set('authorization', `Bearer ${this.#token}`);
        }
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
