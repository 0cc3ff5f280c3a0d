import { hex } from "@scure/base";

import type { Bolt11Field, Bolt11Invoice } from "./bolt11-invoice";
import { Bolt11FormatError, decodeBolt11 } from "./decode-bolt11";
import { encodeBolt11 } from "./encode-bolt11";

// The examples of BOLT 11 (lightning/bolts, 11-payment-encoding.md).
const SECRET = hex.decode("e126f68f7eafcc8b74f54d269fe206be715000f94dac067d1c04a8ca3b2db734");
const PAYEE = "03e7156ae33b0a208d0744199163177e909e80176e55d97a2f221ede0f934dd9ad";
const paymentSecret: Bolt11Field = { tag: "payment_secret", secret: "11".repeat(32) };
const paymentHash: Bolt11Field = {
  tag: "payment_hash",
  hash: "0001020304050607080900010203040506070809000102030405060708090102",
};
const descriptionHash: Bolt11Field = {
  tag: "description_hash",
  hash: "3925b6f67e2c340036ed12093dd44e0368df1b6ea26c53dbe4811f58fd5db8c1",
};
const features: Bolt11Field = { tag: "features", bits: [8, 14] };
const base = { network: "mainnet", amountMsat: undefined, timestamp: 1_496_314_658 } as const;

const VECTORS: readonly (readonly [string, Bolt11Invoice, string])[] = [
  [
    "a donation of any amount",
    {
      ...base,
      fields: [
        paymentSecret,
        paymentHash,
        { tag: "description", text: "Please consider supporting this project" },
        features,
      ],
    },
    "lnbc1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdpl2pkx2ctnv5sxxmmwwd5kgetjypeh2ursdae8g6twvus8g6rfwvs8qun0dfjkxaq9qrsgq357wnc5r2ueh7ck6q93dj32dlqnls087fxdwk8qakdyafkq3yap9us6v52vjjsrvywa6rt52cm9r9zqt8r2t7mlcwspyetp5h2tztugp9lfyql",
  ],
  [
    "a cup of coffee within a minute",
    {
      ...base,
      amountMsat: 250_000_000n,
      fields: [
        paymentSecret,
        paymentHash,
        { tag: "description", text: "1 cup coffee" },
        { tag: "expiry", seconds: 60 },
        features,
      ],
    },
    "lnbc2500u1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpu9qrsgquk0rl77nj30yxdy8j9vdx85fkpmdla2087ne0xh8nhedh8w27kyke0lp53ut353s06fv3qfegext0eh0ymjpf39tuven09sam30g4vgpfna3rh",
  ],
  [
    "a shopping list by its hash",
    { ...base, amountMsat: 2_000_000_000n, fields: [paymentSecret, paymentHash, descriptionHash, features] },
    "lnbc20m1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqhp58yjmdan79s6qqdhdzgynm4zwqd5d7xmw5fk98klysy043l2ahrqs9qrsgq7ea976txfraylvgzuxs8kgcw23ezlrszfnh8r6qtfpr6cxga50aj6txm9rxrydzd06dfeawfk6swupvz4erwnyutnjq7x39ymw6j38gp7ynn44",
  ],
  [
    "a fallback address and a route over two hops",
    {
      ...base,
      amountMsat: 2_000_000_000n,
      fields: [
        paymentSecret,
        paymentHash,
        descriptionHash,
        { tag: "fallback", version: 17, program: "04b61f7dc1ea0dc99424464cc4064dc564d91e89" },
        {
          tag: "route",
          hops: [
            {
              pubkey: "029e03a901b85534ff1e92c43c74431f7ce72046060fcf7a95c37e148f78c77255",
              shortChannelId: 0x0102030405060708n,
              feeBaseMsat: 1,
              feeProportionalMillionths: 20,
              cltvExpiryDelta: 3,
            },
            {
              pubkey: "039e03a901b85534ff1e92c43c74431f7ce72046060fcf7a95c37e148f78c77255",
              shortChannelId: 0x030405060708090an,
              feeBaseMsat: 2,
              feeProportionalMillionths: 30,
              cltvExpiryDelta: 4,
            },
          ],
        },
        features,
      ],
    },
    "lnbc20m1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqhp58yjmdan79s6qqdhdzgynm4zwqd5d7xmw5fk98klysy043l2ahrqsfpp3qjmp7lwpagxun9pygexvgpjdc4jdj85fr9yq20q82gphp2nflc7jtzrcazrra7wwgzxqc8u7754cdlpfrmccae92qgzqvzq2ps8pqqqqqqpqqqqq9qqqvpeuqafqxu92d8lr6fvg0r5gv0heeeqgcrqlnm6jhphu9y00rrhy4grqszsvpcgpy9qqqqqqgqqqqq7qqzq9qrsgqdfjcdk6w3ak5pca9hwfwfh63zrrz06wwfya0ydlzpgzxkn5xagsqz7x9j4jwe7yj7vaf2k9lqsdk45kts2fd0fkr28am0u4w95tt2nsq76cqw0",
  ],
  [
    "9678785340 pico-bitcoin on a cheeseburger",
    {
      ...base,
      timestamp: 1_572_468_703,
      amountMsat: 967_878_534n,
      fields: [
        {
          tag: "payment_hash",
          hash: "462264ede7e14047e9b249da94fefc47f41f7d02ee9b091815a5506bc8abf75f",
        },
        { tag: "expiry", seconds: 604_800 },
        { tag: "min_final_cltv_expiry", blocks: 10 },
        {
          tag: "description",
          text: 'Blockstream Store: 88.85 USD for Blockstream Ledger Nano S x 1, "Back In My Day" Sticker x 2, "I Got Lightning Working" Sticker x 2 and 1 more items',
        },
        paymentSecret,
        features,
        {
          tag: "route",
          hops: [
            {
              pubkey: "03d06758583bb5154774a6eb221b1276c9e82d65bbaceca806d90e20c108f4b1c7",
              shortChannelId: (589_390n << 40n) | (3_312n << 16n) | 1n,
              feeBaseMsat: 1_000,
              feeProportionalMillionths: 2_500,
              cltvExpiryDelta: 40,
            },
          ],
        },
      ],
    },
    "lnbc9678785340p1pwmna7lpp5gc3xfm08u9qy06djf8dfflhugl6p7lgza6dsjxq454gxhj9t7a0sd8dgfkx7cmtwd68yetpd5s9xar0wfjn5gpc8qhrsdfq24f5ggrxdaezqsnvda3kkum5wfjkzmfqf3jkgem9wgsyuctwdus9xgrcyqcjcgpzgfskx6eqf9hzqnteypzxz7fzypfhg6trddjhygrcyqezcgpzfysywmm5ypxxjemgw3hxjmn8yptk7untd9hxwg3q2d6xjcmtv4ezq7pqxgsxzmnyyqcjqmt0wfjjq6t5v4khxsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygsxqyjw5qcqp2rzjq0gxwkzc8w6323m55m4jyxcjwmy7stt9hwkwe2qxmy8zpsgg7jcuwz87fcqqeuqqqyqqqqlgqqqqn3qq9q9qrsgqrvgkpnmps664wgkp43l22qsgdw4ve24aca4nymnxddlnp8vh9v2sdxlu5ywdxefsfvm0fq3sesf08uf6q9a2ke0hc9j6z6wlxg5z5kqpu2v9wz",
  ],
];

/** The order of the last example's fields on the wire. */
const CHEESEBURGER_ORDER = [
  "payment_hash",
  "description",
  "payment_secret",
  "expiry",
  "min_final_cltv_expiry",
  "route",
  "features",
];

describe("BOLT 11", () => {
  it.each(VECTORS)("writes the specification's example of %s", (_name, invoice, text) => {
    const fields =
      invoice.timestamp === base.timestamp
        ? invoice.fields
        : CHEESEBURGER_ORDER.flatMap((tag) => invoice.fields.filter((field) => field.tag === tag));
    expect(encodeBolt11({ ...invoice, fields }, SECRET)).toBe(text);
  });

  it.each(VECTORS)("reads back every field and the payee of %s", (_name, invoice, text) => {
    const decoded = decodeBolt11(text);
    expect({ ...decoded, fields: new Set(decoded.fields) }).toEqual({
      ...invoice,
      fields: new Set(invoice.fields),
      payeePubkey: PAYEE,
    });
  });

  it("reads upper case, as QR codes carry it", () => {
    const [, , text] = VECTORS[0] ?? ["", undefined, ""];
    expect(decodeBolt11(text.toUpperCase()).payeePubkey).toBe(PAYEE);
  });

  it.each([
    ["a changed character", "lnbc1pvjluezsp5zyg3zyg3", ""],
    ["an amount finer than a millisatoshi", "lnbc2500000001p1pvjluez", ""],
    ["another prefix", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", ""],
  ])("refuses %s", (_name, text) => {
    expect(() => decodeBolt11(text)).toThrow(Bolt11FormatError);
  });
});
