/**
 * What stands in for the generated part of @kubernetes/client-node (lean-loading.ts says why): its requests and its
 * configuration as they are, and of its API clients and models no more than the rest of the package names when it loads.
 * Must never be imported by anything else.
 */
export { ApiException } from '@kubernetes/client-node/dist/gen/apis/exception.js';
export { createConfiguration } from '@kubernetes/client-node/dist/gen/configuration.js';
export * from '@kubernetes/client-node/dist/gen/http/http.js';
export * from '@kubernetes/client-node/dist/gen/servers.js';

/** As much of an API client as there is before the first call. */
class ApiClient {
  readonly configuration: unknown;

  constructor(configuration: unknown) {
    this.configuration = configuration;
  }
}

/** @dot-i/k8s-operator makes one when it is constructed, and nothing of it is called: kube/operator.ts stands before it. */
export const CoreV1Api = ApiClient;

/** client-node's port forwarding names it. */
export const AppsV1Api = ApiClient;

/** client-node's serializer extends it: this one knows no type. */
export function ObjectSerializer(): void {
  refuse(undefined, 'ObjectSerializer');
}
ObjectSerializer.serialize = refuse;
ObjectSerializer.deserialize = refuse;

function refuse(_: unknown, type: string): never {
  throw new Error(`${type}: the models of @kubernetes/client-node are not loaded`);
}
