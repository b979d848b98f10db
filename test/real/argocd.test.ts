/**
 * The health that Argo CD shows of our kinds, by the Lua that it runs (gopher-lua): what kstatus says of the same object,
 * and nothing that is found in the cluster makes an application Degraded.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Condition } from '../../src/api/condition.ts';
import { kstatusOf } from '../support/kstatus.ts';
import { runTool, toolbox } from '../toolbox/toolbox.ts';

const FOLDER = join(import.meta.dirname, '../../config/argocd/resource_customizations/imagetrust.dev');
const KINDS = ['ImageTrustPolicy', 'TrustedKey'] as const;
const HEALTH = { Current: 'Healthy', InProgress: 'Progressing', Failed: 'Degraded' } as const;
const WAITING = 'Waiting for the operator';
const box = await toolbox('glua');

type Conditions = readonly (readonly [type: Condition['type'], status: Condition['status']])[];

/** Conditions in the order in which they stand in a status, the generation that they are of, and the message shown. */
const ROWS: readonly (readonly [what: string, conditions: Conditions, observed: number, message: string])[] = [
  ['nobody has looked yet', [], -1, WAITING],
  ['the spec has changed since', [['Ready', 'True']], 2, WAITING],
  [
    'all is well',
    [
      ['Compliant', 'True'],
      ['Ready', 'True'],
    ],
    3,
    'Ready says so',
  ],
  [
    'images are not trusted',
    [
      ['Compliant', 'False'],
      ['Ready', 'True'],
    ],
    3,
    'Ready says so',
  ],
  [
    'the last pass is too old',
    [
      ['Overdue', 'True'],
      ['Ready', 'True'],
    ],
    3,
    'Ready says so',
  ],
  [
    'nothing could be established',
    [
      ['Compliant', 'Unknown'],
      ['Ready', 'True'],
    ],
    3,
    'Ready says so',
  ],
  [
    'a key expires soon',
    [
      ['Expiring', 'True'],
      ['Ready', 'True'],
      ['RotationDue', 'True'],
    ],
    3,
    'Ready says so',
  ],
  ['not everything is done', [['Ready', 'False']], 3, 'Ready says so'],
  ['nobody knows', [['Ready', 'Unknown']], 3, 'Ready says so'],
  [
    'it is tried again',
    [
      ['Ready', 'False'],
      ['Reconciling', 'True'],
    ],
    3,
    'Reconciling says so',
  ],
  [
    'the spec is wrong',
    [
      ['Ready', 'False'],
      ['Stalled', 'True'],
    ],
    3,
    'Stalled says so',
  ],
  [
    'the spec is wrong, the condition first',
    [
      ['Stalled', 'True'],
      ['Ready', 'False'],
    ],
    3,
    'Stalled says so',
  ],
  [
    'it is stalled and tried again',
    [
      ['Stalled', 'True'],
      ['Ready', 'False'],
      ['Reconciling', 'True'],
    ],
    3,
    'Reconciling says so',
  ],
  [
    'what is False stalls nothing',
    [
      ['Stalled', 'False'],
      ['Reconciling', 'False'],
      ['Ready', 'True'],
    ],
    3,
    'Ready says so',
  ],
];

describe.skipIf(!box.ready).each(KINDS)('the health of a %s in Argo CD', (kind) => {
  test.each(ROWS)('%s', async (_, conditions, observedGeneration, message) => {
    const told = conditions.map(([type, status]) => ({ type, status, message: `${type} says so` }));
    const status = { observedGeneration, conditions: told };
    const object = { metadata: { generation: 3 }, spec: {}, status };
    expect(await healthOf(kind, object)).toEqual({ status: HEALTH[kstatusOf(3, status)], message });
  });

  test('an object without a status waits', async () => {
    expect(await healthOf(kind, { metadata: { generation: 1 }, spec: {} })).toEqual({
      status: 'Progressing',
      message: WAITING,
    });
  });

  test('what a message holds is data', async () => {
    const message = 'a "quote", a \\ and\na line ]] end os.exit(1) --';
    const conditions = [{ type: 'Ready', status: 'True', message }];
    const object = { metadata: { generation: 1 }, spec: {}, status: { observedGeneration: 1, conditions } };
    expect(await healthOf(kind, object)).toEqual({ status: 'Healthy', message });
  });
});

describe.skipIf(!box.ready)('a policy that is suspended', () => {
  const status = { observedGeneration: 1, conditions: [{ type: 'Ready', status: 'True', message: 'm' }] };
  test.each([
    [true, 'Suspended'],
    [false, 'Healthy'],
  ])('suspend: %s', async (suspend, health) => {
    const object = { metadata: { generation: 1 }, spec: { verification: { suspend } }, status };
    expect(await healthOf('ImageTrustPolicy', object)).toMatchObject({ status: health });
  });
});

/** Runs the check as Argo CD does: the object in `obj`, and of Lua's libraries nothing but what it leaves on. */
async function healthOf(kind: string, object: object): Promise<object> {
  const check = readFileSync(join(FOLDER, kind, 'health.lua'), 'utf8');
  const script = [
    'local write = io.write',
    'for _, name in ipairs({"os", "io", "debug", "package", "channel", "coroutine"}) do _G[name] = nil end',
    'for _, name in ipairs({"require", "module", "dofile", "loadfile", "load", "loadstring", "print"}) do _G[name] = nil end',
    `obj = ${luaOf(object)}`,
    `local function check()\n${check}\nend`,
    'local health = check()',
    'write(health.status, "\\n", health.message)',
  ].join('\n');
  const { code, stdout, stderr } = await runTool(box.ready ? box.path('glua') : '', ['-e', script]);
  if (code !== 0) throw new Error(stderr + stdout);
  const [status, ...message] = stdout.split('\n');
  return { status, message: message.join('\n') };
}

/** JSON as a value of Lua. */
function luaOf(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(luaOf).join(', ')}}`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, inner]) => `[${textOf(key)}] = ${luaOf(inner)}`)
      .join(', ')}}`;
  return typeof value === 'string' ? textOf(value) : String(value);
}

/** Every byte by its number: nothing to escape. */
function textOf(text: string): string {
  return `"${[...Buffer.from(text)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')}"`;
}
