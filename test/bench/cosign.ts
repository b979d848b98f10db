/** The other tool: the real `cosign verify`, a process per image, two at a time as on a machine with two cores. */
import { runTool } from '../toolbox/toolbox.ts';
import type { SignedImage } from './signed-images.ts';

/** How cosign did. Milliseconds. */
export interface CosignRun {
  readonly wallMs: number;
  /** Of each image. */
  readonly latencies: readonly number[];
}

const AT_ONCE = 2;

/** Verifies the images. Throws where cosign refuses one: then the images are wrong, and no figure is worth anything. */
export async function runCosign(
  cosign: string,
  host: string,
  keyFile: string,
  images: readonly SignedImage[],
): Promise<CosignRun> {
  const latencies: number[] = [];
  const queue = images.values();
  const worker = async (): Promise<void> => {
    for (const { repository, digest } of queue) {
      const args = ['verify', '--key', keyFile, '--insecure-ignore-tlog', '--allow-insecure-registry'];
      const start = performance.now();
      const { code, stderr } = await runTool(cosign, [...args, `${host}/${repository}@${digest}`]);
      latencies.push(performance.now() - start);
      if (code !== 0) throw new Error(`cosign refuses ${repository}@${digest}: ${stderr}`);
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { wallMs: performance.now() - start, latencies };
}
