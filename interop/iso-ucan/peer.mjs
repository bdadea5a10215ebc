// iso-ucan as a verifier: bytes in, its verdict out. Everything that judges here goes through `verdict`.
import { webcrypto } from "node:crypto";
import { Delegation } from "iso-ucan/delegation";
import { Invocation } from "iso-ucan/invocation";
import { Resolver } from "iso-signatures/verifiers/resolver.js";
import * as ecdsa from "iso-signatures/verifiers/ecdsa.js";
import * as eddsa from "iso-signatures/verifiers/eddsa.js";
import { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";

// Node 18 does not have it by itself, and the verifier of Ed25519 hashes with it.
globalThis.crypto ??= webcrypto;

// Without its cache of signatures, which is off unless asked for.
export const verifierResolver = new Resolver({ ...eddsa.verifier, ...ecdsa.verifier });

// Runs `work` as if it were that second: an invocation's expiry is compared with the machine's clock and with no
// other, whatever `now` says.
export async function atTime(seconds, work) {
  const real = Date.now;
  Date.now = () => seconds * 1000;
  try {
    return await work();
  } finally {
    Date.now = real;
  }
}

const DAG_CBOR = 0x71;

// The CID of a token as it was received; iso-ucan's own `cid` is that of its re-encoding.
export async function cidOf(bytes) {
  return CID.create(1, DAG_CBOR, await sha256.digest(bytes));
}

// Decodes and verifies everything anew, each signature once: `fromString` is iso-ucan's way to decode a delegation
// and leave its signature to the invocation.
export async function verify({ token, proofs, at, audience }) {
  const known = new Map();
  for (const bytes of proofs) {
    const delegation = await Delegation.fromString(Buffer.from(bytes).toString("base64"), { now: at });
    known.set((await cidOf(bytes)).toString(), delegation);
  }
  return await Invocation.from({
    bytes: token,
    audience: audience === undefined ? undefined : { did: audience },
    now: at,
    verifierResolver,
    resolveProof: async (cid) => {
      const found = known.get(cid.toString());
      if (found === undefined) throw new Error("missing proof");
      return found;
    },
  });
}

export async function verdict(given) {
  try {
    await atTime(given.at, () => verify(given));
    return { outcome: "accept", error: null };
  } catch (error) {
    return { outcome: "reject", error: error instanceof Error ? error.message : String(error) };
  }
}
