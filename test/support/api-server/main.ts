/**
 * The in-process API server as a process of its own, for demos and for trying things by hand.
 *
 *   node test/support/api-server/main.ts --port 8001 --kubeconfig /tmp/kubeconfig crds/*.yaml [more.yaml …]
 *
 * It takes the documents of the files as its first objects, prints `listening on http://…` and ends on SIGTERM.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { type ApiObject, startApiServer } from './server.ts';

const { values, positionals } = parseArgs({
  options: { port: { type: 'string', default: '0' }, kubeconfig: { type: 'string' } },
  allowPositionals: true,
});
const api = await startApiServer({ port: Number(values.port), bookmarkEveryMs: 10_000 });
for (const file of positionals)
  for (const document of parseAllDocuments(readFileSync(file, 'utf8'))) {
    const object = document.toJS() as ApiObject | null;
    if (object?.kind !== undefined && object.apiVersion !== 'kustomize.config.k8s.io/v1beta1') api.seed([object]);
  }
if (values.kubeconfig !== undefined) writeFileSync(values.kubeconfig, api.kubeconfig());
console.log(`listening on ${api.url}`);
const end = (): void => void api.stop();
process.once('SIGTERM', end);
process.once('SIGINT', end);
