// Headless Chromium of Debian, driven by the DevTools protocol over pipes (--remote-debugging-pipe): JSON texts that end with NUL.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';

export class Chromium {
    #process;
    #folder;
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
        ], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
        browser.#process.stdio[4].setEncoding('utf8').on('data', (text) => browser.#receive(text));
        browser.#process.on('exit', () => browser.#calls.forEach(({ reject }) => reject(new Error('Chromium has ended'))));
        await once(browser.#process, 'spawn');
        return browser;
    }

    async stop() {
        const ended = once(this.#process, 'close');
        await Promise.all([ended, this.send('Browser.close').catch(() => undefined)]);  // it may end before it answers
        rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10 });
    }

    send(method, params = {}, sessionId = undefined) {
        this.#lastId += 1;
        const id = this.#lastId;
        this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
        return new Promise((resolve, reject) => this.#calls.set(id, { resolve, reject }));
    }

    #receive(text) {
        const messages = (this.#received + text).split('\0');
        this.#received = messages.pop();
        for (const { id, result, error, method, params, sessionId } of messages.map((each) => JSON.parse(each))) {
            if (id === undefined) {
                this.#pages.get(sessionId)?.receive(method, params);
            } else {
                const { resolve, reject } = this.#calls.get(id);
                this.#calls.delete(id);
                error === undefined ? resolve(result) : reject(new Error(error.message));
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
        await loaded;
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
