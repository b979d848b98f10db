/**
 * What kind of place an IP address is. Owns the table of networks that are not the public internet; must never resolve
 * a name.
 */
import { BlockList, isIP } from 'node:net';

/**
 * `metadata`: services by which clouds give a machine its credentials. `link-local`: the same cable. `private`: networks
 * of an organisation, carrier-grade NAT included. `reserved`: nothing that a registry could be.
 */
export type AddressKind = 'public' | 'private' | 'loopback' | 'link-local' | 'metadata' | 'reserved';

type Network = readonly [network: string, prefix: number];

/** Of AWS, GCP, Azure and most others; ECS and EKS; Alibaba; Azure's wire server; Oracle; AWS and GCP over IPv6. */
const METADATA: readonly Network[] = [
  ['169.254.169.254', 32],
  ['169.254.170.2', 32],
  ['169.254.170.23', 32],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['192.0.0.192', 32],
  ['fd00:ec2::254', 128],
  ['fd00:ec2::23', 128],
  ['fd20:ce::254', 128],
];
const LOOPBACK: readonly Network[] = [
  ['127.0.0.0', 8],
  ['::1', 128],
];
const LINK_LOCAL: readonly Network[] = [
  ['169.254.0.0', 16],
  ['fe80::', 10],
];
const PRIVATE: readonly Network[] = [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['fc00::', 7],
  ['fec0::', 10],
];
/** The rest of IANA's special-purpose registries (RFC 6890). */
const RESERVED: readonly Network[] = [
  ['0.0.0.0', 8],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['::', 128],
  ['100::', 64],
  ['2001:db8::', 32],
  ['ff00::', 8],
];

/** In this order: the first that contains an address says what it is. */
const KINDS: readonly { readonly kind: AddressKind; readonly block: BlockList }[] = [
  { kind: 'metadata', block: blockOf(METADATA) },
  { kind: 'loopback', block: blockOf(LOOPBACK) },
  { kind: 'link-local', block: blockOf(LINK_LOCAL) },
  { kind: 'private', block: blockOf(PRIVATE) },
  { kind: 'reserved', block: blockOf(RESERVED) },
];

/** The kind of an IP address (without brackets or port); what is no address is `reserved`. */
export function kindOfAddress(address: string): AddressKind {
  const bare = embeddedIPv4(address) ?? address.replace(/%.*$/, '');
  const family = isIP(bare);
  if (family === 0) return 'reserved';
  const hit = KINDS.find(({ block }) => block.check(bare, family === 4 ? 'ipv4' : 'ipv6'));
  return hit?.kind ?? 'public';
}

function blockOf(networks: readonly Network[]): BlockList {
  const block = new BlockList();
  for (const [network, prefix] of networks) block.addSubnet(network, prefix, isIP(network) === 4 ? 'ipv4' : 'ipv6');
  return block;
}

/** IPv6 prefixes behind which an IPv4 address is reached, with the group at which it begins. */
const EMBEDDING: readonly { readonly groups: readonly number[]; readonly at: number }[] = [
  // IPv4-mapped and IPv4-compatible (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056).
  { groups: [0, 0, 0, 0, 0, 0xffff], at: 6 },
  { groups: [0x64, 0xff9b, 0, 0, 0, 0], at: 6 },
  { groups: [0x2002], at: 1 },
];

/** The IPv4 address that an IPv6 address stands for, if any. */
function embeddedIPv4(address: string): string | undefined {
  const bare = address.replace(/%.*$/, '');
  if (isIP(bare) !== 6) return undefined;
  const groups = groupsOf(bare);
  const form = EMBEDDING.find((one) => one.groups.every((group, index) => groups[index] === group));
  if (form === undefined) return undefined;
  const [high = 0, low = 0] = groups.slice(form.at);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight groups of an IPv6 address, as the URL parser writes them out. */
function groupsOf(address: string): readonly number[] {
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::');
  if (tail === undefined) return numbersOf(head);
  const [front, back] = [numbersOf(head), numbersOf(tail)];
  return [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
}

function numbersOf(part: string): readonly number[] {
  return part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
}
