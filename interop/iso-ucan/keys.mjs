// The keys of the cases. They are derived from their names and protect nothing.
import { createECDH, createHash } from "node:crypto";
import { ECDSASigner } from "iso-signatures/signers/ecdsa.js";
import { EdDSASigner } from "iso-signatures/signers/eddsa.js";

function seed(...words) {
  return createHash("sha256").update(["greatseal interop", ...words].join(" ")).digest();
}

function p256(secret) {
  const pair = createECDH("prime256v1");
  pair.setPrivateKey(secret);
  const point = pair.getPublicKey();
  const text = (bytes) => bytes.toString("base64url");
  return ECDSASigner.importJwk({
    kty: "EC",
    crv: "P-256",
    x: text(point.subarray(1, 33)),
    y: text(point.subarray(33)),
    d: text(secret),
  });
}

export function signer(algorithm, role) {
  const secret = seed(algorithm, role);
  return algorithm === "p256" ? p256(secret) : EdDSASigner.generate(new Uint8Array(secret));
}

export function nonce(name, position) {
  return new Uint8Array(seed("nonce", name, String(position)).subarray(0, 12));
}
