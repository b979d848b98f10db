/**
 * A public key to which nobody has the private half: "nobody may vouch", in words that every version of Kyverno takes.
 * Owns the key alone.
 */

/**
 * The point of P-256 with the smallest x above SHA-256("image-trust-operator: nobody vouches") and an even y: it comes
 * from a hash and from no private key, and to find one for it is the discrete logarithm. The test makes it again.
 */
export const NOBODY_PEM = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEosAPcwyUtd5fi1H4OTM/6ljIYjh3
9yc4y2etVEAFhzqBbEW3ySYbxVl8N2Tc8QdceunbKFCCWGzGQIdeL6cq1A==
-----END PUBLIC KEY-----
`;
