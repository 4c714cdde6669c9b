import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { API_KEY_PREFIX } from '../domain/api-key.js';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 32 characters of 62 are 190 random bits, so that a plain digest is enough. */
const RANDOM_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
const KEY = /^infk_([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})_([\dA-Za-z]{32})([\dA-Za-z]{6})$/;

/** A new key `infk_<id>_<secret>`; the last six characters of the secret are a checksum. */
export function generateApiKey(id: string): string {
  const random = Array.from({ length: RANDOM_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return `${API_KEY_PREFIX}${id}_${random}${checksum(id, random)}`;
}

/** The id in a key; null for a text that no server generated, which is known without asking the database. */
export function idOfApiKey(key: string): string | null {
  const [, id, random, sum] = KEY.exec(key) ?? [];
  return id !== undefined && checksum(id, random) === sum ? id : null;
}

/** SHA-256 of a whole key. */
export function digestOfApiKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
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
