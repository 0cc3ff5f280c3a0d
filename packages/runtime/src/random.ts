import { randomBytes, randomUUID } from "node:crypto";

/** The operating system's random source, for core's Random port. */
export const systemRandom = {
  bytes(length: number): Uint8Array {
    return new Uint8Array(randomBytes(length));
  },
  uuid(): string {
    return randomUUID();
  },
};
