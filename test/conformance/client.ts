/**
 * One run of the conformance client: exit code 0 where the bundle proves what is asked, 1 where it does not, 64 where the
 * question is none of ours. Says why on stderr.
 */
import { readArguments } from './arguments.ts';
import { verifyBundle } from './verify-bundle.ts';

const asked = readArguments(process.argv.slice(2));
process.exitCode = asked.ok ? await answer(asked.question) : say(asked.why, 64);

async function answer(question: Parameters<typeof verifyBundle>[0]): Promise<number> {
  try {
    const outcome = await verifyBundle(question, new Date());
    return outcome.ok
      ? say(`verified: ${outcome.identity ?? outcome.fingerprint}`, 0)
      : say(`${outcome.reason}: ${outcome.message}`, 1);
  } catch (error) {
    return say(error instanceof Error ? error.message : String(error), 1);
  }
}

function say(text: string, code: number): number {
  process.stderr.write(`${text}\n`);
  return code;
}
