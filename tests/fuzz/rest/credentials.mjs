// Real credentials for the fuzzer's requests: wallets that sign in, API keys, the operator's token.

import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { createSiweMessage } from 'viem/siwe';

import { ownId } from './values.mjs';

/** A page that the gateway trusts: its cookies count. */
export const trustedOrigin = 'https://app.example';

const bearer = (token) => ({ Authorization: `Bearer ${token}` });
const privileged = ['sessions:read', 'profiles:write'];

export class Credentials {
    #ask;
    #chainId;
    #operator;
    #wallet;
    #keys;

    /**
     * Signs a wallet in, and makes a key for each role.
     *
     * @param ask sends a valid request of this operation with these headers and this body. @return its answer
     */
    static async create(ask, settings) {
        const out = new Credentials();
        out.#ask = ask;
        out.#chainId = Number(settings.BSC_CHAIN_ID);
        out.#operator = settings.OPERATOR_TOKEN;
        out.#wallet = await out.#signIn();
        const of = async (headers, role) => [role, (await out.#makeKey(headers, role)).key];
        out.#keys = new Map(await Promise.all([
            ...['account:read', 'files:write'].map((role) => of(bearer(out.#wallet.token), role)), ...privileged.map((role) => of(bearer(out.#operator), role)),
        ]));
        return out;
    }

    /** The token of a session that lasts. */
    get session() {
        return this.#wallet.token;
    }

    async #json(operation, status, headers, body) {
        const answer = await this.#ask(operation, headers, body);
        if (answer?.status !== status) {
            throw new Error(`${operation} is ${answer?.status ?? 'not answered'}: ${answer?.body}`);
        }
        return JSON.parse(answer.body);
    }

    /** A new wallet signs in. */
    async #signIn() {
        const account = privateKeyToAccount(generatePrivateKey());
        const { nonce, issued_at: issuedAt } = await this.#json('getSignInNonce', 200, {});
        const message = createSiweMessage({
            address: account.address, chainId: this.#chainId, domain: new URL(trustedOrigin).host, uri: `${trustedOrigin}/`, nonce, version: '1',
            issuedAt: new Date(issuedAt),
        });
        const signature = await account.signMessage({ message });
        const { token, session } = await this.#json('signIn', 201, {}, { message, signature });
        return { token, id: session.id };
    }

    #makeKey(headers, role) {
        return this.#json('createKey', 201, headers, { name: 'fuzzer', scopes: [role] });
    }

    /**
     * The request with the credentials of its caller, and with an own session or key in its path. One that changes something has
     * a wallet of its own, so that it takes no other request's session away.
     */
    async applied(request, operation) {
        const { caller = 'none' } = request;
        const usesSession = caller === 'session' || caller === 'sessionCookie';
        const wallet = usesSession && request.method !== 'GET' ? await this.#signIn() : this.#wallet;
        const role = operation.roles[0] ?? 'account:read';
        const otherRole = [...this.#keys.keys()].find((each) => each !== role);
        const headers = {
            none: {}, wrong: {}, session: bearer(wallet.token), sessionCookie: { Cookie: `lamda_session=${wallet.token}`, Origin: trustedOrigin },
            apiKey: bearer(this.#keys.get(role)), otherKey: bearer(this.#keys.get(otherRole)), operator: bearer(this.#operator),
        }[caller];
        const path = { ...request.path };
        if (path.session === ownId) {
            path.session = wallet.id;
        }
        if (path.key === ownId && (usesSession || caller === 'operator')) {
            const owner = usesSession ? [bearer(wallet.token), 'account:read'] : [bearer(this.#operator), 'sessions:read'];
            path.key = (await this.#makeKey(...owner)).id;
        }
        return { ...request, path, headers: { ...request.headers, ...headers } };
    }
}
