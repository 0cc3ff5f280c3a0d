/** What the ledger's auditors remember of the node's channels, and what of them is booked. */
export interface ChannelBooks {
  /** Sats that the node lends to the commitments of channels it opened; a newer word replaces an older one. */
  noteLent(channels: readonly { readonly channelPoint: string; readonly lentSats: bigint }[]): Promise<void>;
  /** The last word on each that was ever noted. */
  findLent(channelPoints: readonly string[]): Promise<ReadonlyMap<string, bigint>>;
  /** Which of these business ids have an entry of this kind. */
  filterBooked(kind: string, businessIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Closes that moved money in the ledger. */
  countCloses(): Promise<number>;
}
