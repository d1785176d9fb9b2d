/** What is called when workers do something, for metrics and logs. */
export interface WorkObserver {
  /** A question was turned away because its lane's queue is full. */
  rejected(lane: string): void;
  /** A question about a held snapshot came to a thread that has it parsed, or one that has to. */
  routed(parsed: boolean): void;
  /** A thread failed outside any question; it is replaced. */
  threadFailed(error: Error): void;
}
