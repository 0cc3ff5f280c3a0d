import type { ArkDaemon, ArkServerInfo } from "@arkrelay/core/ports/ark-daemon";
import type { ArkInfoSource } from "@arkrelay/core/session/session-deps";

/**
 * arkd's parameters, asked from arkd itself. A change is also written down, because the API knows arkd only by that row.
 * Throws `daemon_unavailable` while arkd is away: the work waits.
 */
export function createArkInfoSource(
  arkd: Pick<ArkDaemon, "getInfo">,
  store: { save(info: ArkServerInfo): Promise<void> },
): ArkInfoSource {
  let savedDigest: string | undefined;
  return {
    async current() {
      const info = await arkd.getInfo();
      if (info.digest !== savedDigest) {
        await store.save(info);
        savedDigest = info.digest;
      }
      return info;
    },
  };
}
