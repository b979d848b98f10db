import { describe, expect, it } from 'vitest';
import { judgedRow, scanResult } from '../../src/core/scan-result.ts';
import { displayWidth, renderColumns } from '../../src/outputs/columns.ts';
import { renderSummary, renderTable } from '../../src/outputs/table.ts';
import { policyOf, rejected, useOf, verified } from '../support/builders.ts';
import { sampleResult } from './samples.ts';

const PLAIN = { wide: false, colour: false };

describe('renderTable', () => {
  it('is as in the golden file', async () => {
    await expect(renderTable(sampleResult(), PLAIN)).toMatchFileSnapshot('../golden/outputs/scan.table.txt');
  });

  it('wide is as in the golden file', async () => {
    const text = renderTable(sampleResult(), { wide: true, colour: false });
    await expect(text).toMatchFileSnapshot('../golden/outputs/scan.wide.txt');
  });

  it('counts the Pods that run the same, and keeps apart what differs', () => {
    const policy = policyOf('p');
    const pod = (name: string) => ({ pod: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name } });
    const rows = [
      judgedRow(policy, useOf('nginx', pod('a')), verified()),
      judgedRow(policy, useOf('nginx', pod('b')), verified()),
      judgedRow(policy, useOf('nginx', pod('c')), rejected()),
    ];
    const lines = renderTable(scanResult(rows, []), PLAIN).trimEnd().split('\n').slice(1);
    expect(lines.map((line) => line.split(/ {2,}/).slice(3, 7))).toEqual([
      ['2', 'nginx', 'p', 'verified'],
      ['1', 'nginx', 'p', 'rejected'],
    ]);
  });

  it('colours change nothing but colours', () => {
    const coloured = renderTable(sampleResult(), { wide: true, colour: true });
    expect(coloured).toContain('\u001b[31mrejected\u001b[0m');
    // oxlint-disable-next-line no-control-regex
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(renderTable(sampleResult(), { wide: true, colour: false }));
  });

  it.each([
    ['an escape sequence', '\u001b[2J', '\\u{1b}[2J'],
    ['a C1 control', '\u009b31m', '\\u{9b}31m'],
    ['a line break', 'a\nverified', 'a\\u{a}verified'],
    ['a carriage return', 'a\rb', 'a\\u{d}b'],
    ['text turned around', '\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['an invisible character', 'a\u200bb', 'a\\u{200b}b'],
    ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
  ])('lets no terminal see %s', (_, message, shown) => {
    const rows = [judgedRow(policyOf('p'), useOf('nginx'), rejected(message))];
    const text = renderTable(scanResult(rows, []), PLAIN);
    expect(text).toContain(shown);
    expect(text).not.toContain(message);
    expect(text.trimEnd().split('\n')).toHaveLength(2);
  });

  it('is empty where there is nothing', () => {
    expect(renderTable(scanResult([], []), PLAIN)).toBe('');
  });
});

describe('renderSummary', () => {
  it('says what was not looked at', () => {
    expect(renderSummary(sampleResult())).toBe(
      '6 checks: 2 verified, 2 rejected, 1 unknown, 1 excepted; 1 image use is covered by no policy\n',
    );
    expect(renderSummary(scanResult([], []))).toBe('0 checks: 0 verified, 0 rejected, 0 unknown, 0 excepted\n');
  });
});

describe('renderColumns', () => {
  it('aligns text of any width', () => {
    const rows = [
      ['日本', 'x'],
      ['e\u0301', 'x'],
      ['', 'x'],
      ['\u{1F680}', 'x'],
    ];
    const text = renderColumns(
      ['A', 'B'],
      rows.map((row) => row.map((cell) => ({ text: cell }))),
    );
    const widths = text
      .trimEnd()
      .split('\n')
      .map((line) => displayWidth(line));
    expect(new Set(widths).size).toBe(1);
    expect(text).toContain('<none>');
  });
});
