// The message by which a wallet signs in (EIP-4361).

import { keccak_256 } from '@noble/hashes/sha3';
import { bytesToHex } from '@noble/hashes/utils';

import { WalletError } from './errors.js';

export interface SignInOptions {
    /** Default: the wallet's selected account. */
    account?: string;
    /** Of the jobs' chain; default: the wallet's present one. */
    chainId?: number;
    /** Host of the application, with its port unless it is the scheme's default; default: the page's. */
    domain?: string;
    /** Of the application, such as its origin; default: the page's origin. */
    uri?: string;
    /** A sentence that the wallet shows: one line of ASCII letters, digits, blanks and -._~:/?#[]@!$&'()*+,;= */
    statement?: string;
}

/** The address with its checksum (EIP-55). @throws WalletError if it is no address */
export function checksumAddress(address: string): string {
    if (!/^0x[0-9a-fA-F]{40}$/.test(address)) {
        throw new WalletError(`the wallet's account is no address: ${address}`);
    }
    const digits = address.slice(2).toLowerCase();
    const hash = bytesToHex(keccak_256(new TextEncoder().encode(digits)));
    return `0x${[...digits].map((digit, at) => (Number.parseInt(hash.charAt(at), 16) >= 8 ? digit.toUpperCase() : digit)).join('')}`;
}

// Characters of RFC 3986; the gateway applies the whole grammar.
const authority = /^[\w.~!$&'()*+,;=:@%[\]-]+$/;
const absoluteUri = /^[A-Za-z][A-Za-z0-9+.-]*:(\/\/[\w.~!$&'()*+,;=:@%[\]-]+)?[\w.~!$&'()*+,;=:@%/?-]*(#[\w.~!$&'()*+,;=:@%/?-]*)?$/;
const sentence = /^[\w.~:/?#[\]@!$&'()*+,;= -]+$/;

interface Fields {
    address: string;
    chainId: number;
    domain: string | undefined;
    uri: string | undefined;
    statement: string | undefined;
    nonce: string;
    /** RFC 3339, by the gateway's clock. */
    issuedAt: string;
}

/** @throws TypeError for a field that the message cannot carry */
export function signInMessage({ address, chainId, domain, uri, statement, nonce, issuedAt }: Fields): string {
    if (domain === undefined || uri === undefined) {
        throw new TypeError('signIn: outside of a page, domain and uri must be given');
    }
    const forms: [string, string, RegExp][] = [['domain', domain, authority], ['uri', uri, absoluteUri], ['statement', statement ?? '-', sentence]];
    for (const [name, value, form] of forms) {
        if (!form.test(value)) {
            throw new TypeError(`signIn: the ${name} does not fit into a message of EIP-4361: ${value}`);
        }
    }
    return [
        `${domain} wants you to sign in with your Ethereum account:`, checksumAddress(address), '', ...(statement === undefined ? [] : [statement]), '',
        `URI: ${uri}`, 'Version: 1', `Chain ID: ${chainId}`, `Nonce: ${nonce}`, `Issued At: ${issuedAt}`,
    ].join('\n');
}
