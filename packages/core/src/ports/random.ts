/** The only source of randomness in core. */
export interface Random {
  /** Cryptographically strong bytes. */
  bytes(length: number): Uint8Array;
  /** A version 4 UUID. */
  uuid(): string;
}
