/**
 * Image globs of other policies, in our terms. Owns what each of them can match by its own rules (measured for Kyverno);
 * must never leave an image out of `images` that was in, nor put one into `excludeImages` that was not, unsaid.
 */
import type { Field } from '../../core/manifests/field.ts';
import type { Draft } from './draft.ts';

const GRAMMAR = /^[-A-Za-z0-9._:/@*?[\]]{1,512}$/;

/** Globs and what to say of each. */
type Translated = { readonly globs: readonly string[]; readonly remark?: string };

/** Translates one glob. */
type Translate = (glob: string) => Translated;

/** Globs that select images. */
export function selectedImages(fields: readonly Field[], translate: Translate, draft: Draft): readonly string[] {
  return translated(fields, (glob) => widened(glob, translate), draft);
}

/** Globs that leave images out. */
export function leftOutImages(fields: readonly Field[], translate: Translate, draft: Draft): readonly string[] {
  return translated(fields, (glob) => translate(glob), draft);
}

function translated(fields: readonly Field[], translate: Translate, draft: Draft): readonly string[] {
  const globs = fields.flatMap((field) => {
    if (typeof field.value !== 'string' || field.value === '') {
      field.report({ path: field.path, expected: 'an image or a glob', found: JSON.stringify(field.value ?? null) });
      return [];
    }
    const { globs: ours, remark } = translate(field.value);
    const sound = ours.filter((glob) => GRAMMAR.test(glob) && !glob.includes('://'));
    if (sound.length < ours.length) draft.note('lost', field, 'no image can have such a name');
    else if (remark !== undefined) draft.note(sound.length === 0 ? 'lost' : 'changed', field, remark);
    return sound;
  });
  return [...new Set(globs)];
}

/** What never matched anything is kept among the images: whoever wrote it meant something by it. */
function widened(glob: string, translate: Translate): Translated {
  const { globs, remark } = translate(glob);
  if (globs.length > 0 || remark === undefined) return { globs, ...(remark === undefined ? {} : { remark }) };
  return { globs: [glob], remark: remark.replace('; left out', ', here it does') };
}

/** Kyverno ClusterPolicy: `registry/path:tag` or `registry/path@digest`, `docker.io/` put in front, `library/` not. */
export function clusterPolicyGlob(glob: string): Translated {
  if (glob.includes('{'))
    return { globs: [], remark: 'Kyverno takes { for itself, so this matches no image; left out' };
  if (!/[*]$|[:@]/.test(glob.slice(glob.lastIndexOf('/') + 1)))
    return { globs: [], remark: 'Kyverno compares it with a tag or digest, so this matches no image; left out' };
  return { globs: [glob] };
}

/** The same for images that are left out: our globs cover more spellings of an image than Kyverno's. */
export function clusterPolicySkip(glob: string): Translated {
  const { globs, remark } = clusterPolicyGlob(glob);
  const tagged = /:[^/*@]*\*?$/.test(glob) && globs.length > 0;
  if (!tagged) return remark === undefined ? { globs } : { globs, remark };
  return {
    globs,
    remark: 'lets in more than before: it also leaves out such an image when a digest is written behind the tag',
  };
}

/** ImageValidatingPolicy: gobwas/glob on the text of the spec; `{a,b}` and `[abc]` have meaning. */
export function validatingPolicyGlob(glob: string): Translated {
  const globs = alternatives(glob);
  if (globs === undefined) return { globs: [], remark: 'too many alternatives, or braces that do not close; left out' };
  const plain = globs.map((text) => text.replace(/\[[^\]]*\]/g, '?').replace(/\*+/g, '*'));
  return plain.join() === globs.join()
    ? { globs }
    : { globs: plain, remark: 'a class [..] stands as ?, which is any character' };
}

const MAX_ALTERNATIVES = 64;

/** `{a,b}` written out; undefined where there is too much of it, or it does not close. */
export function alternatives(glob: string): readonly string[] | undefined {
  let open: readonly string[] = [glob];
  while (open.some((text) => text.includes('{'))) {
    const next = open.map((text) => {
      const match = /^([^{]*)\{([^{}]*)\}(.*)$/.exec(text);
      if (match === null) return text.includes('{') ? undefined : [text];
      const [, head = '', inner = '', tail = ''] = match;
      return inner.split(',').map((part) => `${head}${part}${tail}`);
    });
    if (next.includes(undefined)) return undefined;
    open = next.flatMap((texts) => texts ?? []);
    if (open.length > MAX_ALTERNATIVES) return undefined;
  }
  return open;
}

/** policy-controller: `**` crosses `/`, `*` does not; Docker Hub is index.docker.io. */
export function imagePolicyGlob(glob: string): Translated {
  const full = { '*': 'index.docker.io/library/*', '*/*': 'index.docker.io/*/*' }[glob] ?? glob;
  const ours = full.replace(/\*{2,}/g, '*');
  const crosses = /(^|[^*])\*([^*]|$)/.test(full);
  return crosses
    ? { globs: [ours], remark: 'here * crosses /, so images further down are covered as well' }
    : { globs: [ours] };
}
