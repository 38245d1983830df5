// Repetition of requests that the gateway could not serve, within limits. Every request may be repeated: GET changes
// nothing, and POST and PUT carry an Idempotency-Key.

import { randomKey } from './random_key.js';

/** Waits; rejects with the signal's reason if it aborts first. */
export type Sleep = (milliseconds: number, signal?: AbortSignal) => Promise<void>;

export interface RetryOptions {
    /** Tries of one request, the first one included; default 5. */
    tries?: number;
    /** Longest total of the pauses of one request in milliseconds; default 60,000. A longer Retry-After is not waited for. */
    mostWait?: number;
}

export const sleep: Sleep = (milliseconds, signal) =>
    new Promise((resolve, reject) => {
        if (signal?.aborted) {
            reject(signal.reason);
            return;
        }
        const abort = () => {
            clearTimeout(timer);
            reject(signal?.reason);
        };
        const timer = setTimeout(() => {
            signal?.removeEventListener('abort', abort);
            resolve();
        }, milliseconds);
        signal?.addEventListener('abort', abort, { once: true });
    });

/** Milliseconds of a Retry-After (RFC 9110, section 10.2.3: seconds or a date); undefined without a usable one. */
export function retryAfter(response: Response, now = Date.now()): number | undefined {
    const text = response.headers.get('retry-after');
    if (text === null) {
        return undefined;
    }
    if (/^\d+$/.test(text)) {
        return Number(text) * 1000;
    }
    const date = Date.parse(text);
    return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

const passing = new Set([429, 502, 503, 504]);

/** True if a repetition may get another answer. A 409 `request_in_progress` is that of a repetition whose first try is still served. */
async function isPassing(response: Response): Promise<boolean> {
    if (response.status !== 409) {
        return passing.has(response.status);
    }
    const problem: unknown = await response.clone().json().catch(() => undefined);
    return (problem as { code?: unknown } | undefined)?.code === 'request_in_progress';
}

/** Random, so that clients that failed together do not return together. */
export const backOff = (turn: number): number => Math.min(250 * 2 ** turn, 5_000) * (0.5 + Math.random() / 2);

export type Fetch = (request: Request) => Promise<Response>;

/** A fetch that adds the key to a request that changes something, and repeats a request that was not served. */
export function persistentFetch(fetch: Fetch, { tries = 5, mostWait = 60_000 }: RetryOptions = {}, wait: Sleep = sleep): Fetch {
    return async (given) => {
        const request = new Request(given);
        if (request.method !== 'GET' && request.method !== 'HEAD' && !request.headers.has('idempotency-key')) {
            request.headers.set('idempotency-key', randomKey());
        }
        let waited = 0;
        for (let turn = 0; ; turn += 1) {
            const last = turn + 1 >= tries;
            let pause = backOff(turn);
            try {
                const response = await fetch(request.clone());
                pause = retryAfter(response) ?? pause;
                if (last || waited + pause > mostWait || !(await isPassing(response))) {
                    return response;
                }
                await response.body?.cancel();
            } catch (error) {
                if (last || request.signal.aborted || waited + pause > mostWait) {
                    throw error;
                }
            }
            waited += pause;
            await wait(pause, request.signal);
        }
    };
}
