import { parseAllDocuments } from 'yaml';
import { describe, expect, it } from 'vitest';
import { renderJson, renderYaml, scanDocument } from '../../src/outputs/json.ts';
import { publishedSchemas, ScanResultSchema, VerifyResultSchema } from '../../src/outputs/schemas.ts';
import { renderVerifyTable, type VerifyRow, verifyDocument } from '../../src/outputs/verify-result.ts';
import { parseReference } from '../../src/core/reference.ts';
import { digestOf, rejected, unknown, verified } from '../support/builders.ts';
import { sampleResult } from './samples.ts';

const VERIFY_ROWS: readonly VerifyRow[] = [
  row('nginx', verified({ signedAt: '2026-01-02T03:04:05Z', timeSource: 'transparency-log', logIndex: '7' })),
  row('ghcr.io/acme/app:v1', rejected()),
  { image: 'gone:v1', reference: parseReference('gone:v1'), verdict: unknown() },
];

describe('scanDocument', () => {
  it('is as in the golden file', async () => {
    const text = renderJson(scanDocument(sampleResult()));
    await expect(text).toMatchFileSnapshot('../golden/outputs/scan.json');
  });

  it('fulfils its schema, and the schema knows every field', () => {
    const document: unknown = JSON.parse(renderJson(scanDocument(sampleResult())));
    expect(ScanResultSchema.parse(document)).toEqual(document);
  });
});

describe('verifyDocument', () => {
  it('is as in the golden file', async () => {
    await expect(renderJson(verifyDocument(VERIFY_ROWS))).toMatchFileSnapshot('../golden/outputs/verify.json');
  });

  it('fulfils its schema', () => {
    const document: unknown = JSON.parse(renderJson(verifyDocument(VERIFY_ROWS)));
    expect(VerifyResultSchema.parse(document)).toEqual(document);
  });

  it('has a table', async () => {
    const text = renderVerifyTable(VERIFY_ROWS, { wide: true, colour: false });
    await expect(text).toMatchFileSnapshot('../golden/outputs/verify.wide.txt');
  });
});

const HOSTILE = [
  '\u001b[2J',
  '\u009b31m',
  'a\rb',
  '\u202egnp',
  'a\u200bb',
  '\u2028',
  'two\nlines',
  '\u0000',
  '\u00ad',
  '\u{e0001}',
];

describe('renderJson', () => {
  it.each(HOSTILE)('lets no terminal see %j, and keeps it', (text) => {
    const written = renderJson({ [text]: [text] });
    expect(written).not.toMatch(/[\p{Cf}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u);
    expect(JSON.parse(written)).toEqual({ [text]: [text] });
  });
});

describe('renderYaml', () => {
  it.each(HOSTILE)('lets no terminal see %j, and keeps it', (text) => {
    const written = renderYaml([{ key: [text, 'plain', 'x'.repeat(200)] }]);
    expect(written).not.toMatch(/[\p{Cf}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u);
    expect(parseAllDocuments(written)[0]?.toJS()).toEqual({ key: [text, 'plain', 'x'.repeat(200)] });
  });

  it('is as in the golden file', async () => {
    await expect(renderYaml([scanDocument(sampleResult())])).toMatchFileSnapshot('../golden/outputs/scan.yaml');
  });

  it.each([
    'no',
    'on',
    'y',
    '0o7',
    '012',
    '1e3',
    '2026-01-01',
    'null',
    '~',
    '- a',
    'a: b',
    '#',
    '\u001b',
    '<<',
    '1_000',
  ])('a reader of YAML 1.1 and one of 1.2 see the text %j', (text) => {
    for (const version of ['1.1', '1.2'] as const) {
      const [document] = parseAllDocuments(renderYaml([{ text }]), { version });
      expect(document?.toJS()).toEqual({ text });
    }
  });

  it('separates documents', () => {
    expect(parseAllDocuments(renderYaml([{ a: 1 }, { b: 2 }])).map((each): unknown => each.toJS())).toEqual([
      { a: 1 },
      { b: 2 },
    ]);
  });
});

describe('publishedSchemas', () => {
  it('describes strict objects', () => {
    const schemas = publishedSchemas();
    expect(Object.keys(schemas).sort()).toEqual(
      ['audit', 'keys', 'scan', 'verify'].map((command) => `${command}-result.schema.json`),
    );
    expect(schemas['scan-result.schema.json']).toMatchObject({ type: 'object', additionalProperties: false });
  });
});

function row(image: string, verdict: VerifyRow['verdict']): VerifyRow {
  return { image, reference: parseReference(image), digest: digestOf('a'), verdict };
}
