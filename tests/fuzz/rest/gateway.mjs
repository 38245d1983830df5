// The gateway under test, as a process of its own next to that of a local network, with quotas that the fuzzer does not
// reach.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { until } from '../../integration/devnet.mjs';
import { trustedOrigin } from './credentials.mjs';

export class Gateway {
    #process;
    #log;
    #failure;

    /**
     * @param devnet path of lamda-devnet, next to which lamda-api-gateway is
     * @param network of startDevnet
     * @param more settings, which override these
     */
    static async start(devnet, { settings, folder }, more = {}) {
        const gateway = new Gateway();
        gateway.#log = `${folder}/gateway.log`;
        const log = openSync(gateway.#log, 'w');
        const database = new URL(settings.DATABASE_URL);
        database.username = 'lamda_gateway';
        gateway.#process = spawn(`${dirname(resolve(devnet))}/lamda-api-gateway`, [], {
            cwd: folder, stdio: ['ignore', log, log],
            env: {
                ...Object.fromEntries(['NATS_URL', 'OPERATOR_TOKEN', 'IPFS_API_URL', 'IPFS_GATEWAY_URL', 'JOB_MANAGER_CONTRACT_ADDRESS']
                    .map((name) => [name, settings[name]])),
                ...Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(A|UB|T)SAN_OPTIONS$/.test(name))),
                DATABASE_URL: database.href, API_PORT: '0', ENVIRONMENT: 'development', CORS_ALLOWED_ORIGINS: trustedOrigin,
                RATE_LIMIT: '1000000', RATE_LIMIT_EXPENSIVE: '1000000', RATE_LIMIT_KEY: '1000000',
                SPEC_QUOTA_CLIENT: '1024', SPEC_QUOTA_RENTER: '1024', SPEC_QUOTA_TOTAL: '4096',
                UPLOAD_QUOTA_CLIENT: '1024', UPLOAD_QUOTA_ACCOUNT: '1024', UPLOAD_QUOTA_TOTAL: '4096',
                ...more,
            },
        });
        gateway.#process.on('error', (error) => { gateway.#failure = error; });
        closeSync(log);
        const listens = () => Number(/REST server started.*?port\W{1,3}(\d+)/.exec(gateway.log())?.[1] ?? 0);
        try {
            gateway.port = await until('the gateway listens', () => !gateway.runs() || listens());
            if (!gateway.runs()) {
                throw new Error(`the gateway ended: ${gateway.#failure ?? ''}\n${gateway.log()}`);
            }
        } catch (error) {
            await gateway.stop();
            throw error;
        }
        return gateway;
    }

    /** Where /readyz is. */
    get metricsPort() {
        return Number(/admin endpoint.*?port\W{1,3}(\d+)/.exec(this.log())?.[1]);
    }

    runs() {
        return this.#failure === undefined && this.#process.exitCode === null && this.#process.signalCode === null;
    }

    log() {
        return readFileSync(this.#log, 'utf8');
    }

    /** Ends the process as an operator does. @return its exit status, or the signal that ended it */
    async stop() {
        if (this.runs()) {
            const ended = once(this.#process, 'exit');
            this.#process.kill('SIGTERM');
            await ended;
        }
        return this.#process.exitCode ?? this.#process.signalCode;
    }
}
