// Source of a job's states as they change.

import { backOff, sleep, type Sleep } from './retry.js';
import type { components } from './openapi.js';

export type AnyJob = components['schemas']['Job'] | components['schemas']['SubmittedJob'];

/** Yields a job's present state, then each later state that differs in its status, until the consumer stops. */
export interface JobUpdates {
    watch(id: string, signal?: AbortSignal): AsyncIterable<AnyJob>;
}

/** Reads the job again and again: after 0.25 s at first, then at growing pauses up to 5 s while nothing changes. */
export class PolledJobUpdates implements JobUpdates {
    readonly #read: (id: string, signal?: AbortSignal) => Promise<AnyJob>;
    readonly #wait: Sleep;

    constructor(read: (id: string, signal?: AbortSignal) => Promise<AnyJob>, wait: Sleep = sleep) {
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
