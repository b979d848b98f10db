/** One scan result with every kind of row, for the golden files. */
import type { ScanResult, ScanRow } from '../../src/core/scan-result.ts';
import { exceptedRow, judgedRow, scanResult } from '../../src/core/scan-result.ts';
import { deployment, digestOf, policyOf, rejected, unknown, useOf, verified } from '../support/builders.ts';

const CART = deployment('cart', '0a1b2c3d-0000-4000-8000-000000000001');
const POD = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop' } as const;

/** Two Pods of one Deployment, a template, an init container, an image volume, an exception, and an uncovered use. */
export function sampleResult(): ScanResult {
  const production = policyOf('production', { severity: 'critical' });
  const baseline = policyOf('baseline', { severity: 'low' });
  const cart = `registry.example.com/shop/cart:v1@${digestOf('a')}`;
  const cartOf = (pod: string) =>
    useOf(cart, { workload: CART, pod: { ...POD, name: pod, uid: `uid-of-${pod}` }, digestSource: 'status' });
  const migrate = useOf('registry.example.com/shop/migrate:v1', {
    workload: CART,
    container: 'migrate',
    containerType: 'initContainer',
  });
  const model = useOf(`registry.example.com/shop/model@${digestOf('d')}`, {
    workload: deployment('ranking'),
    container: 'model',
    containerType: 'imageVolume',
  });
  const sidecar = useOf(`ghcr.io/acme/sidecar@${digestOf('e')}`, { workload: CART, container: 'sidecar' });
  const bundle = 'Kyverno does not read the signature by "release": it is a bundle, and this policy reads tags';
  const trusted = (pod: string): ScanRow => ({
    ...judgedRow(
      production,
      cartOf(pod),
      verified({ identity: 'ci@example.com', issuer: 'https://issuer.example.com' }),
    ),
    refusal: { reason: 'SignatureFormat', message: bundle },
  });
  return scanResult(
    [
      trusted('cart-2'),
      trusted('cart-1'),
      judgedRow(baseline, cartOf('cart-1'), rejected('signed by key SHA256:ab, which no TrustedKey holds\u001b[31m')),
      judgedRow(production, migrate, unknown()),
      { ...judgedRow(production, model, rejected()), refusal: { reason: 'NoSignature', message: rejected().message } },
      exceptedRow({ policy: production, use: sidecar, reason: 'INC-42', expiresAt: '2026-12-31T00:00:00Z' }),
    ],
    [useOf('nginx', { workload: deployment('web') })],
  );
}
