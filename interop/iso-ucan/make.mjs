// Writes tokens as iso-ucan makes them into a folder of cases. Everything but the signatures of P-256, which are drawn
// with randomness, and what names them is the same in each run.
import { mkdirSync, readdirSync } from "node:fs";
import { Delegation } from "iso-ucan/delegation";
import { DIDKey } from "iso-did/key";
import * as Envelope from "iso-ucan/envelope";
import { Invocation } from "iso-ucan/invocation";
import { nonce, signer } from "./keys.mjs";
import { writeCase, writeDescription } from "./layout.mjs";
import { atTime, cidOf, verifierResolver } from "./peer.mjs";

const AT = 1_795_000_000;
const DAY = 86_400;
const MONTH = 30 * DAY;

// Statements of every kind, and selectors of every kind that iso-ucan resolves as the specification says.
const POLICIES = [
  [
    ["==", ".kind", "mail"],
    ["like", ".to", "*@example.com"],
    ["==", ".head.lang", "en"],
  ],
  [
    [">", ".size", 10],
    ["<=", ".size", 4096.5],
    ["not", ["==", ".state", "locked"]],
    ["and", [["!=", ".kind", "draft"], [">=", ".head.parts", 2]]],
    ["or", [["==", ".kind", "post"], ["<", ".balance", 0]]],
  ],
  [
    ["all", ".parts", ["<", ".bytes", 1000]],
    ["any", ".parts[]", ["like", ".name", "a\\*b*"]],
    ["==", ".parts[0].name", "readme"],
    ["==", ".parts[-1].bytes", 900],
    ["==", ".tags[1:3]", ["b", "c"]],
    ["and", []],
  ],
];
const ARGS = {
  kind: "mail",
  to: "someone@example.com",
  size: 512,
  state: "open",
  balance: -2.5,
  head: { lang: "en", parts: 2 },
  parts: [
    { name: "readme", bytes: 12 },
    { name: "a*b, später", bytes: 900 },
  ],
  tags: ["a", "b", "c", "d"],
  raw: new Uint8Array([0, 1, 254, 255]),
  nothing: null,
  sure: true,
  large: Number.MAX_SAFE_INTEGER,
};

const SEGMENTS = "iso-ucan compares commands as text and not by segments";
const TWO_RECEIVERS = "iso-ucan takes an invocation for its subject although it is addressed to somebody else";
const NO_LOOK = "iso-ucan looks at no proof when issuer and subject are the same";
const NO_REVOCATIONS = "iso-ucan reads no revocations: whoever calls it must say what is revoked";
const REENCODES = "iso-ucan verifies the signature over its own re-encoding";
const LENIENT = "iso-ucan verifies Ed25519 by the rules of ZIP 215, which know no weak keys";
const ANY_FIELD = "iso-ucan passes over fields that it does not know";
const ANY_VERSION = "iso-ucan does not look at the version in the tag";
const PROTOTYPE = "iso-ucan resolves selectors to what every JavaScript object inherits";
const ONE_QUANTIFIER = "iso-ucan gives a quantifier within a quantifier the whole collection";
const NO_LINKS = "iso-ucan refuses links in args, so it neither makes nor reads a revocation";

const cases = [];

function add(folder, name, given, { token, proofs = [], revocations = [] }) {
  const bytes = (tokens) => tokens.map((each) => each.bytes);
  writeCase(folder, name, { token: token.bytes, proofs: bytes(proofs), revocations: bytes(revocations) });
  const { expect = "accept", reason = "", audience, peer, why } = given;
  cases.push({ name, expect, reason, at: AT, audience, peer, why });
}

function refused(reason, audience, peer = {}) {
  return { expect: "reject", reason, audience: audience.did, ...peer };
}

function lax(why) {
  return { peer: "accept", why };
}

// Signed and encoded by iso-ucan, and looked at by none of its checks: for what its own makers refuse to make.
async function sealed(spec, issuer, payload, version) {
  const bytes = Envelope.encode(
    await Envelope.sign({ spec, signer: issuer, payload: { iss: issuer.did, ...payload }, version }),
  );
  return { bytes, cid: await cidOf(bytes) };
}

// Delegations from each party to the next. `changes` replaces fields of single ones, by position.
async function links(name, parties, commands, policies, changes = {}) {
  const made = [];
  for (let index = 0; index + 1 < parties.length; index += 1) {
    made.push(
      await Delegation.create({
        iss: parties[index],
        aud: parties[index + 1].did,
        sub: parties[0].did,
        cmd: commands[index],
        pol: policies[index],
        exp: AT + MONTH,
        nonce: nonce(name, index),
        ...changes[index],
      }),
    );
  }
  return made;
}

function invoke(name, by, subject, proofs, fields = {}) {
  return Invocation.create({
    iss: by,
    sub: subject.did,
    cmd: "/crud/read",
    args: ARGS,
    prf: proofs,
    exp: AT + 300,
    nonce: nonce(name, "invocation"),
    verifierResolver,
    ...fields,
  });
}

// An invocation as `invoke` makes it, but without `aud` unless given, and with whatever else is wrong in `fields`.
function invokeUnseen(name, by, subject, proofs, fields = {}, version = undefined) {
  const payload = {
    sub: subject.did,
    cmd: "/crud/read",
    args: ARGS,
    prf: proofs.map((proof) => proof.cid),
    exp: AT + 300,
    nonce: nonce(name, "invocation"),
    ...fields,
  };
  return sealed("inv", by, payload, version);
}

function revoke(name, by, delegation, path) {
  const args = path === undefined ? { rev: delegation.cid } : { rev: delegation.cid, pth: path.map((each) => each.cid) };
  return invokeUnseen(`${name} revocation`, by, by, [], { cmd: "/ucan/revoke", args, exp: null });
}

async function family(folder, algorithm) {
  const roles = ["subject", "first", "second", "third", "service", "stranger"];
  const [subject, first, second, third, service, stranger] = await Promise.all(
    roles.map((role) => signer(algorithm, role)),
  );
  const to = { aud: service.did };
  const at = { audience: service.did };
  const put = (name, given, tokens) => add(folder, `${algorithm}-${name}`, given, tokens);
  const chain1 = (name) => links(name, [subject, third], ["/crud"], [POLICIES.flat()]);
  const chain3 = (name, changes = {}) =>
    links(name, [subject, first, second, third], ["/", "/crud", "/crud/read"], POLICIES, {
      0: { exp: null },
      1: { nbf: AT - 2 * DAY },
      2: { sub: null, meta: { note: "for one afternoon", tries: 3 } },
      ...changes,
    });

  put("self", at, { token: await invoke("self", subject, subject, [], { ...to, iat: AT - 1, meta: { line: 7 } }) });

  for (const [name, chain] of [
    ["chain-1", chain1],
    ["chain-3", chain3],
  ]) {
    const proofs = await chain(name);
    put(name, at, { token: await invoke(name, third, subject, proofs, to), proofs });
    put(`${name}-own-aud`, { audience: subject.did }, { token: await invoke(name, third, subject, proofs), proofs });
    put(
      `${name}-no-aud`,
      { audience: subject.did },
      { token: await invokeUnseen(name, third, subject, proofs), proofs: [...proofs].reverse() },
    );
  }

  const one = await chain1("shared 1");
  const three = await chain3("shared 3");
  const good = await invoke("good", third, subject, three, to);

  // Refused by everybody.
  const expired = await chain3("expired-middle", { 1: { exp: AT - 1 } });
  put("expired-middle", refused("Expired", service), {
    token: await invoke("expired-middle", third, subject, expired, to),
    proofs: expired,
  });
  const early = await chain3("early-middle", { 1: { nbf: AT + 1 } });
  put("early-middle", refused("TooEarly", service), {
    token: await invokeUnseen("early-middle", third, subject, early, to),
    proofs: early,
  });
  put("expired-invocation", refused("Expired", service), {
    token: await invoke("expired-invocation", third, subject, three, { ...to, exp: AT - 1 }),
    proofs: three,
  });
  put("wrong-audience", refused("Audience", stranger), { token: good, proofs: three });
  put("policy-false", refused("Policy", service), {
    token: await invokeUnseen("policy-false", third, subject, three, { ...to, args: { ...ARGS, size: 5 } }),
    proofs: three,
  });
  const { iss, aud, sub, cmd, pol, exp } = three[1];
  const forged = [
    three[0],
    await sealed("dlg", stranger, { iss, aud, sub, cmd, pol, exp, nonce: nonce("forged", 1) }),
    three[2],
  ];
  put("forged-middle", refused("Signature", service), {
    token: await invokeUnseen("forged-middle", third, subject, forged, to),
    proofs: forged,
  });
  put("missing-proof", refused("UnavailableProof", service), { token: good, proofs: [three[0], three[2]] });
  put("leaf-first", refused("PowerlineRoot", service), {
    token: await invokeUnseen("leaf-first", third, subject, [...three].reverse(), to),
    proofs: three,
  });

  // Refused by us alone.
  put("crudextra", refused("Command", service, lax(SEGMENTS)), {
    token: await invoke("crudextra", third, subject, one, { ...to, cmd: "/crudextra" }),
    proofs: one,
  });
  put("aud-not-subject", refused("Audience", subject, lax(TWO_RECEIVERS)), { token: good, proofs: three });
  put("self-missing-proof", refused("UnavailableProof", service, lax(NO_LOOK)), {
    token: await invoke("self-missing-proof", subject, subject, one, to),
  });

  // Revocations.
  put("revoked-by-root", refused("Revoked", service, lax(NO_REVOCATIONS)), {
    token: good,
    proofs: three,
    revocations: [await revoke("by root", subject, three[2], three)],
  });
  put("revoked-by-issuer", refused("Revoked", service, lax(NO_REVOCATIONS)), {
    token: good,
    proofs: three,
    revocations: [await revoke("by issuer", first, three[1])],
  });
  put("revoked-by-audience", at, {
    token: good,
    proofs: three,
    revocations: [await revoke("by audience", third, three[2], three)],
  });
  put("revoked-by-stranger", at, {
    token: good,
    proofs: three,
    revocations: [await revoke("by stranger", stranger, three[2], three)],
  });
  put(
    "revocation-itself",
    { audience: subject.did, peer: "reject", why: NO_LINKS },
    { token: await revoke("itself", subject, three[2], three) },
  );

  // The tag of the final specification; iso-ucan writes that of its release candidate of its own accord.
  const version = "1.0.0";
  const sealedOne = [
    await sealed(
      "dlg",
      subject,
      {
        aud: third.did,
        sub: subject.did,
        cmd: "/crud",
        pol: POLICIES.flat(),
        exp: AT + MONTH,
        nonce: nonce("final-tag", 0),
      },
      version,
    ),
  ];
  put("final-tag", at, {
    token: await invokeUnseen("final-tag", third, subject, sealedOne, to, version),
    proofs: sealedOne,
  });
}

// The same token with some of its bytes replaced.
function altered(token, from, to) {
  const [before, after] = [from, to].map((hex) => Buffer.from(hex, "hex"));
  const place = Buffer.from(token.bytes).indexOf(before);
  if (place < 0) throw new Error(`${from} is not in the token`);
  return {
    bytes: Buffer.concat([token.bytes.subarray(0, place), after, token.bytes.subarray(place + before.length)]),
  };
}

// Of invocations without proofs, and of chains of one whose policies are read differently.
async function differences(folder) {
  const [subject, third] = await Promise.all(["subject", "third"].map((role) => signer("ed25519", role)));
  const at = { audience: subject.did };
  const self = (name, args, fields = {}, version = undefined) =>
    invokeUnseen(name, subject, subject, [], { args, ...fields }, version);

  // {"a": 1, "b": 2} with b first.
  add(folder, "unsorted-keys", refused("Canonical", subject, lax(REENCODES)), {
    token: altered(await self("unsorted-keys", { a: 1, b: 2 }), "a2616101616202", "a2616202616101"),
  });
  // {"a": 1.5} in 32 bits.
  add(folder, "short-float", refused("Canonical", subject, lax(REENCODES)), {
    token: altered(await self("short-float", { a: 1.5 }), "a16161fb3ff8000000000000", "a16161fa3fc00000"),
  });
  // {"a": 1} as {"a": 1.0}, which is canonical and not what was signed.
  add(folder, "float-for-integer", refused("Signature", subject, lax(REENCODES)), {
    token: altered(await self("float-for-integer", { a: 1 }), "a1616101", "a16161fb3ff0000000000000"),
  });
  add(folder, "unknown-field", refused("Schema", subject, lax(ANY_FIELD)), {
    token: await self("unknown-field", {}, { nbf: AT + DAY }),
  });
  add(folder, "unknown-version", refused("PayloadTag", subject, lax(ANY_VERSION)), {
    token: await self("unknown-version", {}, {}, "9.9.9"),
  });

  // The neutral element as key and as R, and zero as s: good for every message under the lenient rules.
  const neutral = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 1 : 0));
  const weak = {
    did: DIDKey.fromPublicKey("Ed25519", neutral).did,
    signatureType: "Ed25519",
    sign: async () => Uint8Array.from([...neutral, ...new Uint8Array(32)]),
  };
  add(folder, "weak-key", refused("Signature", weak, lax(LENIENT)), {
    token: await invokeUnseen("weak-key", weak, weak, []),
  });

  const under = async (name, given, policy, args) => {
    const proofs = await links(name, [subject, third], ["/crud"], [policy]);
    add(folder, name, given, { token: await invokeUnseen(name, third, subject, proofs, { args }), proofs });
  };
  await under(
    "inherited-selector",
    refused("Policy", subject, lax(PROTOTYPE)),
    [["!=", ".constructor", 1]],
    {},
  );
  await under(
    "nested-quantifiers",
    { ...at, peer: "reject", why: ONE_QUANTIFIER },
    [["all", ".rows", ["any", ".cells", ["==", ".", 1]]]],
    { rows: [{ cells: [1, 2] }, { cells: [3, 1] }] },
  );
}

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

// The same ECDSA signature with the other s: anybody can make one of the other, and WebCrypto draws either.
function withS(token, high) {
  const bytes = Uint8Array.from(token.bytes);
  // 82, 58 40, then r and s of 32 bytes each.
  const place = bytes.subarray(35, 67);
  const s = BigInt(`0x${Buffer.from(place).toString("hex")}`);
  if (s > P256_ORDER / 2n !== high) {
    place.set(Buffer.from((P256_ORDER - s).toString(16).padStart(64, "0"), "hex"));
  }
  return bytes;
}

async function bothS(folder) {
  const [subject, third] = await Promise.all(["subject", "third"].map((role) => signer("p256", role)));
  const made = await links("s", [subject, third], ["/crud"], [[]]);
  for (const [name, high] of [
    ["p256-high-s", true],
    ["p256-low-s", false],
  ]) {
    const bytes = withS(made[0], high);
    const proofs = [{ bytes, cid: await cidOf(bytes) }];
    const token = { bytes: withS(await invokeUnseen(name, third, subject, proofs), high) };
    add(folder, name, { audience: subject.did }, { token, proofs });
  }
}

async function mixed(folder) {
  const parties = await Promise.all([
    signer("p256", "subject"),
    signer("ed25519", "first"),
    signer("p256", "second"),
    signer("ed25519", "third"),
  ]);
  const proofs = await links("mixed", parties, ["/crud", "/crud", "/crud"], POLICIES);
  const token = await invoke("mixed", parties[3], parties[0], proofs);
  add(folder, "mixed-chain-3", { audience: parties[0].did }, { token, proofs });
}

// Plain chains of Ed25519, for `bench.mjs`.
async function plain(folder) {
  for (const length of [1, 3, 10]) {
    const name = `chain-${length}`;
    const parties = await Promise.all(
      Array.from({ length: length + 1 }, (_, index) => signer("ed25519", `plain ${index}`)),
    );
    const proofs = await links(
      name,
      parties,
      Array(length).fill("/crud"),
      Array.from({ length }, (_, index) => (index === 0 ? [["==", ".a", 1]] : [])),
    );
    const token = await invoke(name, parties[length], parties[0], proofs, { args: { a: 1, uri: "x" } });
    add(folder, name, { audience: parties[0].did }, { token, proofs });
  }
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("usage: node make.mjs OUT_FOLDER");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
if (readdirSync(folder).length > 0) {
  console.error(`${folder} is not empty`);
  process.exit(2);
}
// A day before they are used, when those that will have expired had not.
await atTime(AT - DAY, async () => {
  await family(folder, "ed25519");
  await family(folder, "p256");
  await bothS(folder);
  await mixed(folder);
  await differences(folder);
  await plain(folder);
});
writeDescription(folder, cases);
