// CIDs as users write them.

import { base16, base16upper } from 'multiformats/bases/base16';
import { base32, base32upper } from 'multiformats/bases/base32';
import { base58btc } from 'multiformats/bases/base58';
import { CID } from 'multiformats/cid';

import { ContentError } from './errors.js';

const bases = base32.decoder.or(base32upper.decoder).or(base58btc.decoder).or(base16.decoder).or(base16upper.decoder);

/** A CID in any base that the gateway reads. @throws ContentError for another text */
export function parseCid(text: string): CID {
    try {
        return CID.parse(text, bases);
    } catch (error) {
        throw new ContentError(`${text} is not a CID in base32, base58btc or base16: ${error instanceof Error ? error.message : String(error)}`);
    }
}
