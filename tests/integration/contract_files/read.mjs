// Reads the contract files with their official parsers, for the tests.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Parser } from '@asyncapi/parser';
import { BaseResolver, bundle, createConfig, lint } from '@redocly/openapi-core';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
export const openapiFile = here('../../../proto/openapi.yaml');
export const asyncapiFile = here('../../../proto/asyncapi.yaml');
const messages = here('../../../proto/messages/');
export const clientFile = here('renter.ts');

export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
export const readText = (path) => readFileSync(path, 'utf8');

/** name → {schema, sample}; undefined if absent. */
export function readMessages() {
    const found = new Map();
    for (const file of readdirSync(messages).sort()) {
        const [, name, what] = /^(\w+\.v\d+)\.(schema|sample)\.json$/.exec(file) ?? [];
        found.set(name, { ...found.get(name), [what ?? file]: readJson(messages + file) });
    }
    return found;
}

/** `maxLength` counts bytes of UTF-8 in these schemas, because bytes bound a message: stricter than characters. */
export function newValidator() {
    const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
    addFormats(ajv);
    return ajv;
}

/** @param edit changes the text before it is parsed */
export async function parseAsyncapi(edit = (text) => text) {
    const { document, diagnostics } = await new Parser().parse(edit(readText(asyncapiFile)), { source: asyncapiFile });
    return { document, faults: diagnostics.map(({ code, message, path }) => `${code} at /${path.join('/')}: ${message}`) };
}

/** Subjects in libs/wire, in the lexical order; those with parameters end with a dot. */
export function readWireSubjects() {
    const source = ['subjects.hpp', 'subjects.cpp'].map((name) => readText(here(`../../../libs/wire/${name}`))).join('');
    const literals = [...source.matchAll(/"((?:jobs|nodes|events)\.[a-z.]*)[*]?"/g)].map(([, subject]) => subject);
    return [...new Set(literals)].sort();
}

const lintConfig = () =>
    // The product is private: it has no licence to name.
    createConfig({ extends: ['recommended'], rules: { 'info-license': 'off' } });

export async function lintOpenapi(file = openapiFile) {
    // A WebSocket has no answer 2XX: OpenAPI describes HTTP only.
    const problems = (await lint({ ref: file, config: await lintConfig() }))
        .filter(({ ruleId, location }) => ruleId !== 'operation-2xx-response' || !location[0]?.pointer.startsWith('#/paths/~1api~1ws/'));
    return problems.map(({ ruleId, message, location }) => `${ruleId} at ${location[0]?.pointer}: ${message}`);
}

/** Resolves references. */
/** The document as it is, with its references. */
export async function parseOpenapi() {
    return (await new BaseResolver().resolveDocument(null, openapiFile, true)).parsed;
}

export async function readOpenapi() {
    const { bundle: document } = await bundle({
        ref: openapiFile,
        config: await lintConfig(),
        dereference: true,
        externalRefResolver: new BaseResolver(),
    });
    return document.parsed;
}

export async function generateTypes() {
    return astToString(await openapiTS(new URL(`file://${openapiFile}`)));
}

const strict = {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
    noEmit: true,
};

/** Errors of the client's compilation against these generated types, one text each. */
export function compileClient(types) {
    const host = ts.createCompilerHost(strict);
    const generated = clientFile.replace(/[^/]+$/, 'api.d.ts');
    const { fileExists, getSourceFile } = host;
    host.fileExists = (name) => name === generated || fileExists(name);
    host.getSourceFile = (name, version, ...rest) =>
        name === generated ? ts.createSourceFile(name, types, version) : getSourceFile(name, version, ...rest);
    const program = ts.createProgram([clientFile], strict, host);
    return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
        const line = file === undefined ? '' : `${file.fileName}:${file.getLineAndCharacterOfPosition(start).line + 1}: `;
        return line + ts.flattenDiagnosticMessageText(messageText, '\n');
    });
}

/** The client, transpiled to JavaScript. */
export function transpileClient() {
    return ts.transpileModule(readText(clientFile), {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 },
    }).outputText;
}
