import { thrownBy } from "../testing/thrown-by";
import { parseResponseContent } from "./response-content";

const answer = {
  session_id: "ab".repeat(32),
  payload_ref: `sha256:${"cd".repeat(32)}`,
  algo: "BIP340",
  signature: "ef".repeat(64),
};

test("an answer without its type is taken, and its signature comes out in lower case without 0x", () => {
  expect(parseResponseContent(JSON.stringify({ ...answer, signature: `0x${"EF".repeat(64)}` }))).toMatchObject({
    type: undefined,
    sessionId: answer.session_id,
    signature: answer.signature,
  });
});

test.each([
  ["session_id", { session_id: "sitzung-\u00fc" }],
  ["challenge_id", { challenge_id: "a b" }],
  ["algo", { algo: "ECDSA" }],
  ["signatures", { signatures: [{ txid: "ab".repeat(32), input: 0, sig: "ef".repeat(64) }] }],
])("an answer with a bad %s is refused by the name of the field", (path, spoilt) => {
  expect(thrownBy(() => parseResponseContent(JSON.stringify({ ...answer, ...spoilt })))).toMatchObject({
    code: "invalid_request",
    errors: [{ path }],
  });
});
