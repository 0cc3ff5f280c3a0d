import type { AskedSignature } from "@arkrelay/core/ark/types";
import { AppError } from "@arkrelay/core/errors";
import type { ChallengeContent } from "@arkrelay/core/nostr/challenge-content";
import type { ChallengeProgress, ChallengeStore, NewChallenge } from "@arkrelay/core/ports/session-stores";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { Challenge, ChallengeStage, ChallengeStatus, CollectedSignature } from "@arkrelay/core/session/challenge";
import type { Sealer } from "@arkrelay/runtime/sealing";

import type { Database } from "../connection";
import { DuplicateKeyError } from "../driver-errors";
import { nullable, readBigint, readDate, readInteger, readJson, readText, type Row } from "../row";
import type { SqlHandle, SqlParam } from "../sql-handle";
import { connectionOf } from "../transactions";

const COLUMNS = `c.id, c.challenge_id, c.session_id, c.signer_pubkey, c.stage, c.step_index, c.payload_ref, c.items, c.content,
  c.status, c.expires_at, c.created_at, c.answered_at, c.wrong_answers, c.challenge_event_id`;

/** A session has one challenge per stage and re-preparation; far more than any session sees. */
const CHALLENGES_MAX = 200;
const SIGNATURES_MAX = 200;

/** signing_challenges and collected_signatures. */
export class DrizzleChallengeStore implements ChallengeStore {
  constructor(
    private readonly database: Pick<Database, "select" | "selectOnce">,
    private readonly sealer: Sealer,
  ) {}

  async insert(tx: Tx, challenge: NewChallenge): Promise<Challenge> {
    const { content } = challenge;
    try {
      const [row] = await connectionOf(tx).select(
        `INSERT INTO signing_challenges (challenge_id, session_id, signer_pubkey, type, stage, open_key, step_index, step_total,
           payload_ref, payload_to_sign, content, items, algo, domain, status, expires_at, created_at, challenge_event_id)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'issued', ?, NOW(3), ?) RETURNING id, created_at`,
        [
          challenge.challengeId,
          challenge.sessionRowId,
          challenge.signerPubkey,
          content.type,
          challenge.stage,
          `${challenge.sessionRowId}|${challenge.signerPubkey}|${challenge.stage ?? content.type}`,
          challenge.stepIndex,
          content.step_total,
          content.payload_ref,
          content.payload_to_sign,
          JSON.stringify(content),
          JSON.stringify(challenge.items),
          content.algo,
          content.domain,
          challenge.expiresAt,
          challenge.challengeEventId ?? null,
        ],
      );
      return {
        ...challenge,
        id: readBigint(row ?? {}, "id"),
        createdAt: readDate(row ?? {}, "created_at"),
        payloadRef: content.payload_ref,
        status: "issued",
        answeredAt: undefined,
        wrongAnswers: 0,
      };
    } catch (error) {
      if (!(error instanceof DuplicateKeyError)) throw error;
      throw new AppError("conflict", { message: "A challenge of this stage is open already", cause: error });
    }
  }

  async findById(challengeId: string): Promise<Challenge | undefined> {
    const [row] = await this.database.select(`SELECT ${COLUMNS} FROM signing_challenges c WHERE c.challenge_id = ?`, [
      challengeId,
    ]);
    return row === undefined ? undefined : toChallenge(row);
  }

  async findOpen(tx: Tx | undefined, sessionRowId: bigint): Promise<Challenge | undefined> {
    const [row] = await this.handle(tx).select(
      `SELECT ${COLUMNS} FROM signing_challenges c WHERE c.session_id = ? AND c.status = 'issued' LIMIT 1`,
      [sessionRowId],
    );
    return row === undefined ? undefined : toChallenge(row);
  }

  async findAnswered(sessionRowId: bigint, stage: ChallengeStage | null): Promise<Challenge | undefined> {
    const [row] = await this.database.select(
      `SELECT ${COLUMNS} FROM signing_challenges c WHERE c.session_id = ? AND c.stage <=> ? AND c.status = 'used' ORDER BY c.id DESC LIMIT 1`,
      [sessionRowId, stage],
    );
    return row === undefined ? undefined : toChallenge(row);
  }

  async listProgress(sessionRowId: bigint): Promise<readonly ChallengeProgress[]> {
    const rows = await this.database.select(
      `SELECT c.challenge_id, c.signer_pubkey, c.status, JSON_LENGTH(c.items) AS need,
         (SELECT COUNT(*) FROM collected_signatures g WHERE g.challenge_id = c.id) AS have
       FROM signing_challenges c WHERE c.session_id = ? ORDER BY c.id LIMIT ?`,
      [sessionRowId, CHALLENGES_MAX],
    );
    return rows.map((row) => ({
      challengeId: readText(row, "challenge_id"),
      signerPubkey: readText(row, "signer_pubkey"),
      status: readText(row, "status") as ChallengeStatus,
      need: readInteger(row, "need"),
      have: readInteger(row, "have"),
    }));
  }

  async markUsed(tx: Tx, challenge: Challenge, responseEventId: string | undefined): Promise<boolean> {
    const { affectedRows } = await connectionOf(tx).write(
      `UPDATE signing_challenges SET status = 'used', is_used = TRUE, open_key = NULL, answered_at = NOW(3), response_event_id = ?
       WHERE id = ? AND status = 'issued'`,
      [responseEventId ?? null, challenge.id],
    );
    return affectedRows === 1;
  }

  async close(tx: Tx, challenge: Challenge, to: "expired" | "superseded"): Promise<boolean> {
    const { affectedRows } = await connectionOf(tx).write(
      "UPDATE signing_challenges SET status = ?, open_key = NULL WHERE id = ? AND status = 'issued'",
      [to, challenge.id],
    );
    return affectedRows === 1;
  }

  async renew(
    tx: Tx,
    challenge: Challenge,
    content: ChallengeContent,
    expiresAt: Date,
    eventId: string | undefined,
  ): Promise<void> {
    await connectionOf(tx).write(
      `UPDATE signing_challenges SET content = ?, expires_at = ?, challenge_event_id = COALESCE(?, challenge_event_id)
       WHERE id = ? AND status = 'issued'`,
      [JSON.stringify(content), expiresAt, eventId ?? null, challenge.id],
    );
  }

  async countWrongAnswer(tx: Tx, challenge: Challenge): Promise<number> {
    const connection = connectionOf(tx);
    await connection.write("UPDATE signing_challenges SET wrong_answers = wrong_answers + 1 WHERE id = ?", [
      challenge.id,
    ]);
    return (await getById(connection, challenge.id)).wrongAnswers;
  }

  async listExpired(now: Date, limit: number) {
    const rows = await this.database.select(
      `SELECT ${COLUMNS}, s.session_id AS public_session_id FROM signing_challenges c JOIN signing_sessions o ON o.id = c.session_id
         JOIN signing_sessions s ON s.id = COALESCE(o.head_id, o.id)
       WHERE c.is_used = FALSE AND c.status = 'issued' AND NOT (c.stage <=> 'checkpoint_txs') AND c.expires_at <= ? ORDER BY c.expires_at LIMIT ?`,
      [now, limit],
    );
    return rows.map((row) => ({ challenge: toChallenge(row), sessionId: readText(row, "public_session_id") }));
  }

  async insertSignatures(tx: Tx, challenge: Challenge, signatures: readonly CollectedSignature[]): Promise<void> {
    if (signatures.length === 0) return;
    const values = signatures.flatMap((each): SqlParam[] => [
      challenge.id,
      each.txid,
      each.input,
      each.pubkey,
      isPresigned(challenge, each) ? this.sealer.seal(each.sig, sealContextOf(challenge.id, each)) : each.sig,
    ]);
    const rows = signatures.map(() => "(?, ?, ?, ?, ?, NOW(3))").join(", ");
    await connectionOf(tx).writeOnce(
      `INSERT INTO collected_signatures (challenge_id, txid, input, pubkey, signature, verified_at) VALUES ${rows}`,
      values,
    );
  }

  async listSignatures(tx: Tx | undefined, challengeRowId: bigint): Promise<readonly CollectedSignature[]> {
    const rows = await this.handle(tx).select(
      "SELECT txid, input, pubkey, signature FROM collected_signatures WHERE challenge_id = ? ORDER BY id LIMIT ?",
      [challengeRowId, SIGNATURES_MAX],
    );
    return rows.map((row) => {
      const of = { txid: readText(row, "txid"), input: readInteger(row, "input"), pubkey: readText(row, "pubkey") };
      return { ...of, sig: this.open(challengeRowId, of, readText(row, "signature")) };
    });
  }

  private open(challengeRowId: bigint, of: Omit<CollectedSignature, "sig">, stored: string): string {
    if (PLAIN_SIGNATURE.test(stored)) return stored;
    return this.sealer.open(stored, sealContextOf(challengeRowId, of)).toString("utf8");
  }

  private handle(tx: Tx | undefined): Pick<SqlHandle, "select"> {
    return tx === undefined ? this.database : connectionOf(tx);
  }
}

const PLAIN_SIGNATURE = /^[0-9a-f]{128}$/;

/** Signatures of checkpoints that were given before arkd signed them: whoever reads the table must not be able to use them. */
function isPresigned(challenge: Challenge, { txid, input }: CollectedSignature): boolean {
  const { content } = challenge;
  if (content.type !== "sign_tx" || content.stage !== "ark_tx") return false;
  return content.items.some((item) => item.role === "checkpoint" && item.txid === txid && item.input === input);
}

function sealContextOf(challengeRowId: bigint, { txid, input, pubkey }: Omit<CollectedSignature, "sig">) {
  return { table: "collected_signatures", column: "signature", row: `${challengeRowId}|${txid}|${input}|${pubkey}` };
}

async function getById(connection: SqlHandle, id: bigint): Promise<Challenge> {
  const [row] = await connection.select(`SELECT ${COLUMNS} FROM signing_challenges c WHERE c.id = ?`, [id]);
  if (row === undefined) throw new AppError("internal_error", { internal: `challenge row ${id} is gone` });
  return toChallenge(row);
}

function toChallenge(row: Row): Challenge {
  return {
    id: readBigint(row, "id"),
    challengeId: readText(row, "challenge_id"),
    sessionRowId: readBigint(row, "session_id"),
    signerPubkey: readText(row, "signer_pubkey"),
    stage: nullable(row, "stage", readText) === undefined ? null : (readText(row, "stage") as ChallengeStage),
    stepIndex: readInteger(row, "step_index"),
    payloadRef: readText(row, "payload_ref"),
    items: readJson(row, "items") as readonly AskedSignature[],
    content: readJson(row, "content") as ChallengeContent,
    status: readText(row, "status") as ChallengeStatus,
    expiresAt: readDate(row, "expires_at"),
    createdAt: readDate(row, "created_at"),
    answeredAt: nullable(row, "answered_at", readDate),
    wrongAnswers: readInteger(row, "wrong_answers"),
    challengeEventId: nullable(row, "challenge_event_id", readText),
  };
}
