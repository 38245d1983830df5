// Content by CID from untrusted stores: each block is compared with the hash in its CID before it is used.

import { recursive, type UnixFSEntry } from 'ipfs-unixfs-exporter';
import type { CID } from 'multiformats/cid';
import { equals, toHex } from 'multiformats/bytes';
import { sha256 } from 'multiformats/hashes/sha2';

import { parseCid } from './cid.js';
import { ContentError } from './errors.js';

/** A file of an output directory. */
export interface OutputFile {
    /** Relative to the directory, such as `result` or `plots/a.png`. */
    path: string;
    /** Bytes. */
    size: bigint;
    /** Fetches, verifies and yields the content in order. */
    content(): AsyncIterable<Uint8Array>;
    /** The whole content as UTF-8. @throws ContentError above `most` bytes (default 1 MiB) */
    text(most?: number): Promise<string>;
}

/** SHA-256 of a text's UTF-8 bytes: 0x and 64 hexadecimal digits. */
export const hexDigest = async (text: string): Promise<string> => `0x${toHex((await sha256.digest(new TextEncoder().encode(text))).digest)}`;

/** Larger blocks are refused: no writer of UnixFS makes them, and a store could send an endless one. */
const mostBlock = 2 * 1024 * 1024;

async function bytesOf(response: Response): Promise<Uint8Array> {
    const reader = (response.body ?? new ReadableStream()).getReader();
    const parts: Uint8Array[] = [];
    let size = 0;
    for (;;) {
        const { done, value } = await reader.read();
        if (done) {
            break;
        }
        size += value.length;
        if (size > mostBlock) {
            await reader.cancel();
            throw new ContentError(`the store sends more than ${mostBlock} bytes for a block`);
        }
        parts.push(value);
    }
    const all = new Uint8Array(size);
    parts.reduce((at, part) => {
        all.set(part, at);
        return at + part.length;
    }, 0);
    return all;
}

/** Blocks of trustless gateways (`GET /ipfs/<cid>?format=raw`), from the first store that has the right bytes. */
export class VerifiedBlocks {
    readonly #stores: readonly string[];
    readonly #fetch: (request: Request) => Promise<Response>;

    constructor(stores: readonly string[], fetch: (request: Request) => Promise<Response>) {
        this.#stores = stores.map((store) => store.replace(/\/+$/, ''));
        this.#fetch = fetch;
    }

    async get(cid: CID): Promise<Uint8Array> {
        if (cid.multihash.code !== sha256.code) {
            throw new ContentError(`${cid}: only sha2-256 can be verified`);
        }
        const failures: string[] = [];
        for (const store of this.#stores) {
            try {
                const response = await this.#fetch(new Request(`${store}/ipfs/${cid}?format=raw`, { headers: { accept: 'application/vnd.ipld.raw' } }));
                if (!response.ok) {
                    await response.body?.cancel();
                    throw new ContentError(`status ${response.status}`);
                }
                const bytes = await bytesOf(response);
                if (!equals((await sha256.digest(bytes)).digest, cid.multihash.digest)) {
                    throw new ContentError('the bytes do not have the hash of the CID');
                }
                return bytes;
            } catch (error) {
                failures.push(`${store}: ${error instanceof Error ? error.message : String(error)}`);
            }
        }
        throw new ContentError(`${cid}: ${failures.join('; ') || 'no store is configured: set `stores`'}`);
    }
}

function fileOf(root: string, entry: UnixFSEntry): OutputFile {
    const content = () => entry.content();
    return {
        path: entry.path.slice(root.length + 1),
        size: entry.size,
        content,
        async text(most = 1024 * 1024) {
            if (entry.size > BigInt(most)) {
                throw new ContentError(`${entry.path} has ${entry.size} bytes, ${most} are allowed`);
            }
            const decoder = new TextDecoder('utf-8', { fatal: false });
            let text = '';
            for await (const part of content()) {
                text += decoder.decode(part, { stream: true });
            }
            return text + decoder.decode();
        },
    };
}

/** The files below a directory, in the order of the directory. */
export async function* filesOf(cid: string, blocks: VerifiedBlocks): AsyncGenerator<OutputFile, void, undefined> {
    const root = parseCid(cid);
    for await (const entry of recursive(root, blocks)) {
        if (entry.type === 'file' || entry.type === 'raw') {
            yield fileOf(root.toString(), entry);
        }
    }
}
