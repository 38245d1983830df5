// Headless Chromium of Debian, driven by the DevTools protocol over pipes (--remote-debugging-pipe): JSON texts that end with NUL.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

const patience = Number(process.env.LAMDA_TEST_PATIENCE ?? 1);
/** Milliseconds: of one call, and from the request to end until the process is killed. */
const mostWait = 60_000 * patience;
const mostEnding = 20_000 * patience;

export class Chromium {
    #process;
    #folder;
    /** Resolves, when the process has ended, to how. */
    #ended;
    /** The tail of what it has written to its standard error. */
    #complaints = '';
    #calls = new Map();
    #lastId = 0;
    #received = '';
    #pages = new Map();

    static async start() {
        const browser = new Chromium();
        browser.#folder = mkdtempSync(`${tmpdir()}/lamda-chromium-`);
        // Root, as in CI, has no sandbox; the pages are the test's own.
        browser.#process = spawn('chromium-headless-shell', [
            '--remote-debugging-pipe', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--window-size=1200,900',
            `--user-data-dir=${browser.#folder}`,
        ], { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'], detached: true });  // a group of its own, for #kill
        browser.#process.stderr?.setEncoding('utf8').on('data', (text) => { browser.#complaints = (browser.#complaints + text).slice(-4000); });
        browser.#process.stdio[3]?.on('error', () => undefined);  // the reader has ended: so do the calls
        browser.#process.stdio[4]?.setEncoding('utf8').on('data', (text) => browser.#receive(text));
        browser.#ended = browser.#end();
        try {
            await once(browser.#process, 'spawn');
        } catch (error) {
            browser.#removeFolder();
            throw error;
        }
        return browser;
    }

    async #end() {
        const closed = new Promise((resolve) => this.#process.once('close', resolve));
        const [status, signal] = await new Promise((resolve) => this.#process.once('exit', (...how) => resolve(how)));
        // Its last words; processes of its own may keep the pipe.
        await Promise.race([closed, pause(1000, undefined, { ref: false })]);
        return `Chromium has ended with ${signal ?? status}`;
    }

    /** Ends the process, if it has not ended by itself. */
    async stop() {
        const timer = setTimeout(() => this.#kill(), mostEnding);
        await Promise.all([this.#ended, this.send('Browser.close').catch(() => undefined)]);  // it may end before it answers
        clearTimeout(timer);
        this.#removeFolder();
    }

    /** The program is a shell script, and the browser a process below it. */
    #kill() {
        try {
            process.kill(-this.#process.pid, 'SIGKILL');
        } catch (error) {
            if (error.code !== 'ESRCH') {
                throw error;
            }
        }
    }

    #removeFolder() {
        rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10 });
    }

    /** Rejects if it takes too long, and if the browser has ended. */
    async send(method, params = {}, sessionId = undefined) {
        this.#lastId += 1;
        const id = this.#lastId;
        const answered = new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
        this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
        try {
            return await this.#inTime(method, answered);
        } finally {
            this.#calls.delete(id);
        }
    }

    async #inTime(what, promise) {
        const failed = (how) => new Error(`${what}: ${how}\n${this.#complaints}`);
        const ended = this.#ended.then((how) => Promise.reject(failed(how)));
        let timer;
        const late = new Promise((_, reject) => {
            timer = setTimeout(() => reject(failed(`nothing within ${mostWait / 1000} s`)), mostWait);
        });
        try {
            return await Promise.race([promise, ended, late]);
        } finally {
            clearTimeout(timer);
        }
    }

    #receive(text) {
        const messages = (this.#received + text).split('\0');
        this.#received = messages.pop();
        for (const { id, result, error, method, params, sessionId } of messages.map((each) => JSON.parse(each))) {
            if (id === undefined) {
                this.#pages.get(sessionId)?.receive(method, params);
            } else {
                const call = this.#calls.get(id);  // none: the answer is late
                error === undefined ? call?.resolve(result) : call?.reject(new Error(error.message));
            }
        }
    }

    /** Opens a page and returns when it has loaded. */
    async open(url) {
        const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
        const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
        const page = new Page(this, sessionId);
        this.#pages.set(sessionId, page);
        await Promise.all(['Page', 'Runtime', 'Log'].map((domain) => this.send(`${domain}.enable`, {}, sessionId)));
        const loaded = page.loaded();
        const { errorText } = await this.send('Page.navigate', { url }, sessionId);
        if (errorText !== undefined) {
            throw new Error(`${url}: ${errorText}`);
        }
        await this.#inTime(`load of ${url}`, loaded);
        return page;
    }
}

class Page {
    /** Errors of the page's scripts, and what the browser refused. */
    faults = [];
    #browser;
    #session;
    #loaded = [];

    constructor(browser, session) {
        this.#browser = browser;
        this.#session = session;
    }

    receive(method, params) {
        if (method === 'Page.loadEventFired') {
            this.#loaded.splice(0).forEach((resolve) => resolve());
        } else if (method === 'Runtime.exceptionThrown') {
            this.faults.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
        } else if (method === 'Log.entryAdded' && params.entry.level === 'error') {
            this.faults.push(`${params.entry.text} ${params.entry.url ?? ''}`);
        }
    }

    loaded() {
        return new Promise((resolve) => this.#loaded.push(resolve));
    }

    /** The value of an async function, which runs in the page. @param args JSON values */
    async run(work, ...args) {
        const { result, exceptionDetails } = await this.#browser.send('Runtime.evaluate', {
            expression: `(${work})(...${JSON.stringify(args)})`, awaitPromise: true, returnByValue: true,
        }, this.#session);
        if (exceptionDetails !== undefined) {
            throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
        }
        return result.value;
    }

    /** @return PNG */
    async screenshot() {
        return Buffer.from((await this.#browser.send('Page.captureScreenshot', { format: 'png' }, this.#session)).data, 'base64');
    }
}
