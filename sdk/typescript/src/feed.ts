// The live feed (server-sent events), followed across cut connections.

import { createParser, type EventSourceMessage } from 'eventsource-parser';

import { LamdaError } from './errors.js';
import { backOff, type Sleep } from './retry.js';
import type { components } from './openapi.js';

export type FeedMessage = components['schemas']['FeedMessage'];
export type FeedChannel = 'global' | `job:${string}` | `node:${string}` | `jobs?renter=${string}` | `jobs?provider=${string}`;

/** Opens the feed. @param after id of the last known frame; undefined: begin with snapshots */
export type OpenFeed = (after: string | undefined) => Promise<ReadableStream<Uint8Array>>;

export interface FeedOptions {
    after?: string | undefined;
    signal?: AbortSignal | undefined;
    /** Failed openings, one after the other, that are repeated: before the feed was open, and after it was. */
    failures: { first: number; later: number };
    /** Longest pause in milliseconds; a longer Retry-After is not waited for. */
    mostWait: number;
    /** Milliseconds without a byte after which the connection counts as cut; default 45,000. The gateway sends a comment every 15 s. */
    mostSilence?: number;
}

/** The next bytes; undefined if the connection has ended, was cut, or is silent. */
async function read(reader: ReadableStreamDefaultReader<Uint8Array>, mostSilence: number): Promise<Uint8Array | undefined> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const silence = new Promise<undefined>((resolve) => {
        timer = setTimeout(() => resolve(undefined), mostSilence);
    });
    const bytes = reader.read().then(({ value }) => value, () => undefined);
    try {
        return await Promise.race([bytes, silence]);
    } finally {
        clearTimeout(timer);
    }
}

/** Yields the complete frames of each piece of the stream, also of one without any, until the connection has ended. */
async function* framesOf(stream: ReadableStream<Uint8Array>, mostSilence: number): AsyncGenerator<EventSourceMessage[]> {
    const reader = stream.getReader();
    const decoder = new TextDecoder();
    let frames: EventSourceMessage[] = [];
    const parser = createParser({ onEvent: (frame) => frames.push(frame) });
    try {
        for (let bytes = await read(reader, mostSilence); bytes !== undefined; bytes = await read(reader, mostSilence)) {
            parser.feed(decoder.decode(bytes, { stream: true }));
            yield frames;
            frames = [];
        }
    } finally {
        // Cancelling a stream that has failed rejects with the same failure.
        await reader.cancel().catch(() => undefined);
    }
}

/** A refusal that a later request may not get. */
const isPassing = (error: unknown) => !(error instanceof LamdaError) || error.status === 429 || error.status >= 500;

/**
 * Yields every message, and after a cut connection those that follow the last known frame, until the consumer stops.
 *
 * @throws what `open` throws, if it is not of the kind that passes, or was thrown too often; the signal's reason if it aborts
 */
export async function* followFeed(open: OpenFeed, wait: Sleep, options: FeedOptions): AsyncGenerator<FeedMessage, void, undefined> {
    const { signal, failures, mostWait, mostSilence = 45_000 } = options;
    let { after } = options;
    let allowed = failures.first;
    let failed = 0;
    for (let turn = 0; ; turn += 1) {
        let stream: ReadableStream<Uint8Array> | undefined;
        let pause = backOff(turn);
        try {
            stream = await open(after);
            [failed, allowed] = [0, failures.later];
        } catch (error) {
            signal?.throwIfAborted();
            pause = (error instanceof LamdaError ? error.retryAfter : undefined) ?? pause;
            failed += 1;
            if (!isPassing(error) || failed > allowed || pause > mostWait) {
                throw error;
            }
        }
        for await (const frames of stream === undefined ? [] : framesOf(stream, mostSilence)) {
            turn = 0;
            pause = backOff(turn);
            for (const { id, data } of frames) {
                // Frames without an id do not change the place from which to continue.
                after = id ?? after;
                yield JSON.parse(data) as FeedMessage;
            }
        }
        signal?.throwIfAborted();
        await wait(pause, signal);
    }
}
