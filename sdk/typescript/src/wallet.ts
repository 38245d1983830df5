// Wallets by EIP-1193: what a browser's wallet offers as window.ethereum.

import { WalletError } from './errors.js';
import type { components } from './openapi.js';

export interface Eip1193Provider {
    request(args: { method: string; params?: unknown }): Promise<unknown>;
}
export type WalletTransaction = components['schemas']['WalletTransaction'];

/** The signing domain of a market (EIP-712): BSC's chain id, and JobManager's address. */
export interface Market {
    chainId: number;
    jobManager: string;
}

/** The wallet's selected account. Asks the user for it, if the page has not got it yet (EIP-1102). */
export async function accountOf(wallet: Eip1193Provider): Promise<string> {
    const accounts = await wallet.request({ method: 'eth_requestAccounts' });
    const account: unknown = Array.isArray(accounts) ? accounts[0] : undefined;
    if (typeof account !== 'string') {
        throw new WalletError('the wallet offers no account');
    }
    return account;
}

/** The id of the wallet's present chain. */
export async function chainOf(wallet: Eip1193Provider): Promise<number> {
    const id = Number(await wallet.request({ method: 'eth_chainId' }));
    if (!Number.isSafeInteger(id)) {
        throw new WalletError('the wallet names no chain');
    }
    return id;
}

/** Has the wallet select the chain (EIP-3326). @param chainId a quantity, such as 0x61 */
async function selectChain(wallet: Eip1193Provider, chainId: string): Promise<void> {
    if ((await chainOf(wallet)) === Number(chainId)) {
        return;
    }
    await wallet.request({ method: 'wallet_switchEthereumChain', params: [{ chainId }] });
    if ((await chainOf(wallet)) !== Number(chainId)) {
        throw new WalletError(`the wallet is on another chain than ${BigInt(chainId)}`);
    }
}

/**
 * Sends the transaction of a submission from the renter's account.
 *
 * @return the transaction's hash; the transaction is in no block yet
 */
export async function sendTransaction(wallet: Eip1193Provider, { chainId, to, value, data }: WalletTransaction, from: string): Promise<string> {
    await selectChain(wallet, chainId);
    const hash = await wallet.request({ method: 'eth_sendTransaction', params: [{ from, to, value, data }] });
    if (typeof hash !== 'string') {
        throw new WalletError('the wallet returned no transaction hash');
    }
    return hash;
}

/** Signs CancelJob(jobId, expiresAt) as EIP-712 typed data. @param expiresAt seconds since 1970 */
export async function signCancellation(wallet: Eip1193Provider, from: string, market: Market, jobId: string, expiresAt: number): Promise<string> {
    const typed = {
        domain: { name: 'Lamda', version: '1', chainId: market.chainId, verifyingContract: market.jobManager },
        types: {
            EIP712Domain: [
                { name: 'name', type: 'string' }, { name: 'version', type: 'string' }, { name: 'chainId', type: 'uint256' },
                { name: 'verifyingContract', type: 'address' },
            ],
            CancelJob: [{ name: 'jobId', type: 'bytes32' }, { name: 'expiresAt', type: 'uint64' }],
        },
        primaryType: 'CancelJob',
        message: { jobId, expiresAt },
    };
    const signature = await wallet.request({ method: 'eth_signTypedData_v4', params: [from, JSON.stringify(typed)] });
    if (typeof signature !== 'string') {
        throw new WalletError('the wallet returned no signature');
    }
    return signature;
}

/** Signs a text as EIP-191 says (personal_sign). @return the signature, 0x and hexadecimal digits; a contract wallet's may be long */
export async function signText(wallet: Eip1193Provider, from: string, text: string): Promise<string> {
    const bytes = new TextEncoder().encode(text);
    const hex = `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
    const signature = await wallet.request({ method: 'personal_sign', params: [hex, from] });
    if (typeof signature !== 'string') {
        throw new WalletError('the wallet returned no signature');
    }
    return signature;
}

/** A wallet whose keys a JSON-RPC node holds: for the local network, whose node has the renter's key. */
export function rpcWallet(url: string): Eip1193Provider {
    return {
        async request({ method, params = [] }) {
            const response = await fetch(url, {
                method: 'POST',
                headers: { 'content-type': 'application/json' },
                body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: method === 'eth_requestAccounts' ? 'eth_accounts' : method, params }),
            });
            const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } };
            if (error !== undefined) {
                throw new WalletError(`${method}: ${error.message}`);
            }
            return result;
        },
    };
}
