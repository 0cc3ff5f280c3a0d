import type { Challenge31511, SignPayloadChallenge } from "../event-schemas.js";
import { canonicalJson, payloadRef, taggedHash } from "../payloads.js";
import { must, orRefuse } from "./refuse.js";
import type { VerifyOptions } from "./verifier-types.js";

/** Check 1, last part: payload_ref names exactly the content that was sent. */
export function checkPayloadRef(content: Challenge31511): void {
  const covered = coveredBy(content);
  const expected = orRefuse("payload", "the payload is not canonical JSON", () => payloadRef(covered));
  must(content.payload_ref === expected, "payload", "payload_ref does not match the content");
}

function coveredBy(content: Challenge31511): unknown {
  if (content.type === "sign_payload") return content.payload;
  if (content.type === "sign_intent_proof") {
    const { session_id, proof_psbt, message, items, params } = content;
    return { session_id, proof_psbt, message, items, params };
  }
  const { session_id, stage, ark_psbt, checkpoint_psbts, items, params } = content;
  return { session_id, stage, ark_psbt, checkpoint_psbts, items, params };
}

/**
 * Check 10: what is signed is the tagged hash of the approved intent and nothing else. The tag keeps the signature
 * from being valid as a Nostr event or as a Bitcoin sighash. Returns the digest, recomputed here.
 */
export function checkSignPayload(content: SignPayloadChallenge, { intent }: VerifyOptions): string {
  const { action_id, type, params } = intent.content;
  const approved = canonicalJson({ action_id, type, params });
  const sent = orRefuse("digest", "the payload is not canonical JSON", () => canonicalJson(content.payload));
  must(sent === approved, "digest", "the payload is not the approved intent");
  const [namespace = type] = type.split(":");
  must(content.domain === `arkrelay/${namespace}/v1`, "digest", "the domain is another protocol's");
  const digest = taggedHash(content.domain, approved);
  must(
    content.payload_to_sign.replace(/^0x/, "") === digest,
    "digest",
    "payload_to_sign is not the tagged hash of the intent",
  );
  return digest;
}
