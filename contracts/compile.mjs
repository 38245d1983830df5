// Turns the Solidity sources into the ABI files that the bindings, the devnet and `lamda deploy` are made from.
//
//   node contracts/compile.mjs           writes the files
//   node contracts/compile.mjs --check   compiles again and exits 1 when a committed file differs

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const contracts = [
    { name: 'JobManager', source: 'contracts/JobManager.sol', output: 'proto/abi/JobManager.json' },
    { name: 'NodeReputation', source: 'contracts/NodeReputation.sol', output: 'proto/abi/NodeReputation.json' },
    {
        name: 'ForeignJobManager',
        source: 'tests/data/foreign/ForeignJobManager.sol',
        output: 'tests/data/foreign/ForeignJobManager.json',
    },
    {
        name: 'ForeignNodeReputation',
        source: 'tests/data/foreign/ForeignNodeReputation.sol',
        output: 'tests/data/foreign/ForeignNodeReputation.json',
    },
    {
        name: 'SignatureCheck',
        source: 'contracts/SignatureCheck.sol',
        output: 'services/api-gateway/session/signature_check.json',
    },
    ...['KeyWallet', 'WalletFactory', 'HostileWallet'].map((name) => ({
        name,
        source: 'tests/data/wallets/TestWallets.sol',
        output: `tests/data/wallets/${name}.json`,
    })),
    { name: 'JobLogs', source: 'tests/data/JobLogs.sol', output: 'tests/data/JobLogs.json' },
];

// No opcode later than the merge: what runs on both BSC and opBNB, whichever fork they are at.
const evmVersion = 'paris';

const settings = {
    evmVersion,
    optimizer: { enabled: true, runs: 10000 },
    // The path and the comments of the sources do not enter the bytecode: every machine compiles the same bytes.
    metadata: { bytecodeHash: 'none', appendCBOR: false },
    outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.methodIdentifiers'] } },
};

function loadCompiler() {
    try {
        return createRequire(import.meta.url)('solc');
    } catch (error) {
        fail(`The Solidity compiler is not installed (${error.code}): run "npm ci" first.`);
    }
}

function fail(message) {
    console.error(message);
    process.exit(1);
}

function compile() {
    const solc = loadCompiler();
    const pinned = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies.solc;
    const compiler = solc.version().replace(/\.Emscripten.*$/, '');
    if (!compiler.startsWith(`${pinned}+`)) {
        fail(`package.json pins solc ${pinned}, but ${compiler} is installed: run "npm ci".`);
    }

    const sources = Object.fromEntries(
        contracts.map(({ source }) => [source, { content: readFileSync(join(root, source), 'utf8') }]),
    );
    const result = JSON.parse(solc.compile(JSON.stringify({ language: 'Solidity', sources, settings })));
    // Warnings are errors.
    if (result.errors?.length) {
        fail(result.errors.map((error) => error.formattedMessage).join('\n'));
    }
    return contracts.map(({ name, source, output }) => {
        const { abi, evm } = result.contracts[source][name];
        const artifact = { contractName: name, compiler, evmVersion, abi, bytecode: `0x${evm.bytecode.object}` };
        return { name, output, text: `${JSON.stringify(artifact, null, 2)}\n` };
    });
}

function committed(output) {
    try {
        return readFileSync(join(root, output), 'utf8');
    } catch (error) {
        if (error.code === 'ENOENT') {
            return null;
        }
        throw error;
    }
}

function difference(text, expected) {
    if (text === null) {
        return 'is missing';
    }
    let found;
    try {
        found = JSON.parse(text);
    } catch {
        return 'is not JSON';
    }
    const wanted = JSON.parse(expected);
    const keys = [...new Set([...Object.keys(wanted), ...Object.keys(found)])];
    const differing = keys.filter((key) => JSON.stringify(found[key]) !== JSON.stringify(wanted[key]));
    return differing.length ? `differs in ${differing.join(', ')}` : 'differs in its layout';
}

const args = process.argv.slice(2);
if (args.some((arg) => arg !== '--check')) {
    console.error('usage: node contracts/compile.mjs [--check]');
    process.exit(64);
}
const check = args.includes('--check');
let differences = 0;
for (const { output, text } of compile()) {
    const present = committed(output);
    if (present === text) {
        console.log(`${output}: up to date`);
    } else if (check) {
        console.error(`${output}: ${difference(present, text)}; run "node contracts/compile.mjs" and commit it.`);
        differences += 1;
    } else {
        writeFileSync(join(root, output), text);
        console.log(`${output}: written`);
    }
}
process.exitCode = differences ? 1 : 0;
