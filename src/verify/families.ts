/** All signature families, in the order in which a manifest's layers are offered to them. */
import { cosignDsse } from './cosign-dsse/index.ts';
import { cosignSimple } from './cosign-simple/index.ts';
import type { SignatureFamily } from './family.ts';
import { notary } from './notary/index.ts';
import { sigstoreBundle } from './sigstore-bundle/index.ts';

/** Every format that this version can prove. */
export const FAMILIES: readonly SignatureFamily[] = [cosignSimple, cosignDsse, sigstoreBundle, notary];
