import { boolean, integer, key32, list, oneOf, secret, text } from "./env-types";
import { defineSection, type SectionConfig } from "./parse-env";
import { findPlaceholders } from "./placeholder";

const RELAY_URL = /^wss?:\/\/[^\s]+$/;

/** Relays, the gateway's key, and the limits of what strangers may send. */
export const nostrSection = defineSection({
  variables: {
    NOSTR_RELAYS: list().prefault("wss://relay.damus.io,wss://nos.lol"),
    NOSTR_PRIVATE_KEY: secret(text().optional()),
    GATEWAY_NOSTR_PRIVATE_KEY: secret(text().optional()),
    GATEWAY_ENCRYPTION_KEY: secret(key32().optional()),
    NOSTR_PREVIOUS_KEYS: secret(list().prefault("")),
    NOSTR_DM_SCHEME: oneOf(["nip44", "nip04"]).default("nip44"),
    MIN_RELAY_ACKS: integer({ min: 1, max: 20 }).optional(),
    NOSTR_BACKFILL_OVERLAP_SECONDS: integer({ min: 1 }).default(900),
    NOSTR_EVENT_MAX_AGE_SECONDS: integer({ min: 1 }).default(900),
    NOSTR_EVENT_MAX_FUTURE_SECONDS: integer({ min: 1 }).default(120),
    MAX_INTENT_TTL_SECONDS: integer({ min: 60 }).default(86_400),
    NOSTR_INTENTS_PER_MINUTE: integer({ min: 1 }).default(30),
    NOSTR_REQUESTS_PER_MINUTE: integer({ min: 1 }).default(10),
    NOSTR_STRANGER_REPLIES_PER_MINUTE: integer({ min: 1 }).default(60),
    NOSTR_TEST_ROUTES: boolean().optional(),
    NOSTR_AUTO_START: boolean().default(false),
  },
  check: (values, mode) => {
    const problems: string[] = [];
    const hasKey = values.NOSTR_PRIVATE_KEY !== undefined || values.GATEWAY_NOSTR_PRIVATE_KEY !== undefined;
    if (values.NOSTR_AUTO_START && !hasKey)
      problems.push("NOSTR_PRIVATE_KEY: required while Nostr starts (NOSTR_AUTO_START); a key is never made silently");
    if (values.NOSTR_PRIVATE_KEY !== undefined && values.GATEWAY_NOSTR_PRIVATE_KEY !== undefined) {
      problems.push("NOSTR_PRIVATE_KEY: set together with GATEWAY_NOSTR_PRIVATE_KEY; keep one of them");
    }
    if (values.GATEWAY_NOSTR_PRIVATE_KEY !== undefined && values.GATEWAY_ENCRYPTION_KEY === undefined) {
      problems.push("GATEWAY_ENCRYPTION_KEY: required to open GATEWAY_NOSTR_PRIVATE_KEY");
    }
    if (!values.NOSTR_RELAYS.every((relay) => RELAY_URL.test(relay)))
      problems.push("NOSTR_RELAYS: expected a comma list of wss:// URLs");
    if (values.NOSTR_BACKFILL_OVERLAP_SECONDS < values.NOSTR_EVENT_MAX_AGE_SECONDS) {
      problems.push("NOSTR_BACKFILL_OVERLAP_SECONDS: must not be below NOSTR_EVENT_MAX_AGE_SECONDS");
    }
    if (values.MIN_RELAY_ACKS !== undefined && values.MIN_RELAY_ACKS > values.NOSTR_RELAYS.length) {
      problems.push("MIN_RELAY_ACKS: more than there are relays");
    }
    if (!mode.isProduction) return problems;
    if (values.NOSTR_RELAYS.some((relay) => relay.startsWith("ws://"))) {
      problems.push("NOSTR_RELAYS: ws:// is refused in production");
    }
    const { NOSTR_PRIVATE_KEY, GATEWAY_ENCRYPTION_KEY } = values;
    return [...problems, ...findPlaceholders({ NOSTR_PRIVATE_KEY, GATEWAY_ENCRYPTION_KEY })];
  },
  build: (values, mode) => ({
    relays: values.NOSTR_RELAYS,
    /** Hex or nsec. */
    privateKey: values.NOSTR_PRIVATE_KEY,
    sealedPrivateKey: values.GATEWAY_NOSTR_PRIVATE_KEY,
    sealedPrivateKeyOpener: values.GATEWAY_ENCRYPTION_KEY,
    previousKeys: values.NOSTR_PREVIOUS_KEYS,
    dmScheme: values.NOSTR_DM_SCHEME,
    // A single configured relay can never give two acks.
    minRelayAcks: values.MIN_RELAY_ACKS ?? (mode.isProduction ? Math.min(2, values.NOSTR_RELAYS.length) : 1),
    backfillOverlapSeconds: values.NOSTR_BACKFILL_OVERLAP_SECONDS,
    eventMaxAgeSeconds: values.NOSTR_EVENT_MAX_AGE_SECONDS,
    eventMaxFutureSeconds: values.NOSTR_EVENT_MAX_FUTURE_SECONDS,
    maxIntentTtlSeconds: values.MAX_INTENT_TTL_SECONDS,
    intentsPerMinute: values.NOSTR_INTENTS_PER_MINUTE,
    requestsPerMinute: values.NOSTR_REQUESTS_PER_MINUTE,
    strangerRepliesPerMinute: values.NOSTR_STRANGER_REPLIES_PER_MINUTE,
    testRoutes: values.NOSTR_TEST_ROUTES ?? !mode.isProduction,
    autoStart: values.NOSTR_AUTO_START,
  }),
});

export type NostrConfig = SectionConfig<typeof nostrSection>;
