// Builds dist/: generates the types from proto/openapi.yaml, then compiles.
//
//     node build.mjs [--check] [--openapi <file>]
//
// --check compiles without writing dist/. Exit status 1 with the compiler's messages, one a line.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { values } = parseArgs({ options: { check: { type: 'boolean' }, openapi: { type: 'string', default: here('../../proto/openapi.yaml') } } });

const header = '// Generated from proto/openapi.yaml by build.mjs. Do not edit.\n\n';
const types = header + astToString(await openapiTS(pathToFileURL(values.openapi)));
const generated = here('src/openapi.ts');

const { config } = ts.readConfigFile(here('tsconfig.json'), (path) => readFileSync(path, 'utf8'));
const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, here('.'));
const host = ts.createCompilerHost(options);
const { getSourceFile, fileExists, readFile } = host;
// The types are compiled from memory: a check of another description leaves the folder as it is.
host.fileExists = (name) => name === generated || fileExists(name);
host.readFile = (name) => (name === generated ? types : readFile(name));
host.getSourceFile = (name, version, ...rest) => (name === generated ? ts.createSourceFile(name, types, version) : getSourceFile(name, version, ...rest));

if (!values.check) {
    rmSync(here('dist'), { recursive: true, force: true });
    writeFileSync(generated, types);
}
const program = ts.createProgram([...new Set([...fileNames, generated])], { ...options, noEmit: values.check ?? false }, host);
const { diagnostics } = values.check ? { diagnostics: [] } : program.emit();
const faults = [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(({ file, start, messageText }) => {
    const place = file === undefined ? '' : `${file.fileName}:${file.getLineAndCharacterOfPosition(start).line + 1}: `;
    return place + ts.flattenDiagnosticMessageText(messageText, '\n');
});
process.stdout.write(faults.map((fault) => `${fault}\n`).join(''));
process.exitCode = faults.length > 0 ? 1 : 0;
