/**
 * What stands in for the HTTP client of @dot-i/k8s-operator (lean-loading.ts says why): it sends nothing, and says so.
 * Must never be imported by anything else.
 */

/** The member that the package calls. */
export const instance = {
  request(): Promise<never> {
    return Promise.reject(
      new Error('@dot-i/k8s-operator sends nothing itself: kube/client.ts speaks to the API server'),
    );
  },
};
