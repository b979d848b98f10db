/**
 * Reads policy files for `import` and `audit`: manifests, and notation's trustpolicy.json, with the place of every field.
 * Must never read a part of what was asked for and go on.
 */
import { Failure } from '../core/failure.ts';
import { parseDocuments } from '../core/manifests/document.ts';
import { isMapping } from '../core/manifests/field.ts';
import { loadManifests, type LoadedManifests, type ManifestDocument } from '../core/manifests/load.ts';
import { isTrustPolicy, NOTATION } from '../outputs/imports/notation.ts';
import { parseStatements } from '../verify/trust/statement.ts';
import { UsageError } from './exit.ts';
import { type InputFile, readInputs } from './files.ts';
import type { Terminal } from './terminal.ts';

/** All policies of a cluster are far less. */
const MAX_BYTES = 64 * 1024 * 1024;

/** The objects of all files, and what is wrong with them. Throws UsageError for what cannot be read at all. */
export async function readPolicyFiles(names: readonly string[], terminal: Terminal): Promise<LoadedManifests> {
  const loaded: LoadedManifests[] = [];
  for (const input of await readInputs(names, terminal)) loaded.push(readFile(input.name, await textOf(input)));
  return {
    documents: loaded.flatMap(({ documents }) => documents),
    problems: loaded.flatMap(({ problems }) => problems),
  };
}

async function textOf({ name, chunks }: InputFile): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    parts.push(Uint8Array.from(chunk));
    size += chunk.length;
    if (size > MAX_BYTES) throw new UsageError(`${name}: is larger than ${MAX_BYTES} bytes, which policies never are`);
  }
  return Buffer.concat(parts).toString('utf8');
}

function readFile(name: string, text: string): LoadedManifests {
  const policy = text.includes('trustPolicies') ? trustPolicyIn(name, text) : undefined;
  return policy === undefined ? loadManifests(text, name) : { documents: [policy], problems: [] };
}

/** A trustpolicy.json, which has neither apiVersion nor kind. Throws UsageError where it breaks notation's rules. */
function trustPolicyIn(file: string, text: string): ManifestDocument | undefined {
  const { documents, locate } = parseDocuments(text, file);
  const object = documents.length === 1 ? documents[0]?.value : undefined;
  if (!isMapping(object) || !isTrustPolicy({ value: object, path: [], report: () => undefined })) return undefined;
  try {
    parseStatements(text);
  } catch (error) {
    if (error instanceof Failure) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
  const positionOf: ManifestDocument['positionOf'] = (path) => locate(1, path);
  return { file, document: 1, path: [], apiVersion: NOTATION, kind: 'TrustPolicy', object, positionOf };
}
