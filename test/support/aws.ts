/**
 * A stand-in for AWS on loopback: KMS GetPublicKey, ECR GetAuthorizationToken and STS AssumeRoleWithWebIdentity, in the
 * protocols that the SDK speaks. It is not AWS: signatures of requests are looked at, not checked.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestAws {
  readonly host: string;
  readonly url: string;
  /** `TrentService.GetPublicKey us-east-1 AKIDEXAMPLE`: action, region and key id that signed. */
  readonly requests: string[];
  /** Public keys by id: DER, and what they are for. */
  readonly keys: Map<string, { readonly der: Uint8Array; readonly usage?: string }>;
  /** Answers of ECR: password and when it ends. */
  password: { readonly text: string; readonly expiresAt: Date };
  /** An error in place of every answer. */
  error: { readonly status: number; readonly name: string } | undefined;
  close(): Promise<void>;
}

export async function startAws(): Promise<TestAws> {
  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const aws: TestAws = {
    host,
    url: `http://${host}`,
    requests: [],
    keys: new Map(),
    password: { text: 'AWS:ecr-password', expiresAt: new Date(0) },
    error: undefined,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const [, id = '-', region = '-'] =
      /Credential=([^/]+)\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? [];
    const form = new URLSearchParams(body);
    const action = String(request.headers['x-amz-target'] ?? form.get('Action'));
    aws.requests.push(`${action} ${region} ${id}`);
    if (aws.error !== undefined) {
      const failed = { __type: aws.error.name, message: 's3cret-session' };
      return json(response, aws.error.status, failed);
    }
    if (action === 'AssumeRoleWithWebIdentity') return xml(response, assumed(form));
    if (action.endsWith('GetAuthorizationToken')) return json(response, 200, authorization());
    const { KeyId = '' } = JSON.parse(body) as { KeyId?: string };
    const key = aws.keys.get(KeyId);
    if (key === undefined) return json(response, 400, { __type: 'NotFoundException', message: 's3cret-session' });
    const PublicKey = Buffer.from(key.der).toString('base64');
    return json(response, 200, { KeyId, PublicKey, KeyUsage: key.usage ?? 'SIGN_VERIFY', KeySpec: 'ECC_NIST_P256' });
  }

  const authorization = (): object => ({
    authorizationData: [
      {
        authorizationToken: Buffer.from(aws.password.text).toString('base64'),
        expiresAt: aws.password.expiresAt.getTime() / 1000,
        proxyEndpoint: 'https://111122223333.dkr.ecr.eu-west-1.amazonaws.com',
      },
    ],
  });

  return aws;
}

function assumed(form: URLSearchParams): string {
  const given = `${form.get('RoleArn')} ${form.get('WebIdentityToken')}`;
  if (given !== 'arn:aws:iam::111122223333:role/image-trust the-jwt') return '<ErrorResponse/>';
  return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
<Credentials><AccessKeyId>ASIAFROMROLE</AccessKeyId><SecretAccessKey>x</SecretAccessKey><SessionToken>y</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify(body));
}

function xml(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': 'text/xml' });
  response.end(body);
}
