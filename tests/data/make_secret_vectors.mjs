// Makes sealed_secrets.json: secrets of a job spec, sealed by node:crypto alone as docs/protocol.md describes. --check: compares.

import { createCipheriv, createDecipheriv, createECDH, createHash, ECDH, hkdfSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const file = here('sealed_secrets.json');

/** RFC 8785 for values of a job spec. */
export function canonical(value) {
    if (Array.isArray(value)) {
        return `[${value.map(canonical).join(',')}]`;
    }
    if (value !== null && typeof value === 'object') {
        return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
    }
    return JSON.stringify(value);
}

/** Label, SHA-256 of the spec without secrets, name. */
export function associatedData(spec, name) {
    const { secrets, ...bare } = spec;
    return Buffer.concat([Buffer.from('Lamda secret\n'), createHash('sha256').update(canonical(bare)).digest(), Buffer.from(name)]);
}

function keyAndNonce(shared, ephemeralPoint, provider) {
    const info = Buffer.concat([Buffer.from('Lamda sealed v1'), Buffer.from(provider.slice(2), 'hex')]);
    const derived = Buffer.from(hkdfSync('sha256', shared, ephemeralPoint, info, 44));
    return [derived.subarray(0, 32), derived.subarray(32)];
}

/** Seals to the provider's public key (33 bytes). `ephemeralKey` is for vectors only; otherwise fresh. */
export function sealSecret(spec, name, plain, publicKey, ephemeralKey) {
    const ephemeral = createECDH('secp256k1');
    if (ephemeralKey === undefined) {
        ephemeral.generateKeys();
    } else {
        ephemeral.setPrivateKey(ephemeralKey);
    }
    const point = ephemeral.getPublicKey(null, 'compressed');
    const [key, nonce] = keyAndNonce(ephemeral.computeSecret(publicKey), point, spec.provider);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(associatedData(spec, name));
    return Buffer.concat([Buffer.of(1), point, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

/** Throws if the secret is not sealed to this key for this spec and name. */
export function openSecret(spec, name, sealed, privateKey) {
    const bytes = Buffer.from(sealed, 'base64url');
    const point = bytes.subarray(1, 34);
    const own = createECDH('secp256k1');
    own.setPrivateKey(privateKey);
    const [key, nonce] = keyAndNonce(own.computeSecret(point), point, spec.provider);
    const cipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(associatedData(spec, name)).setAuthTag(bytes.subarray(-16));
    return Buffer.concat([cipher.update(bytes.subarray(34, -16)), cipher.final()]);
}

function vectors() {
    const spec = JSON.parse(readFileSync(here('../../proto/messages/job_spec.v1.sample.json'), 'utf8'));
    const privateKey = Buffer.from('7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6', 'hex');
    const own = createECDH('secp256k1');
    own.setPrivateKey(privateKey);
    const publicKey = Buffer.from(ECDH.convertKey(own.getPublicKey(), 'secp256k1', undefined, undefined, 'compressed'));
    const plains = { EMPTY: '', TOKEN: 'correct horse battery staple', UTF8: 'Schlüssel\n' };
    const ephemeralKeys = Object.fromEntries(
        Object.keys(plains).map((name, i) => [name, createHash('sha256').update(`ephemeral ${i}`).digest()]));
    spec.secrets = Object.fromEntries(Object.entries(plains).map(([name, plain]) =>
        [name, sealSecret(spec, name, Buffer.from(plain), publicKey, ephemeralKeys[name])]));
    for (const [name, plain] of Object.entries(plains)) {
        if (openSecret(spec, name, spec.secrets[name], privateKey).toString() !== plain) {
            throw new Error(`${name} does not open`);
        }
    }
    const text = canonical(spec);
    return {
        privateKey: privateKey.toString('hex'), publicKey: publicKey.toString('hex'), plains,
        ephemeralKeys: Object.fromEntries(Object.entries(ephemeralKeys).map(([name, key]) => [name, key.toString('hex')])),
        associatedData: Object.fromEntries(Object.keys(plains).map((name) => [name, associatedData(spec, name).toString('hex')])),
        spec: text, jobId: `0x${createHash('sha256').update(text).digest('hex')}`,
    };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const made = `${JSON.stringify(vectors(), null, 2)}\n`;
    if (!process.argv.includes('--check')) {
        writeFileSync(file, made);
    } else if (readFileSync(file, 'utf8') !== made) {
        console.error('tests/data/sealed_secrets.json differs from what this makes');
        process.exitCode = 1;
    }
}
