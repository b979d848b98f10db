/**
 * What policies can demand beside keys, each over Pods that meet it and Pods that do not. Every image is signed in both
 * formats, unless the row says otherwise.
 */
import { HUB_HOSTS } from './hub.ts';
import {
  ALL_WAYS,
  C_BUNDLE,
  C_LEGACY,
  hubImage,
  I_ANY,
  I_BUNDLE,
  type PodRow,
  type Scenario,
  type Scene,
  stage,
} from './stage.ts';
import { type Enforced, set } from './trust.ts';
import type { MadeImage, Workshop } from './workshop.ts';

const SLSA = 'https://slsa.dev/provenance/v1';
const BUILD = 'https://example.com/build/v1';
const SOON = '2099-01-01T00:00:00Z';
const LONG_AGO = '2026-01-01T00:00:00Z';

const ONE_EACH = [C_LEGACY, I_BUNDLE];

const team = { attestors: [set('team', ['a'])] };

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'places',
    ways: ALL_WAYS,
    scene(workshop) {
      const { at, made, signed, keys, pod } = stage(workshop, 'places');
      // Each image once: what comes of one that is written twice is tried below.
      const [app, second, init, volume] = ['app', 'second', 'init', 'volume'].map((place) => at(signed(place)));
      const everywhere = { image: app ?? '', second: second ?? '', init: init ?? '', volume: volume ?? '' };
      const bad = at(made('bad'));
      return {
        trust: { name: 'places', keys: keys('a'), policy: team },
        pods: [
          pod('signed-everywhere', true, everywhere),
          pod('unsigned', false, { ...everywhere, image: bad }),
          pod('unsigned-second', false, { ...everywhere, second: bad }),
          pod('unsigned-init', false, { ...everywhere, init: bad }),
          pod('unsigned-volume', false, { ...everywhere, volume: bad }),
          pod('unsigned-second-alone', false, { image: app ?? '', second: bad }),
          pod('unsigned-init-alone', false, { image: app ?? '', init: bad }),
          pod('unsigned-volume-alone', false, { image: app ?? '', volume: bad }),
        ],
      };
    },
  },
  {
    name: 'repeated',
    ways: [C_LEGACY, C_BUNDLE, unpinned(I_ANY), unpinned(I_BUNDLE)],
    scene: (workshop) => repeated(workshop, 'repeated', () => ':v1'),
  },
  {
    name: 'repeated-digests',
    ways: ALL_WAYS,
    scene: (workshop) => repeated(workshop, 'repeated-digests', ({ digest }) => `@${digest}`),
  },
  {
    name: 'exceptions',
    ways: ALL_WAYS,
    scene(workshop) {
      const { at, made, signed, keys, pod, below } = stage(workshop, 'exceptions');
      const excepted = at(made('excepted'));
      return {
        trust: {
          name: 'exceptions',
          keys: keys('a'),
          policy: {
            ...team,
            exceptions: [
              { images: [`${below}/excepted`], reason: 'INC-1', expiresAt: SOON },
              { images: [`${below}/expired`], reason: 'INC-2', expiresAt: LONG_AGO },
              { images: [`${below}/elsewhere`], namespaces: ['other-*'], reason: 'INC-3' },
              { images: [`${below}/here`], namespaces: ['excep*'], reason: 'INC-4' },
            ],
          },
        },
        pods: [
          pod('excepted', true, excepted),
          pod('excepted-here', true, at(made('here'))),
          pod('expired', false, at(made('expired'))),
          pod('excepted-elsewhere', false, at(made('elsewhere'))),
          pod('longer-name', false, at(made('excepted2'))),
          pod('signed-beside-excepted', true, { image: at(signed('good')), init: excepted }),
          pod('unsigned-beside-excepted', false, { image: at(made('bad')), init: excepted }),
        ],
      };
    },
  },
  {
    name: 'scope',
    ways: ALL_WAYS,
    scene(workshop) {
      const { at, made, signed, keys, pod, below } = stage(workshop, 'scope');
      const policy = { ...team, images: [`${below}/in/*`], excludeImages: [`${below}/in/sandbox/*`] };
      return {
        trust: { name: 'scope', keys: keys('a'), policy },
        pods: [
          pod('unsigned-in-scope', false, at(made('in/bad'))),
          pod('unsigned-by-digest', false, at(made('in/pinned'), `@${made('in/pinned').digest}`)),
          pod('unsigned-by-both', false, at(made('in/both'), `:v1@${made('in/both').digest}`)),
          pod('signed-by-digest', true, at(signed('in/good'), `@${made('in/good').digest}`)),
          pod('signed-by-both', true, at(signed('in/good2'), `:v1@${made('in/good2').digest}`)),
          pod('excluded', true, at(made('in/sandbox/any'))),
          pod('out-of-scope', true, at(made('out/any'))),
          pod('unsigned-beside-excluded', false, { image: at(made('in/sandbox/any')), init: at(made('in/bad')) }),
        ],
      };
    },
  },
  {
    name: 'spellings',
    ways: ALL_WAYS,
    scene(workshop) {
      const { keys, pod } = stage(workshop, 'spellings');
      const [nginx, app] = ['library/nginx', 'acme/app'].map((name) => hubImage(workshop, name));
      const named = (wanted: boolean, ...images: readonly string[]): readonly PodRow[] =>
        images.map((image) => pod(image.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'), wanted, image));
      const hosts = [...HUB_HOSTS, 'docker.io:443'];
      return {
        trust: { name: 'spellings', keys: keys('a'), policy: { ...team, images: ['nginx', 'acme/*'] } },
        pods: [
          ...named(true, 'nginx', 'library/nginx', 'docker.io/nginx', 'docker.io/library/nginx'),
          ...named(true, `nginx@${nginx?.good}`, `nginx:v1@${nginx?.good}`, 'index.docker.io/library/nginx:v1'),
          ...named(true, 'index.DOCKER.io/library/nginx:latest', 'acme/app', `docker.io/acme/app@${app?.good}`),
          ...named(
            false,
            'nginx:bad',
            'library/nginx:bad',
            'docker.io/nginx:bad',
            'index.DOCKER.io/nginx:bad',
            'acme/app:bad',
          ),
          ...named(false, `nginx@${nginx?.bad}`, `nginx:v1@${nginx?.bad}`, `library/nginx:bad@${nginx?.bad}`),
          ...named(false, ...hosts.map((host) => `${host}/library/nginx:bad`), `docker.io/acme/app@${app?.bad}`),
          ...named(false, ...hosts.map((host) => `${host}/acme/app:bad`)),
          ...named(true, 'nginx2:bad', 'other/nginx:bad', 'library/nginx2:bad', 'quay.example.com/nginx:bad'),
        ],
      };
    },
  },
  {
    name: 'upper-case',
    ways: ALL_WAYS,
    scene(workshop) {
      const { made, signed, keys, pod } = stage(workshop, 'upper-case');
      const port = workshop.host.split(':').at(-1);
      const at = (host: string, { repository }: MadeImage): string => `${host}:${port}/${repository}:v1`;
      const [good, bad] = [signed('good'), made('bad')];
      return {
        trust: { name: 'upper-case', keys: keys('a'), policy: { ...team, images: [`localhost:${port}/upper-case/*`] } },
        pods: [
          pod('unsigned', false, at('localhost', bad)),
          pod('unsigned-in-upper-case', false, at('LOCALHOST', bad)),
          pod('unsigned-in-both', false, at('LocalHost', bad)),
          pod('signed', true, at('localhost', good)),
          pod('out-of-scope-in-upper-case', true, at('LOCALHOST', workshop.image('elsewhere/bad'))),
        ],
      };
    },
  },
  {
    name: 'selectors',
    ways: ONE_EACH,
    scene(workshop) {
      const { at, made, signed, keys, pod } = stage(workshop, 'selectors');
      const [good, bad] = [at(signed('good')), at(made('bad'))];
      const cart = { labels: { app: 'cart' } };
      const match = {
        namespaces: ['selectors*'],
        excludeNamespaces: ['selectors-sandbox'],
        namespaceSelector: { matchLabels: { tier: 'gold' } },
        podSelector: { matchLabels: { app: 'cart' } },
      };
      const gold = { tier: 'gold' };
      return {
        trust: { name: 'selectors', keys: keys('a'), policy: { ...team, match } },
        namespaces: { selectors: gold, 'selectors-sandbox': gold, 'selectors-plain': {} },
        pods: [
          pod('unsigned', false, { image: bad, ...cart }),
          pod('signed', true, { image: good, ...cart }),
          pod('other-pod', true, bad),
          { ...pod('in-sandbox', true, { image: bad, ...cart }), namespace: 'selectors-sandbox' },
          { ...pod('without-label', true, { image: bad, ...cart }), namespace: 'selectors-plain' },
        ],
      };
    },
  },
  {
    name: 'two-of-three',
    ways: ALL_WAYS,
    scene(workshop) {
      const { at, signed, keys, pod } = stage(workshop, 'two-of-three');
      return {
        trust: {
          name: 'two-of-three',
          keys: keys('a', 'b', 'c'),
          policy: { attestors: [set('team', ['a', 'b', 'c'], 2)] },
        },
        pods: [
          pod('by-one', false, at(signed('a', ['a']))),
          pod('by-one-twice', false, at(signed('a-a', ['a', 'a']))),
          pod('by-one-and-a-stranger', false, at(signed('a-x', ['a', 'stranger']))),
          pod('by-two', true, at(signed('a-b', ['a', 'b']))),
          pod('by-the-other-two', true, at(signed('b-c', ['b', 'c']))),
          pod('by-all', true, at(signed('a-b-c', ['a', 'b', 'c']))),
        ],
      };
    },
  },
  {
    name: 'sets',
    ways: ALL_WAYS,
    scene(workshop) {
      const { at, signed, keys, pod } = stage(workshop, 'sets');
      const attestors = [set('team', ['a', 'b'], 1), set('security', ['c'])];
      return {
        trust: { name: 'sets', keys: keys('a', 'b', 'c'), policy: { attestors } },
        pods: [
          pod('by-one-set', false, at(signed('a', ['a']))),
          pod('by-all-of-one-set', false, at(signed('a-b', ['a', 'b']))),
          pod('by-the-other-set', false, at(signed('c', ['c']))),
          pod('by-both-sets', true, at(signed('b-c', ['b', 'c']))),
        ],
      };
    },
  },
  {
    name: 'annotations',
    ways: [C_LEGACY, I_BUNDLE],
    scene(workshop) {
      const { at, signed, keys, pod } = stage(workshop, 'annotations');
      const entries = [{ trustedKey: 'a', annotations: { env: 'prod', team: 'core' } }];
      const by = (what: string, annotations: Readonly<Record<string, string>>, who = 'a'): string =>
        at(signed(what, [who], { annotations }));
      return {
        trust: { name: 'annotations', keys: keys('a'), policy: { attestors: [{ name: 'team', entries }] } },
        pods: [
          pod('without', false, at(signed('without'))),
          pod('one-missing', false, by('missing', { env: 'prod' })),
          pod('another-value', false, by('dev', { env: 'dev', team: 'core' })),
          pod('by-a-stranger', false, by('stranger', { env: 'prod', team: 'core' }, 'stranger')),
          pod('right', true, by('right', { env: 'prod', team: 'core' })),
          pod('right-and-more', true, by('more', { env: 'prod', team: 'core', more: 'x' })),
        ],
      };
    },
  },
  {
    name: 'conditions',
    ways: ALL_WAYS,
    scene: (workshop) =>
      attested(workshop, 'conditions', {
        conditions: {
          all: [
            { key: '{{ buildDefinition.buildType }}', operator: 'Equals', value: BUILD },
            { key: '{{ runs }}', operator: 'GreaterThan', value: 2 },
          ],
        },
      }),
  },
  {
    name: 'expression',
    ways: [I_ANY, I_BUNDLE],
    scene: (workshop) =>
      attested(workshop, 'expression', {
        expression: `predicate.buildDefinition.buildType == '${BUILD}' && predicate.runs > 2`,
      }),
  },
  {
    name: 'repository',
    ways: [C_LEGACY, I_ANY, I_BUNDLE],
    scene(workshop) {
      const { at, signed, keys, pod, below } = stage(workshop, 'repository');
      const into = 'repository/signatures';
      const entries = [{ trustedKey: 'a', repository: `${below}/signatures` }];
      return {
        trust: { name: 'repository', keys: keys('a'), policy: { attestors: [{ name: 'team', entries }] } },
        pods: [
          pod('signed-there', true, at(signed('there', ['a'], { into }))),
          pod('signed-beside', false, at(signed('beside'))),
          pod('signed-there-by-a-stranger', false, at(signed('stranger', ['stranger'], { into }))),
        ],
      };
    },
  },
  {
    name: 'digests',
    ways: ALL_WAYS,
    scene(workshop) {
      const { at, made, signed, keys, pod } = stage(workshop, 'digests');
      const [good, bad] = [signed('good'), made('bad')];
      return {
        trust: { name: 'digests', keys: keys('a'), policy: { ...team, digest: { requireInSpec: true } } },
        pods: [
          pod('unsigned-by-digest', false, at(bad, `@${bad.digest}`)),
          pod('signed-by-tag', false, at(good)),
          pod('signed-by-digest', true, at(good, `@${good.digest}`)),
          pod('signed-by-both', true, at(good, `:v1@${good.digest}`)),
        ],
      };
    },
  },
  {
    name: 'lives',
    ways: ONE_EACH,
    scene(workshop) {
      const { at, signed, key, keys, pod } = stage(workshop, 'lives');
      const lives = {
        revoked: key('revoked', { lifecycle: { state: 'Revoked' } }),
        retiring: key('retiring', { lifecycle: { state: 'Retiring' } }),
        coming: key('coming', { lifecycle: { validFrom: SOON } }),
      };
      const names = ['a', ...Object.keys(lives)];
      return {
        trust: {
          name: 'lives',
          keys: { ...keys('a'), ...lives },
          policy: { attestors: [set('team', names, 1)] },
        },
        pods: [
          pod('revoked', false, at(signed('revoked', ['revoked']))),
          pod('coming', false, at(signed('coming', ['coming']))),
          pod('retiring', true, at(signed('retiring', ['retiring']))),
          pod('active', true, at(signed('active'))),
        ],
      };
    },
  },
  {
    name: 'nobody-left',
    ways: ALL_WAYS,
    scene(workshop) {
      const { at, signed, key, pod } = stage(workshop, 'nobody-left');
      const keys = { a: key('a', { lifecycle: { state: 'Revoked' } }) };
      return {
        trust: { name: 'nobody-left', keys, policy: team },
        pods: [pod('signed', false, at(signed('good')))],
      };
    },
  },
];

function unpinned(enforced: Enforced): Enforced {
  return { ...enforced, kyverno: { mutateDigest: false } };
}

/** One image in several places, beside another: an ImageValidatingPolicy as people write it hangs at some of these. */
function repeated(workshop: Workshop, name: string, end: (image: MadeImage) => string): Scene {
  const { at, made, signed, keys, pod } = stage(workshop, name);
  const written = (image: MadeImage): string => at(image, end(image));
  const [one, two, bad] = [written(signed('one')), written(signed('two')), written(made('bad'))];
  return {
    trust: { name, keys: keys('a'), policy: team },
    pods: [
      pod('twice', true, { image: one, second: one }),
      pod('twice-beside-another', true, { image: one, second: one, init: two }),
      pod('init-again', true, { image: one, second: two, init: one }),
      pod('volume-again', true, { image: one, second: two, volume: one }),
      pod('three-times', true, { image: one, second: one, init: one, volume: two }),
      pod('two-and-two', true, { image: one, second: two, init: one, volume: two }),
      pod('unsigned-twice', false, { image: bad, second: bad, init: one }),
      pod('unsigned-beside', false, { image: one, second: one, init: bad }),
      pod('unsigned-init-again', false, { image: one, second: bad, init: one, volume: bad }),
    ],
  };
}

/** Images that are signed and attested, rightly and wrongly; `demand` is what the attestation has to say. */
function attested(workshop: Workshop, name: string, demand: object): Scene {
  const { at, made, signed, keys, pod } = stage(workshop, name);
  const says = (image: MadeImage, key: string, predicate: object, type = SLSA): string => {
    workshop.attest(image, key, { type, predicate });
    return at(image);
  };
  const right = { buildDefinition: { buildType: BUILD }, runs: 3 };
  const attestations = [{ type: SLSA, ...demand }];
  return {
    trust: { name, keys: keys('a'), policy: { ...team, attestations } },
    pods: [
      pod('unsigned', false, at(made('bad'))),
      pod('right', true, says(signed('right'), 'a', right)),
      pod('without', false, at(signed('without'))),
      pod('another-value', false, says(signed('other'), 'a', { ...right, buildDefinition: { buildType: 'x' } })),
      pod('another-number', false, says(signed('number'), 'a', { ...right, runs: 2 })),
      pod('field-missing', false, says(signed('missing'), 'a', { runs: 3 })),
      pod('another-type', false, says(signed('type'), 'a', right, 'https://example.com/other')),
      pod('by-a-stranger', false, says(signed('stranger'), 'stranger', right)),
      pod('attested-alone', false, says(made('alone'), 'a', right)),
    ],
  };
}
