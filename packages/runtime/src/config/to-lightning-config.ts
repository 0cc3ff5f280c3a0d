import type { lightningSection } from "./lightning-section";
import type { Mode } from "./mode";
import type { SectionConfig } from "./parse-env";
import type { sessionSection } from "./session-section";

interface Sections {
  readonly lightning: SectionConfig<typeof lightningSection>;
  readonly session: SectionConfig<typeof sessionSection>;
  readonly mode: Mode;
}

/** The limits and fees of lifts and lands, under the names of core's `LightningConfig`. All processes must agree on them. */
export function toLightningConfig({ lightning, session, mode }: Sections) {
  return { ...lightning, network: mode.network, landFeeBps: BigInt(session.landFeeBps) };
}
