/**
 * Counting vouchers: how many entries of a set can be given a signer of their own. One key never counts twice,
 * also when several entries hold it (a maximum matching between entries and signers).
 */

/**
 * The largest number of entries that can each be assigned a different signer.
 * @param signersOfEntries for each entry the ids of all signers that vouched through it
 */
export function countDistinctVouchers(signersOfEntries: readonly (readonly string[])[]): number {
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
