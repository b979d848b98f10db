/**
 * Where a registry may send us: redirects and token services elsewhere are reached at public addresses, or where the
 * registry itself is. Owns the check of names at the moment of connecting, so that no second answer of a name server
 * can slip in between. Must never hold back a request to a registry itself: whoever names it chose where it is.
 */
import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Failure, invalid } from '../core/failure.ts';
import { type AddressKind, kindOfAddress } from './address.ts';
import { hostnameOf } from './host.ts';

/** What says where registries are and where they send us. */
export interface Reach {
  /** A connection to the registry at host[:port] was made, to this IP address. */
  connected(host: string, address: string): void;
  /** The kinds of addresses that this registry may send us to, sorted. */
  kindsFor(registry: string): readonly AddressKind[];
  /** Throws Failure invalid where the host is an IP address of another kind. Names are checked by `lookup`. */
  demandHost(errand: Errand): void;
  /** Resolves names for connections on an errand: to addresses of its kinds, or to a Failure invalid. */
  lookup(errand: Errand): LookupFunction;
}

/** A request that a registry sent us on. */
export interface Errand {
  /** Host without port or brackets. */
  readonly hostname: string;
  readonly kinds: readonly AddressKind[];
  /** For messages. */
  readonly where: string;
}

/** Hosts that are remembered; more than that are forgotten, oldest first: then they may send us to public places only. */
const MAX_KNOWN = 4096;

/** Makes one. `lookup`: how names are resolved, for tests. */
export function createReach(lookup: LookupFunction = systemLookup): Reach {
  const known = new Map<string, AddressKind>();
  return {
    connected(host, address): void {
      const name = hostnameOf(host);
      known.delete(name);
      known.set(name, kindOfAddress(address));
      const oldest = known.keys().next();
      if (known.size > MAX_KNOWN && oldest.done !== true) known.delete(oldest.value);
    },
    kindsFor(registry): readonly AddressKind[] {
      const name = hostnameOf(registry);
      const own = isIP(name) === 0 ? known.get(name) : kindOfAddress(name);
      return own === undefined || own === 'public' ? ['public'] : [own, 'public'];
    },
    demandHost(errand): void {
      if (isIP(errand.hostname) !== 0) demandKind([errand.hostname], errand);
    },
    lookup: (errand) => checked(lookup, errand),
  };
}

function checked(lookup: LookupFunction, errand: Errand): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, []);
      try {
        const all = typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found;
        const allowed = demandKind(
          all.map(({ address }) => address),
          errand,
        ).map((address) => ({ address, family: isIP(address) }));
        const [first] = allowed;
        if (options.all === true || first === undefined) return callback(null, allowed);
        return callback(null, first.address, first.family);
      } catch (refusal) {
        if (!(refusal instanceof Failure)) throw refusal;
        return callback(refusal, []);
      }
    });
  };
}

/** The addresses that may be connected to; at least one. Throws Failure invalid. */
function demandKind(addresses: readonly string[], { hostname, kinds, where }: Errand): readonly string[] {
  const allowed = addresses.filter((address) => kinds.includes(kindOfAddress(address)));
  if (allowed.length > 0 || addresses.length === 0) return allowed;
  const found = [...new Set(addresses.map((address) => SHOWN[kindOfAddress(address)]))].sort().join(' and ');
  throw invalid(
    where,
    `${kinds.map((kind) => SHOWN[kind]).join(' or ')}, which is where this registry may send anybody`,
    `${hostname}, which is at ${found}; if that is meant, say --allow-private ${hostname}`,
  );
}

const SHOWN: Readonly<Record<AddressKind, string>> = {
  public: 'a public address',
  private: 'a private address',
  loopback: 'a loopback address',
  'link-local': 'a link-local address',
  metadata: 'the address of a metadata service',
  reserved: 'a reserved address',
};
