/** What the wallet learnt when it first met the gateway. A challenge that says anything else is refused. */
export interface Pins {
  /** arkd's signer, x-only, 64 hex. */
  readonly signer: string;
  /** Hex of the script that arkd puts under every checkpoint. */
  readonly checkpointTapscript: string;
  /** arkd's raw value: below 512 blocks, else seconds. */
  readonly exitDelay: number;
  /** Hex of the output script that lands are paid to. */
  readonly landScript: string;
  /** Sats of one transfer. */
  readonly feeSats: number;
  /** Of a land, in hundredths of a percent. */
  readonly landFeeBps: number;
}
