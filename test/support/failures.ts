/** What a lookup fails with, as a value that tests compare. */
import { expect } from 'vitest';
import { Failure, type FailureKind } from '../../src/core/failure.ts';

export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const outcome = await promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(Failure);
  return outcome as Failure;
}

export async function kindOf(promise: Promise<unknown>): Promise<FailureKind['kind']> {
  return (await failureOf(promise)).detail.kind;
}
