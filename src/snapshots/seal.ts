/**
 * What the operator's key does for stored snapshots: nobody learns their owners' ids, and their bytes can be encrypted.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const NONCE = 12;
const TAG = 16;

export interface SealOptions {
  /** The operator's secret; without it owners' ids are used as they are and nothing can be encrypted. */
  readonly key?: string | undefined;
  /** Whether what is stored is encrypted. Needs a key. */
  readonly encrypt?: boolean | undefined;
}

function derived(key: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, 'kube-whatif', purpose, 32));
}

export class Seal {
  readonly #owners: Buffer | undefined;
  readonly #bytes: Buffer | undefined;

  /** Throws RangeError for encryption without a key. */
  constructor({ key, encrypt = false }: SealOptions) {
    if (encrypt && key === undefined) throw new RangeError('encryption needs a key');
    this.#owners = key === undefined ? undefined : derived(key, 'owners of snapshots');
    this.#bytes = encrypt && key !== undefined ? derived(key, 'bytes of snapshots') : undefined;
  }

  /** The id of an owner in keys of the store: HMAC-SHA-256 under the operator's key. */
  owner(owner: string): string {
    if (this.#owners === undefined) return owner;
    return createHmac('sha256', this.#owners).update(owner).digest('hex').slice(0, 32);
  }

  /** How many bytes closing adds. */
  get overhead(): number {
    return this.#bytes === undefined ? 0 : NONCE + TAG;
  }

  /** The bytes as they are stored: AES-256-GCM, bound to their place so that one piece is not taken for another. */
  close(bytes: Buffer, place: string): Buffer {
    if (this.#bytes === undefined) return bytes;
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.#bytes, nonce, { authTagLength: TAG });
    cipher.setAAD(Buffer.from(place));
    return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  }

  /** The bytes again; undefined where they were changed, were elsewhere, or were closed with another key. */
  open(stored: Buffer, place: string): Buffer | undefined {
    if (this.#bytes === undefined) return stored;
    if (stored.length < NONCE + TAG) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', this.#bytes, stored.subarray(0, NONCE), { authTagLength: TAG });
    decipher.setAAD(Buffer.from(place));
    decipher.setAuthTag(stored.subarray(stored.length - TAG));
    try {
      return Buffer.concat([decipher.update(stored.subarray(NONCE, stored.length - TAG)), decipher.final()]);
    } catch {
      return undefined;
    }
  }
}
