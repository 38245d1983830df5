// Source of a job's states as they change.

import type { FeedMessage } from './feed.js';
import { backOff, sleep, type Sleep } from './retry.js';
import type { components } from './openapi.js';

export type AnyJob = components['schemas']['Job'] | components['schemas']['SubmittedJob'];

/** Yields a job's present state, then each later state that differs in its status, until the consumer stops. */
export interface JobUpdates {
    watch(id: string, signal?: AbortSignal): AsyncIterable<AnyJob>;
}

export type ReadJob = (id: string, signal?: AbortSignal) => Promise<AnyJob>;

/** Reads the job again and again: after 0.25 s at first, then at growing pauses up to 5 s while nothing changes. */
export class PolledJobUpdates implements JobUpdates {
    readonly #read: ReadJob;
    readonly #wait: Sleep;

    constructor(read: ReadJob, wait: Sleep = sleep) {
        this.#read = read;
        this.#wait = wait;
    }

    async *watch(id: string, signal?: AbortSignal): AsyncGenerator<AnyJob> {
        let status: string | undefined;
        for (let turn = 0; ; turn += 1) {
            const job = await this.#read(id, signal);
            if (job.status !== status) {
                status = job.status;
                turn = 0;
                yield job;
            }
            await this.#wait(backOff(turn), signal);
        }
    }
}

/** Browsers open six connections to a host of HTTP/1.1; the page needs some of them for its requests. */
const mostFeeds = 2;

/** Listens to the job's channel of the live feed. Polls if the feed cannot be opened, or while two other jobs are listened to. */
export class FeedJobUpdates implements JobUpdates {
    readonly #listen: (id: string, signal?: AbortSignal) => AsyncIterable<FeedMessage>;
    readonly #read: ReadJob;
    readonly #polled: JobUpdates;
    #feeds = 0;

    constructor(listen: (id: string, signal?: AbortSignal) => AsyncIterable<FeedMessage>, read: ReadJob, wait: Sleep = sleep) {
        this.#listen = listen;
        this.#read = read;
        this.#polled = new PolledJobUpdates(read, wait);
    }

    async *watch(id: string, signal?: AbortSignal): AsyncGenerator<AnyJob> {
        let status: string | undefined;
        for await (const job of this.#states(id, signal)) {
            if (job.status !== status) {
                status = job.status;
                yield job;
            }
        }
    }

    async *#states(id: string, signal?: AbortSignal): AsyncGenerator<AnyJob> {
        if (this.#feeds < mostFeeds) {
            this.#feeds += 1;
            try {
                yield* this.#heard(id, signal);
            } finally {
                this.#feeds -= 1;
            }
            signal?.throwIfAborted();
        }
        yield* this.#polled.watch(id, signal);
    }

    /** Ends if the feed cannot be opened. An event has a part of the job only: the job is read, as it is then. */
    async *#heard(id: string, signal?: AbortSignal): AsyncGenerator<AnyJob> {
        const messages = this.#listen(id, signal)[Symbol.asyncIterator]();
        try {
            for (;;) {
                const { done, value: message } = await messages.next().catch(() => ({ done: true as const, value: undefined }));
                if (done) {
                    return;
                }
                if (message.type === 'snapshot' && message.data !== null) {
                    yield message.data as AnyJob;
                } else if (message.type === 'snapshot' || (message.type === 'event' && message.kind.startsWith('job.'))) {
                    yield await this.#read(id, signal);
                }
            }
        } finally {
            await messages.return?.();
        }
    }
}
