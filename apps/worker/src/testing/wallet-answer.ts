import { signItems } from "@arkrelay/core/ark/sign-items";
import type { Random } from "@arkrelay/core/ports/random";
import { signSchnorr } from "@arkrelay/core/schnorr";
import type { Challenge } from "@arkrelay/core/session/challenge";
import type { RespondInput } from "@arkrelay/core/session/respond-to-challenge";
import type { TestKey } from "@arkrelay/core/testing/ark-transfer";

export type WalletAnswer = Pick<RespondInput, "signature" | "signatures">;

/** Everything that a challenge asks for, signed with this key: each item of its transactions, or the hash of its payload. */
export function walletAnswer({ content, items }: Challenge, { secretKey }: TestKey, random: Random): WalletAnswer {
  if (content.type !== "sign_payload") return { signatures: signItems(items, secretKey, random) };
  const signature = signSchnorr(Buffer.from(content.payload_to_sign, "hex"), secretKey, random.bytes(32));
  return { signature: Buffer.from(signature).toString("hex") };
}
