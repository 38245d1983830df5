// A server of the local network that a test stops, starts again, or freezes. It is found by its command line.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';

import { until } from '../../integration/devnet.mjs';

const read = (pid, name) => {
    try {
        return readFileSync(`/proc/${pid}/${name}`, 'utf8');
    } catch {
        return '';  // it has ended meanwhile
    }
};
const processes = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
const commandOf = (pid) => read(pid, 'cmdline').split('\0').slice(0, -1);
const parentOf = (pid) => Number(/^PPid:\s+(\d+)/m.exec(read(pid, 'status'))?.[1] ?? 0);
/** False also for a process that has ended and whose parent has not asked for its status. */
const runs = (pid) => /^State:\s+[^ZX]/m.test(read(pid, 'status'));
/** Nothing happens if it has ended meanwhile. */
function signal(pid, name) {
    try {
        process.kill(pid, name);
    } catch (error) {
        if (error.code !== 'ESRCH') {
            throw error;
        }
    }
}

export class Server {
    #pid;
    #command;
    #owner;
    #folder;
    /** As the test has started it: the network does not end it. */
    #isOwn = false;

    /** @param program the end of the program's path. @param folder of the network: the server has a path in it as an argument */
    constructor(program, folder) {
        this.#pid = processes().find((pid) => commandOf(pid)[0]?.endsWith(program) && commandOf(pid).some((word) => word.includes(folder)) && runs(pid));
        if (this.#pid === undefined) {
            throw new Error(`no ${program} runs for ${folder}`);
        }
        this.#command = commandOf(this.#pid);
        const { uid, gid } = statSync(`/proc/${this.#pid}`);
        this.#owner = { uid, gid };
        this.#folder = readlinkSync(`/proc/${this.#pid}/cwd`);
    }

    /** Ends it as an operator does, and the connections of its clients with it (SIGINT: PostgreSQL's fast shutdown). */
    async stop() {
        signal(this.#pid, 'SIGINT');
        await until('the server has ended', () => !runs(this.#pid));
    }

    async start() {
        const [program, ...words] = this.#command;
        const child = spawn(program, words, { ...this.#owner, cwd: this.#folder, stdio: 'ignore' });
        await once(child, 'spawn');
        this.#pid = child.pid;
        this.#isOwn = true;
    }

    /** After the test: nothing stays frozen, and nothing that the test has started runs. */
    async release() {
        this.thaw();
        if (this.#isOwn && runs(this.#pid)) {
            await this.stop();
        }
    }

    /** All of its processes stop in the middle of what they do, and keep their connections. */
    freeze() {
        this.#signal('SIGSTOP');
    }

    thaw() {
        this.#signal('SIGCONT');
    }

    #signal(name) {
        [this.#pid, ...processes().filter((pid) => parentOf(pid) === this.#pid)].filter(runs).forEach((pid) => signal(pid, name));
    }
}
