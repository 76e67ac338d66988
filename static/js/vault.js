// The lock of what is prepared on this device. Pages are sealed to a public key that lies here openly, so that preparing asks for nothing;
// the private one is wrapped under a key that comes out of a passkey (PRF) or a long passphrase, and is opened into memory only
// (docs/adr/0018).

import { AES, CURVE, bytes, decode, encode, join, sharedKey } from "./kept.js";

export const SHORTEST = 16, FEWEST = 6; // characters of a passphrase, and different ones among them
const ROUNDS = 600000; // of PBKDF2-SHA-256: what OWASP asks for
const PRF = "opendialogue prepared 1";
const random = (n) => crypto.getRandomValues(new Uint8Array(n));

// The passphrase as a key: typed with another keyboard, the same letters are the same words.
async function ofWords(words, { salt, rounds }) {
  const material = await crypto.subtle.importKey("raw", bytes(words.normalize("NFKC").trim()), "PBKDF2", false, ["deriveKey"]);
  return crypto.subtle.deriveKey({ name: "PBKDF2", hash: "SHA-256", salt: decode(salt), iterations: rounds }, material, AES, false, ["wrapKey", "unwrapKey"]);
}
async function ofSecret(secret, { salt }) {
  const material = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  return crypto.subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt: decode(salt), info: bytes(PRF) }, material, AES, false, ["wrapKey", "unwrapKey"]);
}

// Asks for finger, face or PIN. The secret is null when this passkey or this browser gives none.
async function touched(ids, salt) {
  const found = await navigator.credentials.get({ publicKey: {
    challenge: random(32), rpId: location.hostname, userVerification: "required",
    allowCredentials: ids.map((id) => ({ type: "public-key", id: decode(id) })),
    extensions: { prf: { eval: { first: decode(salt) } } },
  } });
  return { id: encode(new Uint8Array(found.rawId)), secret: found.getClientExtensionResults().prf?.results?.first || null };
}

export function tooWeak(words) {
  const letters = [...words.normalize("NFKC").trim()];
  if (letters.length < SHORTEST) return `This has ${letters.length} characters. Take at least ${SHORTEST}: four or five words that do not belong together.`;
  if (new Set(letters).size < FEWEST) return "The same few letters again and again are soon guessed. Take four or five words that do not belong together.";
  return "";
}

async function lockedWith(author, way, key) {
  const pair = await crypto.subtle.generateKey(CURVE, true, ["deriveBits"]);
  const nonce = random(12);
  const [point, wrapped] = await Promise.all([
    crypto.subtle.exportKey("raw", pair.publicKey),
    crypto.subtle.wrapKey("pkcs8", pair.privateKey, key, { name: "AES-GCM", iv: nonce, additionalData: bytes(author) }),
  ]);
  return { author, way, point: encode(new Uint8Array(point)), nonce: encode(nonce), wrapped: encode(new Uint8Array(wrapped)) };
}
export async function lockWithWords(author, words) {
  const way = { kind: "words", salt: encode(random(16)), rounds: ROUNDS };
  return lockedWith(author, way, await ofWords(words, way));
}
export async function lockWithPasskey(author, ids) {
  const salt = encode(random(32)), { id, secret } = await touched(ids, salt);
  if (!secret) return null;
  const way = { kind: "passkey", salt, id };
  return lockedWith(author, way, await ofSecret(secret, way));
}

// Opened: a key that cannot leave the memory of this page. Null when the words are not the ones.
export async function unlock(vault, words = "") {
  const { way } = vault;
  let key = null;
  if (way.kind === "words") key = await ofWords(words, way);
  else {
    const { secret } = await touched([way.id], way.salt);
    if (!secret) return null;
    key = await ofSecret(secret, way);
  }
  const how = { name: "AES-GCM", iv: decode(vault.nonce), additionalData: bytes(vault.author) };
  return crypto.subtle.unwrapKey("pkcs8", decode(vault.wrapped), key, how, CURVE, false, ["deriveBits"]).catch(() => null);
}

// What `seal` of kept.js closed for this vault.
export async function unseal(sealed, bound, vault, key) {
  const whole = decode(sealed), theirs = whole.slice(0, 65), nonce = whole.slice(65, 77);
  const opener = await sharedKey(key, theirs, join(theirs, decode(vault.point)), "decrypt");
  const words = await crypto.subtle.decrypt({ name: "AES-GCM", iv: nonce, additionalData: bytes(bound) }, opener, whole.slice(77));
  return JSON.parse(new TextDecoder().decode(words));
}
