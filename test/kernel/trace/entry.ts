/** One rule (or the start of a table's hook) that the kernel tells a packet met, as both flavours tell it. */
export interface TraceEntry {
  readonly table: string;
  readonly chain: string;
  /** As iptables-save shows it; undefined for a chain's end or policy. */
  readonly rule: string | undefined;
  readonly protocol: 'TCP' | 'UDP' | 'OTHER';
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Whether it goes to a loopback address. */
  readonly loopback: boolean;
  /** TCP's answer to a SYN. */
  readonly acknowledges: boolean;
}

/** The packet's part of an entry. */
export type TracedHeader = Omit<TraceEntry, 'table' | 'chain' | 'rule'>;

export const NO_HEADER: TracedHeader = {
  protocol: 'OTHER',
  sourcePort: 0,
  destinationPort: 0,
  loopback: false,
  acknowledges: false,
};

/** What was read of a command's output, and what comes before its end is known. */
export interface ReadTrace {
  readonly entries: readonly TraceEntry[];
  readonly rest: Buffer;
}
