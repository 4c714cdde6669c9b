import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 32 characters of 62 are 190 random bits, so that a plain digest is enough. */
const RANDOM_LENGTH = 32;
/** Half of the random characters are 95 bits. */
const FAMILY_LENGTH = RANDOM_LENGTH / 2;
const CHECKSUM_LENGTH = 6;
const REST = /^([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})_([\dA-Za-z]{32})([\dA-Za-z]{6})$/;

/** First characters of the secrets that the server generates. */
export type SecretPrefix = 'infk_' | 'infr_' | 'infp_' | 'infc_' | 'inft_';

/**
 * A new secret `<prefix><id>_<random><checksum>`.
 * @param family first half of the random characters, shared by the secrets that replace each other; a new one unless given
 */
export function generateSecret(prefix: SecretPrefix, id: string, family = ''): string {
  const length = RANDOM_LENGTH - family.length;
  const random = family + Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return `${prefix}${id}_${random}${checksum(id, random)}`;
}

/** The id in a secret; null for a text that no server generated, which is known without asking the database. */
export function idOfSecret(prefix: SecretPrefix, text: string): string | null {
  const [, id, random, sum] = (text.startsWith(prefix) && REST.exec(text.slice(prefix.length))) || [];
  return id !== undefined && checksum(id, random) === sum ? id : null;
}

/** The part of a well-formed secret that the secrets before and after it share. */
export function familyOfSecret(prefix: SecretPrefix, text: string): string {
  const [, , random = ''] = REST.exec(text.slice(prefix.length)) ?? [];
  return random.slice(0, FAMILY_LENGTH);
}

/** SHA-256 of a whole secret. */
export function digestOfSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Whether two digests are equal, in a time that does not depend on where they differ. */
export function sameDigest(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

function checksum(id: string, random: string): string {
  let rest = crc32(`${id}_${random}`);
  let text = '';
  for (let index = 0; index < CHECKSUM_LENGTH; index += 1) {
    text = ALPHABET[rest % ALPHABET.length] + text;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return text;
}
