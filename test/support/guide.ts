/**
 * Reads the commands of a guide: blocks marked `console`, where a line that begins with `$ ` is a command and what
 * follows is what it prints. `…` stands for anything, and any run of blanks for any other.
 */

export interface GuideStep {
  readonly line: number;
  readonly command: string;
  readonly expected: string;
}

/** The steps of a page of Markdown, in order. */
export function guideSteps(markdown: string): readonly GuideStep[] {
  const steps: { line: number; command: string; expected: string[] }[] = [];
  let inside = false;
  for (const [index, text] of markdown.split('\n').entries()) {
    if (!inside) inside = text === '```console';
    else if (text === '```') inside = false;
    else if (text.startsWith('$ ')) steps.push({ line: index + 1, command: text.slice(2), expected: [] });
    else steps.at(-1)?.expected.push(text);
  }
  return steps.map(({ expected, ...step }) => ({ ...step, expected: expected.join('\n') }));
}

/** Whether `printed` is what the guide says. */
export function isAsTold({ expected }: GuideStep, printed: string): boolean {
  const parts = expected.split('…').map((part) => part.trim().split(BLANKS).map(escaped).join(String.raw`\s+`));
  return new RegExp(`^${parts.join(String.raw`[^]*?`)}$`).test(printed.trim());
}

const BLANKS = /\s+/;

function escaped(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
}
