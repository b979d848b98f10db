/**
 * Credentials of Amazon ECR for whoever this program is to AWS, through AWS's own SDK, loaded when a registry of ECR asks
 * and not before. Owns which hosts are ECR's and for how long a password is good. Must never answer for another host.
 */
import { invalid } from '../../core/failure.ts';
import type { Clock } from '../clock.ts';
import type { Credential, CredentialProvider } from '../credential.ts';
import { createFlights } from '../flights.ts';
import { failureOfAws } from './aws-failure.ts';

/** Private registries of ECR, in all partitions, with FIPS and dual-stack names. */
const ECR =
  /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d)\.(?:amazonaws\.com(?:\.cn)?|on\.aws|on\.amazonwebservices\.com\.cn)$/;
/** Part of its life (12 hours) after which a password is renewed. */
const USABLE = 0.9;

interface Password {
  readonly credential: Credential;
  /** Milliseconds on the clock. */
  readonly renewAt: number;
}

/** The region of a registry of ECR; undefined for every other host. */
export function ecrRegion(host: string): string | undefined {
  return ECR.exec(host.toLowerCase())?.[2];
}

/** A provider for ECR; none for other hosts. Throws Failure where AWS does not give a password: it was asked for. */
export function ecrCredentials(clock: Clock): CredentialProvider {
  const passwords = new Map<string, Password>();
  const flights = createFlights<Password>();
  return async (host, _, signal) => {
    const region = ecrRegion(host);
    if (region === undefined) return [];
    const known = passwords.get(region);
    if (known !== undefined && clock.now() < known.renewAt) return [known.credential];
    const where = `ECR in ${region}`;
    const fresh = await flights.join(region, { signal, where }, (flight) =>
      askForPassword(region, where, { signal: flight.signal, now: clock.now() }),
    );
    passwords.set(region, fresh);
    return [fresh.credential];
  };
}

async function askForPassword(
  region: string,
  where: string,
  { signal, now }: { readonly signal: AbortSignal; readonly now: number },
): Promise<Password> {
  const { ECRClient, GetAuthorizationTokenCommand } = await import('@aws-sdk/client-ecr');
  const client = new ECRClient({ region, maxAttempts: 2 });
  try {
    const { authorizationData: [data] = [] } = await client.send(new GetAuthorizationTokenCommand({}), {
      abortSignal: signal,
    });
    const credential = credentialIn(data?.authorizationToken, where);
    const life = (data?.expiresAt?.getTime() ?? now) - now;
    return { credential, renewAt: now + Math.max(0, life * USABLE) };
  } catch (error) {
    if (signal.aborted) throw error;
    throw failureOfAws(error, where, 'ecr:GetAuthorizationToken, and ecr:BatchGetImage on the repositories');
  } finally {
    client.destroy();
  }
}

/** The token is base64 of user:password. */
function credentialIn(token: string | undefined, where: string): Credential {
  const text = Buffer.from(token ?? '', 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) throw invalid(where, 'an authorization token', 'none');
  return { type: 'basic', username: text.slice(0, colon), password: text.slice(colon + 1) };
}
