/**
 * What a result of a report says of a restart: why the Pod would be refused, were it created again now. Owns the
 * property both ways; must never say twice what the verdict says.
 */
import type { KnownRow } from '../core/known.ts';
import type { ScanRow } from '../core/scan-result.ts';
import { bounded } from './conditions.ts';
import { RESULT_PROPERTIES } from './report-shape.ts';

/** Longest value of a property, in characters. */
export const MAX_PROPERTY = 512;

/** `NoSignature` where our own verdict says why, else `SignatureFormat: Kyverno does not read …`. */
export function refusalProperty(row: Pick<ScanRow, 'refusal' | 'outcome'>): Readonly<Record<string, string>> {
  const text = refusalText(row);
  return text === '' ? {} : { [RESULT_PROPERTIES.refusedOnRestart]: bounded(text, MAX_PROPERTY) };
}

/** The same in full; empty where nothing says that the Pod would be refused. */
export function refusalText({ refusal, outcome }: Pick<ScanRow, 'refusal' | 'outcome'>): string {
  if (refusal === undefined) return '';
  const isOurs = outcome.kind === 'judged' && outcome.verdict.state === 'rejected';
  return isOurs ? refusal.reason : `${refusal.reason}: ${refusal.message}`;
}

/** The refusal as it was written; `verdict`: the message of the verdict. */
export function readRefusal(properties: Readonly<Record<string, string>>, verdict: string): Pick<KnownRow, 'refusal'> {
  const text = properties[RESULT_PROPERTIES.refusedOnRestart];
  if (text === undefined) return {};
  const colon = text.indexOf(': ');
  if (colon < 0) return { refusal: { reason: text, message: verdict } };
  return { refusal: { reason: text.slice(0, colon), message: text.slice(colon + 2) } };
}
