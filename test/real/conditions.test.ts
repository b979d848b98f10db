/**
 * Conditions on attestations that the real cosign signed, asked of the real Kyverno and of us: the answers are equal, row
 * for row, and a condition that fails is told from one that cannot be evaluated.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { toolbox } from '../toolbox/toolbox.ts';
import { CONDITION_ROWS, PANIC_ROWS, PREDICATE } from '../core/predicate/conditions.table.ts';
import { type Answers, askKyverno, askScan, type Attestor, type Question } from './condition-judges.ts';
import { pushImage } from './content.ts';
import { type Lab, openLab } from './lab.ts';
import { ATTESTED, type Attested, PREDICATE_ROWS } from './predicates.table.ts';

const tools = await toolbox('cosign', 'registry', 'kubectl-kyverno');

const ROWS_TYPE = 'https://example.com/conditions/v1';

/** Each with the answer that is expected. */
const ASKED = [
  ...CONDITION_ROWS.map(([key, operator, value, expected], at) => ({
    id: `row-${at}`,
    name: `${key} ${operator} ${JSON.stringify(value)}`,
    of: 'rows',
    condition: { key, operator, value },
    expected,
  })),
  ...PREDICATE_ROWS.map((row, at) => ({ ...row, id: `predicate-${at}`, name: `${row.of}: ${row.name}` })),
];

const ALL_ATTESTED: Readonly<Record<string, Attested>> = {
  ...ATTESTED,
  rows: { type: ROWS_TYPE, uri: ROWS_TYPE, predicate: PREDICATE },
};

describe.skipIf(!tools.ready).each(['legacy', 'bundle'] as const)(
  'Kyverno 1.19.1 and we, attestations as %s',
  (format) => {
    let lab: Lab;
    let attestor: Attestor;
    let images: ReadonlyMap<string, string>;
    let theirs: Answers;
    let ours: Answers;

    const questionOf = ({ id, of, condition }: Pick<(typeof ASKED)[number], 'id' | 'of' | 'condition'>): Question => ({
      id,
      image: images.get(of) ?? '',
      predicateType: ALL_ATTESTED[of]?.uri ?? '',
      condition,
    });

    beforeAll(async () => {
      if (!tools.ready) return;
      lab = await openLab(tools.path('registry'));
      await lab.must(tools.path('cosign'), ['generate-key-pair']);
      attestor = { publicKey: await readFile(join(lab.folder, 'cosign.pub'), 'utf8'), format };
      images = new Map(
        await Promise.all(
          Object.entries(ALL_ATTESTED).map(async ([name, attested]) => {
            const image = await signedImage(lab, tools.path('cosign'), { name, attested, format });
            return [name, image] as const;
          }),
        ),
      );
      const questions = ASKED.map(questionOf);
      theirs = await askKyverno(lab, { path: tools.path('kubectl-kyverno'), attestor }, questions);
      ours = await askScan(lab, attestor, questions);
    });
    afterAll(async () => {
      await lab?.close();
    });

    it.each(ASKED)('$name: $expected', ({ id, expected }) => {
      expect({ theirs: theirs.get(id), ours: ours.get(id) }).toEqual({ theirs: expected, ours: expected });
    });

    test.each(PANIC_ROWS)(
      '%s %s %j takes Kyverno down, and is an error with us',
      async (key, operator, value, expected) => {
        if (!tools.ready) return;
        const question = questionOf({ id: 'panic', of: 'rows', condition: { key, operator, value } });
        await expect(askKyverno(lab, { path: tools.path('kubectl-kyverno'), attestor }, [question])).rejects.toThrow(
          'panic: interface conversion',
        );
        expect((await askScan(lab, attestor, [question])).get('panic')).toBe(expected);
      },
    );
  },
);

/** An image that is signed and attested, by digest. */
async function signedImage(
  lab: Lab,
  cosign: string,
  { name, attested, format }: { name: string; attested: Attested; format: Attestor['format'] },
): Promise<string> {
  const host = lab.registries.hostOf('the referrers API');
  const { digest } = await pushImage({ host, name: `conditions/${name}` }, name, 'v1');
  const image = `${host}/conditions/${name}@${digest}`;
  await writeFile(join(lab.folder, `${name}.json`), JSON.stringify(attested.predicate));
  const flags = ['--yes', '--allow-http-registry', '--use-signing-config=false', '--tlog-upload=false'];
  const formatFlag = format === 'legacy' ? ['--new-bundle-format=false'] : [];
  const common = [...flags, ...formatFlag, '--key', 'cosign.key'];
  await lab.must(cosign, ['sign', ...common, image]);
  const predicate = ['--type', attested.type, '--predicate', `${name}.json`];
  await lab.must(cosign, ['attest', ...common, ...predicate, image]);
  return image;
}
