// Holds the compiled contracts, ours and the foreign ones, against the interface that is deployed: every name, type,
// topic and selector. Exits 1 and names each difference.
//
//   node contracts/check-interface.mjs

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keccak_256 } from '@noble/hashes/sha3';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const job =
    '(bytes32 jobId, address renter, address provider, uint256 payment, uint8 status, uint256 createdAt, ' +
    'uint256 confirmedAt)';

// Written as Solidity would declare them; a selector or topic where the deployed contract's is on record.
const jobManager = {
    events: {
        'JobCreated(bytes32 indexed jobId, address indexed renter, address indexed provider, uint256 payment)':
            '0xd4308b56cdccee295e288de7c02585786d44894362fac012f3053072b5257c6a',
        'JobConfirmed(bytes32 indexed jobId, uint256 confirmedAt)':
            '0x8cc5b2bb3811643c5e58483c7be26e57579a2dae8738acac65d28bfc9ef9342a',
        'PaymentClaimed(bytes32 indexed jobId, address indexed provider, uint256 amount)':
            '0x009aa28285e2f2f93f61312a2c375d49710858b14618190f383029b03c6ec3f4',
    },
    functions: {
        'createJob(bytes32 jobId, address providerAddress) payable': '0x7706ebc8',
        'confirmResult(bytes32 jobId) nonpayable': '0xf30abb59',
        'claimReward(bytes32 jobId) nonpayable': '0xf5414023',
        [`getJobInfo(bytes32) view returns ${job}`]: '0x6164626a',
        [`jobs(bytes32) view returns ${job}`]: null,
        'getJobStatistics() view returns (uint256 created, uint256 completed, uint256 escrowAmount)': null,
        'getTotalEscrowAmount() view returns (uint256)': null,
        'isJobInStatus(bytes32, uint8) view returns (bool)': null,
        'totalEscrowAmount() view returns (uint256)': null,
        'totalJobsCompleted() view returns (uint256)': null,
        'totalJobsCreated() view returns (uint256)': null,
    },
    errors: ['ReentrancyGuardReentrantCall()'],
};

const nodeReputation = {
    events: {
        'NodeRegistered(address indexed provider, string gpuModel, uint256 vram)':
            '0x6f3c990a2f665f94ed1db0af40275bedd4d3d025f541e2c77112281fbee63600',
        'NodeHeartbeat(address indexed provider, uint256 timestamp)':
            '0x0f1ef8be219b2bb5e8b630cb970a8ac2b44c0f8a3a3db371d8a653e50af49a11',
        'JobCountIncremented(address indexed provider, uint256 newCount)':
            '0xf0b433b19371a783f4bfbaf7c118079db6c086603cd0c6ba2b6478c955b8b963',
        // From ERC-173.
        'OwnershipTransferred(address indexed previousOwner, address indexed newOwner)':
            '0x8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0',
    },
    functions: {
        'registerNode(string gpuModel, uint256 vram) nonpayable': '0xf3ef747f',
        'sendHeartbeat() nonpayable': '0x34f167a9',
        'incrementJobs(address provider) nonpayable': '0x7ebcd727',
        'getProviderInfo(address) view returns ((string gpuModel, uint256 vram, uint256 lastSeen, bool isRegistered), uint256)':
            '0x7583902f',
        'providers(address) view returns (string gpuModel, uint256 vram, uint256 lastSeen, bool isRegistered)': null,
        'successfulJobsCount(address) view returns (uint256)': '0x3c097e3e',
        'isProviderActive(address) view returns (bool)': '0x696724cb',
        'getActiveProvidersCount() view returns (uint256)': null,
        'totalProviders() view returns (uint256)': null,
        // Ownable.
        'owner() view returns (address)': '0x8da5cb5b',
        'transferOwnership(address) nonpayable': '0xf2fde38b',
        'renounceOwnership() nonpayable': '0x715018a6',
    },
    errors: ['OwnableInvalidOwner(address)', 'OwnableUnauthorizedAccount(address)'],
};

const artifacts = [
    ['proto/abi/JobManager.json', jobManager],
    ['proto/abi/NodeReputation.json', nodeReputation],
    ['tests/data/foreign/ForeignJobManager.json', jobManager],
    ['tests/data/foreign/ForeignNodeReputation.json', nodeReputation],
];

const keccak = (text) => `0x${bytesToHex(keccak_256(utf8ToBytes(text)))}`;

function canonicalType({ type, components }) {
    return components ? type.replace('tuple', `(${components.map(canonicalType).join(',')})`) : type;
}

const signature = ({ name, inputs }) => `${name}(${inputs.map(canonicalType).join(',')})`;

/** Every way in which an ABI entry may be declared above: names that the deployed interface leaves open are optional. */
function declared(parameter, { names }) {
    const type = parameter.components
        ? `(${parameter.components.map((component) => declared(component, { names: true })).join(', ')})`
        : parameter.type;
    return `${type}${parameter.indexed ? ' indexed' : ''}${names && parameter.name ? ` ${parameter.name}` : ''}`;
}

function list(parameters, { names }) {
    return `(${parameters.map((parameter) => declared(parameter, { names })).join(', ')})`;
}

function declarations(entry) {
    const forms = [];
    for (const inputNames of [true, false]) {
        for (const outputNames of [true, false]) {
            let text = entry.name + list(entry.inputs, { names: inputNames });
            if (entry.type === 'function') {
                text += ` ${entry.stateMutability}`;
                text += entry.outputs.length ? ` returns ${list(entry.outputs, { names: outputNames })}` : '';
            }
            forms.push(text);
        }
    }
    return forms;
}

let differences = 0;
function differ(file, message) {
    console.error(`${file}: ${message}`);
    differences += 1;
}

function checkKind(file, abi, kind, expected, identify) {
    const entries = abi.filter(({ type }) => type === kind);
    const unexpected = new Set(entries.map(signature));
    for (const [declaration, identifier] of Object.entries(expected)) {
        const entry = entries.find((candidate) => declarations(candidate).includes(declaration));
        if (!entry) {
            differ(file, `no ${kind} ${declaration}`);
            continue;
        }
        unexpected.delete(signature(entry));
        if (entry.anonymous) {
            differ(file, `${declaration} is anonymous`);
        }
        if (identifier && identify(signature(entry)) !== identifier) {
            differ(file, `${declaration} is ${identify(signature(entry))}, deployed is ${identifier}`);
        }
    }
    return unexpected;
}

for (const [file, expected] of artifacts) {
    const { abi, bytecode } = JSON.parse(readFileSync(join(root, file), 'utf8'));
    const extraEvents = checkKind(file, abi, 'event', expected.events, keccak);
    const extraFunctions = checkKind(file, abi, 'function', expected.functions, (text) => keccak(text).slice(0, 10));
    // Errors of our own may stand next to the deployed ones: they only make a revert's reason readable.
    checkKind(file, abi, 'error', Object.fromEntries(expected.errors.map((error) => [error, null])), keccak);
    for (const extra of [...extraEvents, ...extraFunctions]) {
        differ(file, `${extra} is not part of the interface`);
    }
    if (!/^0x([0-9a-f]{2})+$/.test(bytecode)) {
        differ(file, 'the bytecode is not hex');
    } else if ((bytecode.length - 2) / 2 > 24576) {
        differ(file, 'the bytecode may exceed the limit for deployed code (24,576 bytes)');
    }
    console.log(`${file}: ${abi.length} entries checked`);
}
process.exitCode = differences ? 1 : 0;
