// A job's log, followed until the job has ended, across cut connections.

import { backOff, type Sleep } from './retry.js';
import type { components } from './openapi.js';

export type LogChunk = components['schemas']['LogChunk'];
type LogLine = components['schemas']['LogLine'];

/** Opens the followed log. @param after attempt and seq of the last known chunk */
export type OpenLog = (after: string | undefined) => Promise<ReadableStream<Uint8Array>>;

/** Reconnections without a new chunk before the log is given up. */
const mostIdleTurns = 8;

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
    const reader = stream.getReader();
    const decoder = new TextDecoder();
    let rest = '';
    try {
        for (;;) {
            const { done, value } = await reader.read();
            if (done) {
                return;
            }
            const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
            rest = lines.pop() ?? '';
            yield* lines.filter((line) => line !== '');
        }
    } finally {
        // Cancelling a stream that has failed rejects with the same failure.
        await reader.cancel().catch(() => undefined);
    }
}

/** Yields each chunk once, and returns when the job has ended. @throws what `open` throws, or the last failure of the connection */
export async function* followLog(open: OpenLog, wait: Sleep, signal?: AbortSignal): AsyncGenerator<LogChunk, void, undefined> {
    let after: string | undefined;
    for (let idle = 0; ; idle += 1) {
        const stream = await open(after);
        let failure: unknown = new Error('the log was cut before the end of the job');
        try {
            for await (const text of linesOf(stream)) {
                const line = JSON.parse(text) as LogLine;
                if (line.stream === 'end') {
                    return;
                }
                if (line.seq !== null) {
                    after = `${line.attempt}.${line.seq}`;
                }
                idle = 0;
                yield line;
            }
        } catch (error) {
            failure = error;
        }
        if (signal?.aborted) {
            throw signal.reason;
        }
        if (idle >= mostIdleTurns) {
            throw failure;
        }
        await wait(backOff(idle), signal);
    }
}
