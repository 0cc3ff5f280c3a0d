import { createHash, timingSafeEqual } from "node:crypto";

export interface AdminKeys {
  /** false: every operator route answers `admin_disabled`. */
  readonly isEnabled: boolean;
  /** Constant time over all accepted keys. */
  matches(sent: string): boolean;
}

/** The current key first; the previous one stays valid during a rotation. No key at all switches the operator's routes off. */
export function createAdminKeys(keys: readonly string[]): AdminKeys {
  const digests = keys.map(sha256);
  return {
    isEnabled: digests.length > 0,
    // Hashed first: equal lengths for the comparison, whatever was sent. Every key is compared, so that time tells nothing.
    matches: (sent) => {
      const digest = sha256(sent);
      return digests.map((known) => timingSafeEqual(known, digest)).includes(true);
    },
  };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
