import { createHmac } from "node:crypto";

import { type Macaroon, isSignedBy, mintMacaroon } from "./macaroon";
import { type MacaroonId, MacaroonIdError, type MacaroonOp, decodeMacaroonId, encodeMacaroonId } from "./macaroon-id";
import { MacaroonFormatError, parseMacaroon, serializeMacaroon } from "./macaroon-v2";

/** Why a call is not allowed, in the daemons' words. They send it with gRPC status UNKNOWN. */
export class MacaroonRefusedError extends Error {}

const HEX = /^(?:[0-9a-f]{2})*$/i;
const NONCE_BYTES = 16;
/** The only caveat that lnd itself adds (`lncli bakemacaroon --timeout`). */
const TIME_BEFORE = "time-before ";

/** Makes and checks the macaroons of one daemon. Keys and nonces follow from the secret, so the files stay valid over restarts. */
export class MacaroonBakery {
  constructor(
    private readonly location: string,
    private readonly secret: Uint8Array,
    /** Root keys that exist; deleting one revokes all macaroons made with it. */
    private readonly rootKeyIds: Set<string>,
    private readonly nowMs: () => number,
  ) {}

  /** The bytes of a macaroon file. */
  bake(rootKeyId: string, ops: readonly MacaroonOp[]): Uint8Array {
    const nonce = this.#derive(`nonce/${rootKeyId}/${JSON.stringify(ops)}`).subarray(0, NONCE_BYTES);
    const id = encodeMacaroonId({ nonce, rootKeyId, ops });
    return serializeMacaroon(mintMacaroon(this.#rootKey(rootKeyId), this.location, id));
  }

  /**
   * Checks the values of a call's `macaroon` metadata against all of `required`, or the method's own `uri` op.
   * Throws MacaroonRefusedError.
   */
  authorise(values: readonly string[], required: readonly MacaroonOp[], methodPath: string): void {
    const [value] = values;
    if (value === undefined || values.length !== 1) {
      throw new MacaroonRefusedError(`expected 1 macaroon, got ${values.length}`);
    }
    if (!HEX.test(value)) throw new MacaroonRefusedError("encoding/hex: invalid byte in macaroon");
    this.authoriseBytes(Buffer.from(value, "hex"), required, methodPath);
  }

  authoriseBytes(bytes: Uint8Array, required: readonly MacaroonOp[], methodPath: string): void {
    const { macaroon, id } = readMacaroon(bytes);
    if (!this.rootKeyIds.has(id.rootKeyId)) {
      throw new MacaroonRefusedError(
        `cannot retrieve macaroon: cannot get macaroon: root key with id ${id.rootKeyId} doesn't exist`,
      );
    }
    if (!isSignedBy(macaroon, this.#rootKey(id.rootKeyId))) {
      throw new MacaroonRefusedError("verification failed: signature mismatch after caveat verification");
    }
    this.#checkCaveats(macaroon);
    const isAllowed = ({ entity, action }: MacaroonOp): boolean =>
      id.ops.some((op) => op.entity === entity && op.action === action);
    if (isAllowed({ entity: "uri", action: methodPath }) || required.every(isAllowed)) return;
    throw new MacaroonRefusedError("permission denied");
  }

  #checkCaveats(macaroon: Macaroon): void {
    for (const bytes of macaroon.caveats) {
      const caveat = Buffer.from(bytes).toString("utf8");
      if (!caveat.startsWith(TIME_BEFORE)) {
        throw new MacaroonRefusedError(`caveat "${caveat}" not satisfied: caveat not recognized`);
      }
      if (!(Date.parse(caveat.slice(TIME_BEFORE.length)) > this.nowMs())) {
        throw new MacaroonRefusedError(`caveat "${caveat}" not satisfied: macaroon has expired`);
      }
    }
  }

  #rootKey(rootKeyId: string): Uint8Array {
    return this.#derive(`root/${rootKeyId}`);
  }

  #derive(purpose: string): Buffer {
    return createHmac("sha256", this.secret).update(`${this.location}/${purpose}`).digest();
  }
}

function readMacaroon(bytes: Uint8Array): { macaroon: Macaroon; id: MacaroonId } {
  try {
    const macaroon = parseMacaroon(bytes);
    return { macaroon, id: decodeMacaroonId(macaroon.id) };
  } catch (error) {
    if (!(error instanceof MacaroonFormatError || error instanceof MacaroonIdError)) throw error;
    throw new MacaroonRefusedError(`unmarshal macaroon: ${error.message}`);
  }
}
