import { describe, expect, test } from 'vitest';
import { judgedRow, scanResult } from '../../src/core/scan-result.ts';
import { renderHtml } from '../../src/outputs/html.ts';
import { policyOf, rejected, useOf, verified } from '../support/builders.ts';
import { sampleResult } from './samples.ts';

const AT = new Date('2026-11-21T12:00:00Z');

describe('renderHtml', () => {
  test('is as in the golden file', async () => {
    await expect(renderHtml(sampleResult(), AT)).toMatchFileSnapshot('../golden/outputs/scan.html');
  });

  test('text by strangers is text, whatever it holds', () => {
    const evil = `<script>alert('x')</script><img src=x onerror="x"> & \u202Egnp\u0007`;
    const page = renderHtml(scanResult([judgedRow(policyOf('p'), useOf('nginx'), rejected(evil))], []), AT);
    expect(page).not.toMatch(/<script|<img/);
    expect(page).toContain(
      '&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&lt;img src=x onerror=&quot;x&quot;&gt; &amp;',
    );
    // oxlint-disable-next-line no-control-regex
    expect(page).not.toMatch(/[\u202E\u0007]/);
  });

  test('loads nothing from anywhere', () => {
    expect(renderHtml(sampleResult(), AT)).not.toMatch(/https?:\/\/(?!issuer)|src=|@import|url\(/);
  });

  test('the worst comes first, and a refusal on restart is said', () => {
    const refusal = { reason: 'SignatureFormat', message: 'Kyverno reads no bundles here' };
    const rows = [
      judgedRow(policyOf('a'), useOf('nginx:1'), verified()),
      { ...judgedRow(policyOf('b'), useOf('nginx:2'), verified()), refusal },
      judgedRow(policyOf('c'), useOf('nginx:3'), rejected()),
    ];
    const page = renderHtml(scanResult(rows, []), AT);
    const order = [...page.matchAll(/<tr><td class="(\w+)"/g)].map(([, state]) => state);
    expect(order).toEqual(['rejected', 'verified', 'verified']);
    expect(page).toContain('Would be refused on restart: SignatureFormat: Kyverno reads no bundles here');
  });

  test('says so where nothing is covered', () => {
    expect(renderHtml(scanResult([], [useOf('nginx')]), AT)).toContain('No policy covers anything that runs.');
  });
});
