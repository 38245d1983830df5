// The local network of `lamda-devnet up`, for tests in JavaScript: private, on free ports, in a folder of its own.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Starts the network and returns when every part is ready.
 *
 * @param executable path of lamda-devnet
 * @return `{settings, folder, stop}`: the settings of a client by name; a scratch folder; `stop` ends all and removes it
 */
export async function startDevnet(executable) {
    const folder = mkdtempSync(`${tmpdir()}/lamda-js-`);
    const devnet = (...words) => run(executable, ['--dir', `${folder}/net`, ...words], { encoding: 'utf8' });
    const stop = async () => {
        await devnet('down');
        if (process.env.LAMDA_KEEP === undefined) {
            rmSync(folder, { recursive: true, force: true });
        }
    };
    try {
        await devnet('up');
    } catch (error) {
        await stop();
        throw new Error(`lamda-devnet up: ${error.stdout}${error.stderr}`);
    }
    const lines = readFileSync(`${folder}/net.env`, 'utf8').split('\n').filter((line) => line.includes('='));
    const settings = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
    return { settings, folder, stop };
}

/** Takes each step, in this order, also after one has failed. @throws what the steps have thrown */
export async function takeAllSteps(...steps) {
    const errors = [];
    for (const step of steps) {
        try {
            await step();
        } catch (error) {
            errors.push(error);
        }
    }
    if (errors.length > 0) {
        throw errors.length === 1 ? errors[0] : new AggregateError(errors, errors.map(({ message }) => message).join('; '));
    }
}

/** Repeats `look` until it returns a value that counts as true. A look may throw: what it has thrown last is in the error at the end of the time. */
export async function until(what, look, milliseconds = 120_000) {
    const deadline = Date.now() + milliseconds * Number(process.env.LAMDA_TEST_PATIENCE ?? 1);
    for (;;) {
        let cause;
        try {
            const found = await look();
            if (found) {
                return found;
            }
        } catch (error) {
            cause = error;
        }
        if (Date.now() > deadline) {
            throw new Error(`${what} did not happen${cause === undefined ? '' : `: ${cause.message}`}`, { cause });
        }
        await new Promise((done) => setTimeout(done, 100));
    }
}
