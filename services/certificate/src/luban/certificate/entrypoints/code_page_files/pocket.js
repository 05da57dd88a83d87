// The proof in a certificate's QR code, read and judged as luban.proofs.pocket and luban.proofs.key_history do; the
// format is described in the former.

const DIGITS = /^[1-9][0-9]{0,3000}$/;
const FORMAT = 1;
const HEAD_BYTES = 58;
const MARK_BYTES = 8;
const SIGNATURE_BYTES = 64;
const TEXTS = 6;
const LONGEST_TEXT = 400;
const NO_ENTRY = 2n ** 64n - 1n;
const LAST_DAY = 2932896; // 9999-12-31
const SECONDS_PER_DAY = 86400;
const DOMAIN = new TextEncoder().encode("luban/pocket/v1\n");

/** Why a code is not believed; `code` is a stable word. */
export class Refusal extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** What the digits behind # say; nothing is proven before `check`. Throws Refusal no-code, pocket-malformed. */
export function read(digits) {
  if (digits === "") throw new Refusal("no-code");
  if (!DIGITS.test(digits)) throw new Refusal("pocket-malformed");
  const content = bytesOf(BigInt(digits));
  const signed = content.subarray(0, -SIGNATURE_BYTES);
  try {
    return { ...head(signed), ...texts(signed), signed, signature: content.subarray(-SIGNATURE_BYTES) };
  } catch {
    throw new Refusal("pocket-malformed"); // it ends too early, or a text is no UTF-8
  }
}

/** A key of a published set (JWK) with the mark that codes name it by. */
export function marked(jwk) {
  return { ...jwk, mark: hex(decoded(jwk.kid).subarray(0, MARK_BYTES)) };
}

/** Returns when a key's signature holds and counts. Throws Refusal key-unknown-key, pocket-signature, key-compromised,
 * key-before-key, key-after-key, no-ed25519. */
export async function check(pocket, keys) {
  const key = keys.find((each) => each.mark === pocket.mark);
  if (!key) throw new Refusal("key-unknown-key");
  if (!(await isSignedBy(key, pocket))) throw new Refusal("pocket-signature");
  // Whoever has a key dates a signature as they like, so no date saves one of a compromised key (ADR 23).
  if (key.revoked !== undefined) throw new Refusal("key-compromised");
  if (!(pocket.signedAt >= key.nbf)) throw new Refusal("key-before-key");
  if (key.exp !== undefined && !(pocket.signedAt < key.exp)) throw new Refusal("key-after-key");
}

async function isSignedBy({ kty, crv, x }, { signed, signature }) {
  try {
    const key = await crypto.subtle.importKey("jwk", { kty, crv, x }, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, signature, joined(DOMAIN, signed));
  } catch {
    throw new Refusal("no-ed25519"); // an older browser, a connection that is not encrypted, or a key of SM2
  }
}

function head(signed) {
  const view = new DataView(signed.buffer, signed.byteOffset, signed.length);
  const [format, signedAt, day, level] = [view.getUint8(0), view.getUint32(9), view.getUint32(13), view.getUint8(17)];
  const index = view.getBigUint64(18);
  if (signed.length < HEAD_BYTES || format !== FORMAT || day > LAST_DAY || level > 5) throw new RangeError("head");
  return {
    mark: hex(signed.subarray(1, 1 + MARK_BYTES)),
    signedAt,
    issuedOn: new Date(day * SECONDS_PER_DAY * 1000).toISOString().slice(0, 10),
    level,
    logged: index === NO_ENTRY ? null : { index, leaf: hex(signed.subarray(26, HEAD_BYTES)) },
  };
}

function texts(signed) {
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const found = [];
  let at = HEAD_BYTES;
  for (let count = 0; count < TEXTS; count++) {
    const end = at + 2 + (signed[at] << 8) + signed[at + 1];
    if (!(end <= Math.min(signed.length, at + 2 + LONGEST_TEXT))) throw new RangeError("length");
    found.push(strict.decode(signed.subarray(at + 2, end)));
    at = end;
  }
  const [number, name, code, title, trade, body] = found;
  if (at !== signed.length || number === "") throw new RangeError("length");
  return { number, name, code, title, trade, body };
}

function bytesOf(number) {
  const digits = number.toString(16);
  const whole = digits.padStart(digits.length + (digits.length % 2), "0");
  return Uint8Array.from(whole.match(/../g), (each) => parseInt(each, 16));
}

function decoded(base64url) {
  return Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
}

function joined(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function hex(bytes) {
  return Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
}
