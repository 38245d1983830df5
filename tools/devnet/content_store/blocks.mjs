import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { base32 } from 'multiformats/bases/base32';
import { identity } from 'multiformats/hashes/identity';
import { sha256 } from 'multiformats/hashes/sha2';
import { DamagedBlockError, RequestError } from './errors.mjs';

/**
 * Blockstore for the reference packages: a folder with one file for each digest. A block is written to a temporary file,
 * then renamed, so that it is complete or absent. Each read checks the digest.
 */
export class FolderBlocks {
    constructor(folder) {
        this.folder_ = folder;
    }

    async open() {
        await rm(join(this.folder_, 'tmp'), { recursive: true, force: true });
        await mkdir(join(this.folder_, 'tmp'), { recursive: true });
    }

    async put(cid, block) {
        const file = this.file_(cid);
        if (await exists(file)) {
            return cid;
        }
        const unfinished = join(this.folder_, 'tmp', randomUUID());
        await writeFile(unfinished, block, { flag: 'wx' });
        await mkdir(join(file, '..'), { recursive: true });
        await rename(unfinished, file);
        return cid;
    }

    async get(cid) {
        if (cid.multihash.code === identity.code) {
            return cid.multihash.digest;
        }
        let block;
        try {
            block = new Uint8Array(await readFile(this.file_(cid)));
        } catch (error) {
            if (error.code === 'ENOENT') {
                throw new RequestError(404, `block was not found locally (offline): ipld: could not find ${cid}`);
            }
            throw error;
        }
        const { digest } = await sha256.digest(block);
        if (Buffer.compare(digest, cid.multihash.digest) !== 0) {
            throw new DamagedBlockError(`the stored block of ${cid} is damaged`);
        }
        return block;
    }

    async has(cid) {
        return cid.multihash.code === identity.code || (await exists(this.file_(cid)));
    }

    file_(cid) {
        const { code, digest, bytes } = cid.multihash;
        if (code !== sha256.code || digest.length !== 32) {
            throw new RequestError(400, `only sha2-256 blocks are supported, not ${cid}`);
        }
        const name = base32.encode(bytes);
        return join(this.folder_, 'blocks', name.slice(-3, -1), name);
    }
}

/** Blockstore that discards blocks: computes CIDs without storing. */
export const noBlocks = {
    async put(cid) {
        return cid;
    },
};

async function exists(file) {
    try {
        await stat(file);
        return true;
    } catch (error) {
        if (error.code === 'ENOENT') {
            return false;
        }
        throw error;
    }
}
