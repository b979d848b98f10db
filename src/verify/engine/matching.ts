/**
 * Counting vouchers: how many entries of a set can be given a signer of their own. One key never counts twice,
 * also when several entries hold it (a maximum matching between entries and signers).
 */

/** How a proof names its signer: by who it is, and by the key that signed. */
export interface Voucher {
  readonly signerId: string;
  readonly fingerprint: string;
}

/**
 * The largest number of entries that can each be assigned a different signer. Two proofs are by one signer when they
 * share the identity or the key: a key that also stands in a certificate does not count twice.
 * @param vouchersOfEntries for each entry all proofs that vouched through it
 */
export function countDistinctVouchers(vouchersOfEntries: readonly (readonly Voucher[])[]): number {
  const signerOf = joinSigners(vouchersOfEntries.flat());
  return countMatching(vouchersOfEntries.map((vouchers) => [...new Set(vouchers.map(signerOf))]));
}

/** Gives every proof the name of the group that it belongs to by shared identities and keys. */
function joinSigners(vouchers: readonly Voucher[]): (voucher: Voucher) => string {
  const parents = new Map<string, string>();
  const rootOf = (name: string): string => {
    const parent = parents.get(name) ?? name;
    return parent === name ? name : rootOf(parent);
  };
  const names = ({ signerId, fingerprint }: Voucher): readonly [string, string] => [
    `id ${signerId}`,
    `key ${fingerprint}`,
  ];
  for (const voucher of vouchers) {
    const [identity, key] = names(voucher);
    parents.set(rootOf(key), rootOf(identity));
  }
  return (voucher) => rootOf(names(voucher)[0]);
}

function countMatching(signersOfEntries: readonly (readonly string[])[]): number {
  const entryOfSigner = new Map<string, number>();
  let matched = 0;
  for (let entry = 0; entry < signersOfEntries.length; entry++) {
    if (assign(entry, signersOfEntries, entryOfSigner, new Set())) matched++;
  }
  return matched;
}

/** Kuhn's augmenting step: gives `entry` a signer, moving earlier entries to others of theirs where that helps. */
function assign(
  entry: number,
  signersOfEntries: readonly (readonly string[])[],
  entryOfSigner: Map<string, number>,
  tried: Set<string>,
): boolean {
  for (const signer of signersOfEntries[entry] ?? []) {
    if (tried.has(signer)) continue;
    tried.add(signer);
    const holder = entryOfSigner.get(signer);
    if (holder === undefined || assign(holder, signersOfEntries, entryOfSigner, tried)) {
      entryOfSigner.set(signer, entry);
      return true;
    }
  }
  return false;
}
