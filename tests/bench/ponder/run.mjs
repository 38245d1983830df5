// Runs Ponder over JobManager's JobCreated logs and prints `ponder_seconds <n>`: from the start of its process to the
// commit of the last row. Environment: DATABASE_URL (an empty database), RPC_URL, CONTRACT, END_BLOCK, LOGS.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import pg from 'pg';

const here = dirname(fileURLToPath(import.meta.url));
const wanted = Number(process.env.LOGS);
const patienceMs = 15 * 60 * 1000;

for (const name of ['DATABASE_URL', 'RPC_URL', 'CONTRACT', 'END_BLOCK', 'LOGS']) {
    if (!process.env[name]) {
        console.error(`${name} is not set: see the first lines of ${fileURLToPath(import.meta.url)}`);
        process.exit(78);
    }
}

function freePort() {
    return new Promise((resolve, reject) => {
        const server = createServer();
        server.once('error', reject);
        server.listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => resolve(port));
        });
    });
}

/** Committed rows of a table; 0 while the table does not exist. */
async function count(client, table) {
    try {
        return Number((await client.query(`SELECT count(*) AS n FROM bench."${table}"`)).rows[0].n);
    } catch (error) {
        if (error.code === '42P01' || error.code === '3F000') {
            return 0;
        }
        throw error;
    }
}

const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
const port = await freePort();
const begin = performance.now();
let output = '';
const child = spawn(
    process.execPath,
    [
        join(here, 'node_modules/ponder/dist/esm/bin/ponder.js'),
        'start', '--schema', 'bench', '--port', String(port), '--hostname', '127.0.0.1',
    ],
    {
        cwd: here,
        env: { ...process.env, PONDER_TELEMETRY_DISABLED: 'true', NODE_ENV: 'production' },
        stdio: ['ignore', 'pipe', 'pipe'],
    },
);
for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
        output = (output + data).slice(-20_000);
    });
}
let ended = false;
child.once('exit', () => {
    ended = true;
});

// Counting loads the server: it starts when the last row may be written, at a low rate.
let seconds = 0;
for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    if ((await count(client, 'job')) >= wanted && (await count(client, 'job_event')) >= wanted) {
        seconds = (performance.now() - begin) / 1000;
        break;
    }
    if (ended || performance.now() - begin > patienceMs) {
        break;
    }
}
child.kill('SIGKILL');
await client.end();
if (seconds === 0) {
    console.error(output);
    console.error(`ponder wrote fewer than ${wanted} rows`);
    process.exit(1);
}
console.log(`ponder_seconds ${seconds.toFixed(3)}`);
