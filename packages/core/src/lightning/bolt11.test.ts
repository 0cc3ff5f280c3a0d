import { utf8ToBytes } from "@noble/hashes/utils.js";
import { bech32, hex } from "@scure/base";

import { field, signBolt11 } from "../testing/bolt11-invoice";
import { thrownBy } from "../testing/thrown-by";
import { decodeBolt11 } from "./bolt11";

// The examples of BOLT 11 (lightning/bolts, 11-payment-encoding.md); all are signed by this node.
const PAYEE = "03e7156ae33b0a208d0744199163177e909e80176e55d97a2f221ede0f934dd9ad";
const HASH = "0001020304050607080900010203040506070809000102030405060708090102";
const LIST_HASH = "3925b6f67e2c340036ed12093dd44e0368df1b6ea26c53dbe4811f58fd5db8c1";
const SECRET = "11".repeat(32);

const DONATION =
  "lnbc1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdpl2pkx2ctnv5sxxmmwwd5kgetjypeh2ursdae8g6twvus8g6rfwvs8qun0dfjkxaq8rkx3yf5tcsyz3d73gafnh3cax9rn449d9p5uxz9ezhhypd0elx87sjle52x86fux2ypatgddc6k63n7erqz25le42c4u4ecky03ylcqca784w";
const COFFEE =
  "lnbc2500u1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpuaztrnwngzn3kdzw5hydlzf03qdgm2hdq27cqv3agm2awhz5se903vruatfhq77w3ls4evs3ch9zw97j25emudupq63nyw24cg27h2rspfj9srp";
const NONSENSE =
  "lnbc2500u1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdpquwpc4curk03c9wlrswe78q4eyqc7d8d0xqzpuyk0sg5g70me25alkluzd2x62aysf2pyy8edtjeevuv4p2d5p76r4zkmneet7uvyakky2zr4cusd45tftc9c5fh0nnqpnl2jfll544esqchsrny";
const LIST =
  "lnbc20m1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqhp58yjmdan79s6qqdhdzgynm4zwqd5d7xmw5fk98klysy043l2ahrqscc6gd6ql3jrc5yzme8v4ntcewwz5cnw92tz0pc8qcuufvq7khhr8wpald05e92xw006sq94mg8v2ndf4sefvf9sygkshp5zfem29trqq2yxxz7";
const TESTNET =
  "lntb20m1pvjluezhp58yjmdan79s6qqdhdzgynm4zwqd5d7xmw5fk98klysy043l2ahrqspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqfpp3x9et2e20v6pu37c5d9vax37wxq72un98kmzzhznpurw9sgl2v0nklu2g4d0keph5t7tj9tcqd8rexnd07ux4uv2cjvcqwaxgj7v4uwn5wmypjd5n69z2xm3xgksg28nwht7f6zspwp3f9t";
const ROUTE =
  "lnbc20m1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqhp58yjmdan79s6qqdhdzgynm4zwqd5d7xmw5fk98klysy043l2ahrqsfpp3qjmp7lwpagxun9pygexvgpjdc4jdj85fr9yq20q82gphp2nflc7jtzrcazrra7wwgzxqc8u7754cdlpfrmccae92qgzqvzq2ps8pqqqqqqpqqqqq9qqqvpeuqafqxu92d8lr6fvg0r5gv0heeeqgcrqlnm6jhphu9y00rrhy4grqszsvpcgpy9qqqqqqgqqqqq7qqzqj9n4evl6mr5aj9f58zp6fyjzup6ywn3x6sk8akg5v4tgn2q8g4fhx05wf6juaxu9760yp46454gpg5mtzgerlzezqcqvjnhjh8z3g2qqdhhwkj";
const P2SH =
  "lnbc20m1pvjluezhp58yjmdan79s6qqdhdzgynm4zwqd5d7xmw5fk98klysy043l2ahrqspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqfppj3a24vwu6r8ejrss3axul8rxldph2q7z9kmrgvr7xlaqm47apw3d48zm203kzcq357a4ls9al2ea73r8jcceyjtya6fu5wzzpe50zrge6ulk4nvjcpxlekvmxl6qcs9j3tz0469gq5g658y";
const P2WPKH =
  "lnbc20m1pvjluezhp58yjmdan79s6qqdhdzgynm4zwqd5d7xmw5fk98klysy043l2ahrqspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqfppqw508d6qejxtdg4y5r3zarvary0c5xw7kepvrhrm9s57hejg0p662ur5j5cr03890fa7k2pypgttmh4897d3raaq85a293e9jpuqwl0rnfuwzam7yr8e690nd2ypcq9hlkdwdvycqa0qza8";
const P2WSH =
  "lnbc20m1pvjluezhp58yjmdan79s6qqdhdzgynm4zwqd5d7xmw5fk98klysy043l2ahrqspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqfp4qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q28j0v3rwgy9pvjnd48ee2pl8xrpxysd5g44td63g6xcjcu003j3qe8878hluqlvl3km8rm92f5stamd3jw763n3hck0ct7p8wwj463cql26ava";
const PICO =
  "lnbc9678785340p1pwmna7lpp5gc3xfm08u9qy06djf8dfflhugl6p7lgza6dsjxq454gxhj9t7a0sd8dgfkx7cmtwd68yetpd5s9xar0wfjn5gpc8qhrsdfq24f5ggrxdaezqsnvda3kkum5wfjkzmfqf3jkgem9wgsyuctwdus9xgrcyqcjcgpzgfskx6eqf9hzqnteypzxz7fzypfhg6trddjhygrcyqezcgpzfysywmm5ypxxjemgw3hxjmn8yptk7untd9hxwg3q2d6xjcmtv4ezq7pqxgsxzmnyyqcjqmt0wfjjq6t5v4khxxqyjw5qcqp2rzjq0gxwkzc8w6323m55m4jyxcjwmy7stt9hwkwe2qxmy8zpsgg7jcuwz87fcqqeuqqqyqqqqlgqqqqn3qq9qn07ytgrxxzad9hc4xt3mawjjt8znfv8xzscs7007v9gh9j569lencxa8xeujzkxs0uamak9aln6ez02uunw6rd2ht2sqe4hz8thcdagpleym0j";
const BEANS =
  "lnbc25m1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5vdhkven9v5sxyetpdeessp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygs9q5sqqqqqqqqqqqqqqqpqsq67gye39hfg3zd8rgc80k32tvy9xk2xunwm5lzexnvpx6fd77en8qaq424dxgt56cag2dpt359k3ssyhetktkpqh24jqnjyw6uqd08sgptq44qu";
const IGNORED_FIELDS =
  "lnbc25m1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5vdhkven9v5sxyetpdeessp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygs9q5sqqqqqqqqqqqqqqqpqsq2qrqqqfppnqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqppnqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqpp4qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqhpnqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqhp4qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqspnqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqsp4qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqnp5qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqnpkqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq2jxxfsnucm4jf4zwtznpaxphce606fvhvje5x7d4gw7n73994hgs7nteqvenq8a4ml8aqtchv5d9pf7l558889hp4yyrqv6a7zpq9fgpskqhza";

const AT_2017 = new Date(1_496_314_658_000);
const plain = {
  network: "mainnet",
  paymentHash: HASH,
  payeePubkey: PAYEE,
  createdAt: AT_2017,
  expiresAt: new Date(AT_2017.getTime() + 3_600_000),
  minFinalCltv: 18,
} as const;
const aMinute = { expiresAt: new Date(AT_2017.getTime() + 60_000) };

it.each([
  ["a donation of any amount", DONATION, { ...plain, amountMsat: undefined, features: [], paymentSecret: undefined }],
  ["a coffee within a minute", COFFEE, { ...plain, ...aMinute, amountMsat: 250_000_000n, description: "1 cup coffee" }],
  [
    "a description in UTF-8",
    NONSENSE,
    { ...plain, ...aMinute, amountMsat: 250_000_000n, description: "ナンセンス 1杯" },
  ],
  ["a hashed description", LIST, { ...plain, amountMsat: 2_000_000_000n, descriptionHash: LIST_HASH }],
  ["testnet", TESTNET, { ...plain, network: "testnet", amountMsat: 2_000_000_000n }],
  ["a route hint and a fallback address", ROUTE, { ...plain, amountMsat: 2_000_000_000n }],
  ["a P2SH fallback", P2SH, { ...plain, amountMsat: 2_000_000_000n }],
  ["a P2WPKH fallback", P2WPKH, { ...plain, amountMsat: 2_000_000_000n }],
  ["a P2WSH fallback", P2WSH, { ...plain, amountMsat: 2_000_000_000n }],
  [
    "an amount in pico-bitcoin, an expiry of a week and a last hop of 10 blocks",
    PICO,
    {
      payeePubkey: PAYEE,
      amountMsat: 967_878_534n,
      paymentHash: "462264ede7e14047e9b249da94fefc47f41f7d02ee9b091815a5506bc8abf75f",
      minFinalCltv: 10,
      createdAt: new Date(1_572_468_703_000),
      expiresAt: new Date(1_573_073_503_000),
    },
  ],
  [
    "a payment secret and features",
    BEANS,
    { ...plain, amountMsat: 2_500_000_000n, paymentSecret: SECRET, features: [9, 15, 99], description: "coffee beans" },
  ],
  ["upper case", BEANS.toUpperCase(), { ...plain, bolt11: BEANS, features: [9, 15, 99] }],
  [
    "fields that must be ignored",
    IGNORED_FIELDS,
    { ...plain, amountMsat: 2_500_000_000n, paymentSecret: SECRET, features: [9, 15, 99] },
  ],
])("reads the specification's example of %s", (_name, text, expected) => {
  expect(decodeBolt11(text)).toMatchObject(expected);
});

it.each([
  ["a bad checksum", `${NONSENSE.slice(0, -1)}t`, "checksum"],
  ["no separator", NONSENSE.slice(NONSENSE.indexOf("pvj")), "checksum"],
  ["mixed case", `LNBC${NONSENSE.slice(4)}`, "checksum"],
  [
    "a signature nobody can have made",
    "lnbc2500u1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpuaxtrnwngzn3kdzw5hydlzf03qdgm2hdq27cqv3agm2awhz5se903vruatfhq77w3ls4evs3ch9zw97j25emudupq63nyw24cg27h2rspk28uwq",
    "signature",
  ],
  [
    "a text that is too short",
    "lnbc1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdpl2pkx2ctnv5sxxmmwwd5kgetjypeh2ursdae8g6na6hlh",
    "format",
  ],
  [
    "an unknown multiplier",
    "lnbc2500x1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpujr6jxr9gq9pv6g46y7d20jfkegkg4gljz2ea2a3m9lmvvr95tq2s0kvu70u3axgelz3kyvtp2ywwt0y8hkx2869zq5dll9nelr83zzqqpgl2zg",
    "format",
  ],
  [
    "an amount finer than a millisatoshi",
    "lnbc2500000001p1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpu7hqtk93pkf7sw55rdv4k9z2vj050rxdr6za9ekfs3nlt5lr89jqpdmxsmlj9urqumg0h9wzpqecw7th56tdms40p2ny9q4ddvjsedzcplva53s",
    "amount",
  ],
  ["an on-chain address", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "format"],
  ["nothing", "", "checksum"],
])("refuses %s", (_name, text, reason) => {
  expect(thrownBy(() => decodeBolt11(text))).toMatchObject({ code: "invoice_invalid", details: { reason } });
});

const OWN_KEY = hex.decode("e126f68f7eafcc8b74f54d269fe206be715000f94dac067d1c04a8ca3b2db734");

const words = (text: string) => bech32.toWords(hex.decode(text));
const TIMESTAMP = Array<number>(7).fill(0);
const hashField = field("p", words(HASH));
/** An invoice with these fields, signed by `OWN_KEY` whatever they say. */
const signed = (fields: readonly number[]) => signBolt11("lnbcrt", [...TIMESTAMP, ...fields], OWN_KEY);

it("takes a named payee that signed", () => {
  const invoice = decodeBolt11(signed([...hashField, ...field("n", words(PAYEE))]));
  expect(invoice).toMatchObject({ network: "regtest", payeePubkey: PAYEE, paymentHash: HASH });
});

it("refuses a named payee that did not sign", () => {
  const other = "029e03a901b85534ff1e92c43c74431f7ce72046060fcf7a95c37e148f78c77255";
  const text = signed([...hashField, ...field("n", words(other))]);
  expect(thrownBy(() => decodeBolt11(text))).toMatchObject({
    code: "invoice_invalid",
    details: { reason: "signature" },
  });
});

it("refuses an invoice without a payment hash", () => {
  const text = signed(field("d", bech32.toWords(utf8ToBytes("tea"))));
  expect(thrownBy(() => decodeBolt11(text))).toMatchObject({ details: { reason: "payment_hash" } });
});

it("refuses a field that says it is longer than the invoice", () => {
  const text = signed([...hashField, 13, 31, 31, 0]);
  expect(thrownBy(() => decodeBolt11(text))).toMatchObject({ details: { reason: "format" } });
});
