// A renter's client, written from openapi.yaml only: its types are generated from that file, and it must
// compile. The marked lines must not compile: they read members that do not exist, which detects a type that
// allows all members.

import createClient from 'openapi-fetch';

import type { components, paths } from './api.js';

export type Job = components['schemas']['Job'];
export type SubmittedJob = components['schemas']['SubmittedJob'];
export type SignedReceipt = components['schemas']['SignedReceipt'];
export type Problem = components['schemas']['Problem'];
export type Transaction = components['schemas']['WalletTransaction'];
export type Fetch = (request: Request) => Promise<Response>;

export interface Order {
    id: string;
    salt: string;
    specCid: string;
    image: string;
    timeLimitSeconds: number;
    transaction: Transaction;
}

/** Refusal by the gateway, with the wrong fields. */
export class Refused extends Error {
    readonly status: number;
    readonly fields: Map<string, string>;
    constructor(problem: Problem) {
        super(`${problem.code}: ${problem.detail} (${problem.request_id})`);
        this.status = problem.status;
        this.fields = new Map((problem.errors ?? []).map((error) => [error.pointer, `${error.code}: ${error.detail}`]));
        // @ts-expect-error no such member
        void problem.message;
        // @ts-expect-error no such member of a field's error
        void problem.errors?.[0]?.message;
    }
}

export class Renter {
    readonly #api;
    constructor(baseUrl: string, fetch: Fetch = (request) => globalThis.fetch(request)) {
        this.#api = createClient<paths>({ baseUrl, fetch });
    }

    async order(renter: string, provider: string, dockerImage: string, command: string[], wei: string): Promise<Order> {
        const { data, error } = await this.#api.POST('/api/jobs', {
            body: { spec: { renter, provider, dockerImage, command, requirements: { memoryMib: 64 } }, payment_amount: wei },
        });
        if (error) {
            throw new Refused(error);
        }
        const { id, spec, spec_cid: specCid, transaction } = data;
        const { salt, requirements, dockerImage: image } = spec;
        // @ts-expect-error no such member of a spec
        void spec.docker_image;
        // @ts-expect-error no such member of a transaction
        void transaction.gas;
        return { id, salt, specCid, image, timeLimitSeconds: requirements.timeLimitSeconds, transaction };
    }

    /** Sends an unchecked body; the gateway validates it. */
    async orderUnchecked(body: unknown): Promise<Refused | undefined> {
        const { error } = await this.#api.POST('/api/jobs', { body: body as components['schemas']['JobSubmission'] });
        return error && new Refused(error);
    }

    async job(id: string): Promise<Job | SubmittedJob> {
        const { data, error } = await this.#api.GET('/api/jobs/{id}', { params: { path: { id } } });
        if (error) {
            throw new Refused(error);
        }
        const status: (Job | SubmittedJob)['status'] = data.status;
        // @ts-expect-error no such status
        void (status === 'done');
        return data;
    }

    async receipt(id: string): Promise<SignedReceipt> {
        const { data, error } = await this.#api.GET('/api/jobs/{id}/receipt', { params: { path: { id } } });
        if (error) {
            throw new Refused(error);
        }
        // @ts-expect-error no such member of a receipt
        void data.receipt.output;
        return data;
    }

    /** All pages. */
    async *jobs(renter: string): AsyncGenerator<Job> {
        let cursor: string | undefined;
        do {
            const { data, error } = await this.#api.GET('/api/jobs', {
                params: { query: { renter_address: renter, limit: 1, ...(cursor === undefined ? {} : { cursor }) } },
            });
            if (error) {
                throw new Refused(error);
            }
            if ('fields' in data) {
                throw new Error('a sparse page without a request for it');
            }
            yield* data.items;
            cursor = data.next_cursor ?? undefined;
        } while (cursor !== undefined);
    }

    /** Ids of the jobs with any of the statuses, oldest first, and their number. */
    async ended(statuses: Job['status'][]): Promise<{ ids: string[]; count: number }> {
        const { data, error } = await this.#api.POST('/api/jobs/query', {
            body: { status: statuses, sort: 'created_at', fields: ['id'], count: true },
        });
        if (error) {
            throw new Refused(error);
        }
        // @ts-expect-error may be absent: the page may be sparse
        void (() => data.items[0]?.status.length);
        return { ids: data.items.map((job) => job.id ?? ''), count: data.count ?? 0 };
    }

    /** @param signature EIP-712 over CancelJob(jobId, expiresAt) */
    async cancelSigned(id: string, expiresAt: number, signature: string): Promise<components['schemas']['EscrowState']> {
        const { data, error } = await this.#api.POST('/api/jobs/{id}/cancel', {
            params: { path: { id } },
            body: { expires_at: expiresAt, signature },
        });
        if (error) {
            throw new Refused(error);
        }
        // @ts-expect-error no such code
        void (data.escrow.code === 'refunded');
        return data.escrow;
    }

    async cancel(id: string, token: string, why: string, key: string): Promise<Job> {
        const { data, error } = await this.#api.PUT('/api/jobs/{id}/status', {
            params: { path: { id }, header: { 'Idempotency-Key': key } },
            headers: { Authorization: `Bearer ${token}` },
            body: { status: 'cancelled', error_message: why },
        });
        if (error) {
            throw new Refused(error);
        }
        return data;
    }

    async providers(leastVram: number): Promise<string[]> {
        const { data, error } = await this.#api.POST('/api/nodes/query', { body: { min_vram: leastVram, is_online: true } });
        if (error) {
            throw new Refused(error);
        }
        if ('fields' in data) {
            throw new Error('a sparse page without a request for it');
        }
        return data.items.map((node) => node.wallet_address);
    }

    async reputation(address: string): Promise<{ count: number | string; counting: number; transactions: (string | null)[] }> {
        const { data, error } = await this.#api.GET('/api/reputation/{address}', { params: { path: { address } } });
        if (error) {
            throw new Refused(error);
        }
        return {
            count: data.total_jobs_completed,
            counting: data.pending,
            transactions: data.transactions.map((each) => each.transaction_hash),
        };
    }
}
