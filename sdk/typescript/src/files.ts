// CIDs of whole files, for what is sent to the gateway and what comes back from it.

import { importer } from 'ipfs-unixfs-importer';

import { ContentError } from './errors.js';

/** Content that can be read more than once, so that its CID is computed without a copy of it. */
export type FileContent = Blob | Uint8Array<ArrayBuffer>;

/** A file of the content store. */
export interface StoredFile {
    cid: string;
    /** Bytes. */
    bytes: number;
}

async function* partsOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
    const reader = stream.getReader();
    try {
        for (;;) {
            const { done, value } = await reader.read();
            if (done) {
                return;
            }
            yield value;
        }
    } finally {
        await reader.cancel().catch(() => undefined);  // the rest of a stream whose consumer has stopped is not sent
        reader.releaseLock();
    }
}

/** The CID that `ipfs add --cid-version=1`, the gateway and the agents give to a file with these bytes. */
export async function cidOf(content: FileContent): Promise<string> {
    const blob = content instanceof Blob ? content : new Blob([content]);
    const nowhere = { put: async <T>(cid: T) => cid, get: async () => Promise.reject(new Error('nothing is kept')) };
    for await (const { cid } of importer([{ content: partsOf(blob.stream()) }], nowhere as never, { cidVersion: 1, rawLeaves: true })) {
        return cid.toString();
    }
    throw new Error('the file has no root');
}

/** Reads the whole body, or cancels it. @throws ContentError above `most` bytes */
export async function blobOf(stream: ReadableStream<Uint8Array>, most: number): Promise<Blob> {
    const parts: BlobPart[] = [];
    let size = 0;
    for await (const part of partsOf(stream)) {
        size += part.length;
        if (size > most) {
            throw new ContentError(`the file has more than ${most} bytes`);
        }
        parts.push(part as Uint8Array<ArrayBuffer>);
    }
    return new Blob(parts);
}
