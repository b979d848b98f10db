/** notation and time: certificates that have ended since, with and without timestamps. */
import { notarise, notariseBeforeTheEnd } from './notation.ts';
import type { NotaryRow } from './notation.table.ts';

const accepted = { theirs: 'accept', ours: 'Verified' } as const;

export const TIME_ROWS: readonly NotaryRow[] = [
  {
    name: 'timestamp: certificate still valid, authority trusted',
    prepare: [notarise({ timestamp: true })],
    ask: { tsa: 'company' },
    ...accepted,
  },
  {
    name: 'timestamp: COSE, certificate still valid, authority trusted',
    prepare: [notarise({ timestamp: true, format: 'cose' })],
    ask: { tsa: 'company' },
    ...accepted,
  },
  {
    name: 'timestamp: certificate still valid, no store for timestamps',
    prepare: [notarise({ timestamp: true })],
    ask: {},
    ...accepted,
  },
  {
    name: 'timestamp: by another authority than the trusted',
    prepare: [notarise({ timestamp: true })],
    ask: { tsa: 'stranger' },
    theirs: 'refuse',
    ours: 'TimestampMissing',
  },
  {
    name: 'timestamp: by another authority, at permissive',
    prepare: [notarise({ timestamp: true })],
    ask: { tsa: 'stranger', level: 'permissive' },
    ...accepted,
  },
  {
    name: 'timestamp: none, but a store for them',
    prepare: [notarise()],
    ask: { tsa: 'company' },
    theirs: 'refuse',
    ours: 'TimestampMissing',
  },
  {
    name: 'timestamp: none, looked at only after the end',
    prepare: [notarise()],
    ask: { tsa: 'company', verifyTimestamp: 'afterCertExpiry' },
    ...accepted,
  },
  {
    name: 'ended certificate: no timestamp, strict',
    prepare: [notariseBeforeTheEnd()],
    ask: {},
    theirs: 'refuse',
    ours: 'CertificateExpired',
  },
  {
    name: 'ended certificate: no timestamp, permissive',
    prepare: [notariseBeforeTheEnd()],
    ask: { level: 'permissive' },
    ...accepted,
  },
  {
    name: 'ended certificate: timestamp from before, strict',
    prepare: [notariseBeforeTheEnd({ timestamp: true })],
    ask: { tsa: 'company' },
    ...accepted,
  },
  {
    name: 'ended certificate: COSE timestamp from before, strict',
    prepare: [notariseBeforeTheEnd({ timestamp: true, format: 'cose' })],
    ask: { tsa: 'company', verifyTimestamp: 'afterCertExpiry' },
    ...accepted,
  },
  {
    name: 'ended certificate: timestamp, but no store for it',
    prepare: [notariseBeforeTheEnd({ timestamp: true })],
    ask: {},
    theirs: 'refuse',
    ours: 'CertificateExpired',
  },
];
