/** Names of IP protocols as `/etc/protocols` and iptables give them; unnamed numbers are printed as numbers. */
const NUMBERS: Readonly<Record<string, number>> = {
  all: 0,
  icmp: 1,
  igmp: 2,
  ipencap: 4,
  tcp: 6,
  udp: 17,
  dccp: 33,
  ipv6: 41,
  gre: 47,
  esp: 50,
  ah: 51,
  'ipv6-icmp': 58,
  ospf: 89,
  ipip: 94,
  vrrp: 112,
  sctp: 132,
  udplite: 136,
};
const ALIASES: Readonly<Record<string, string>> = { icmpv6: 'ipv6-icmp', ip: 'all' };
const NAMES = new Map(Object.entries(NUMBERS).map(([name, number]) => [number, name]));

/** The number of a protocol given by name (any case) or number, 0 for all; undefined when there is none. */
export function protocolNumber(text: string): number | undefined {
  const lower = text.toLowerCase();
  const name = Object.hasOwn(ALIASES, lower) ? (ALIASES[lower] as string) : lower;
  if (Object.hasOwn(NUMBERS, name)) return NUMBERS[name];
  return /^\d{1,3}$/.test(text) && Number(text) <= 255 ? Number(text) : undefined;
}

/** The name that `iptables-save` prints for a protocol given by name or number. */
export function protocolName(text: string): string {
  const number = protocolNumber(text);
  return number === undefined ? text : (NAMES.get(number) ?? String(number));
}
