import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { selfSigned } from '../../../src/controllers/serving/self-signed.ts';
import { parsePemCertificates } from '../../../src/verify/x509/pem.ts';

describe('selfSigned', () => {
  it.each(['2026-11-21T10:00:00Z', '2049-06-01T00:00:00Z', '2060-01-01T00:00:00Z'])(
    'is a certificate at %s',
    (moment) => {
      const now = new Date(moment);
      const { cert, key } = selfSigned(['localhost', 'image-trust.example'], now);
      const x509 = new X509Certificate(cert);
      expect(x509.verify(x509.publicKey)).toBe(true);
      expect(x509.ca).toBe(false);
      expect(x509.checkHost('image-trust.example')).toBe('image-trust.example');
      expect(x509.checkHost('other.example')).toBeUndefined();
      expect(x509.validFromDate).toEqual(new Date(now.getTime() - 3_600_000));
      expect(x509.validToDate).toEqual(new Date(now.getTime() + 365 * 86_400_000));
      expect(() => createSecureContext({ cert, key })).not.toThrow();
      // Our own reader of DER takes nothing but DER.
      expect(parsePemCertificates(cert)).toHaveLength(1);
    },
  );

  it('is another one each time', () => {
    const now = new Date();
    expect(selfSigned(['a'], now).cert).not.toBe(selfSigned(['a'], now).cert);
  });

  it('takes many names', () => {
    const names = Array.from({ length: 100 }, (_, index) => `name-${index}.example`);
    expect(new X509Certificate(selfSigned(names, new Date()).cert).checkHost('name-99.example')).toBe(
      'name-99.example',
    );
  });
});
