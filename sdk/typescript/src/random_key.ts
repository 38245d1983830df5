// Idempotency keys: 128 random bits in hex.
import { bytesToHex, randomBytes } from '@noble/hashes/utils';

export const randomKey = (): string => bytesToHex(randomBytes(16));
