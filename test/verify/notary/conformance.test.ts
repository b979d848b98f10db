import { notary } from '../../../src/verify/notary/index.ts';
import { describeFamily } from '../family.conformance.ts';
import { claimOn, openFixture, pkiFile } from './scene.ts';

function proving(name: string, more: Parameters<typeof claimOn>[1] = {}) {
  const { subject, signatures } = openFixture(name);
  return { name, signature: signatures[0]!, claim: claimOn(subject, more) };
}

describeFamily('notary', {
  family: notary,
  cases: () => [
    proving('notation-jws'),
    proving('notation-jws-rsa'),
    proving('notation-cose'),
    proving('notation-cose-expiry'),
    proving('notation-jws-tsa', { tsa: pkiFile('root.crt') }),
  ],
  foreign: { type: 'publicKey', keys: [], transparencyLog: 'Ignored' },
});
