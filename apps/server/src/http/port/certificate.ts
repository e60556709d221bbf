import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Log } from '../../log.ts';
import type { FileWatcher } from '../../store/file/file-watcher.ts';

/** The files of a certificate, in PEM. */
export interface CertificateFiles {
  /** The certificate of the server, followed by those of intermediate authorities. */
  readonly cert: string;
  readonly key: string;
}

/** A certificate and its key, as Node takes them. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
}

/** A certificate that is read again when its files change, so that renewals need no restart. */
export class Certificate {
  readonly #files: CertificateFiles;
  readonly #log: Log;
  readonly #unwatch: ReadonlyArray<() => void>;
  readonly #listeners = new Set<(credentials: Credentials) => void>();
  #credentials: Credentials;
  #fault = '';

  /** @throws {Error} if a file can't be read, or the certificate does not match its key. */
  static async open(files: CertificateFiles, watcher: FileWatcher, log: Log): Promise<Certificate> {
    return new Certificate(files, await readCredentials(files, log), watcher, log);
  }

  private constructor(files: CertificateFiles, credentials: Credentials, watcher: FileWatcher, log: Log) {
    this.#files = files;
    this.#credentials = credentials;
    this.#log = log;
    this.#unwatch = [files.cert, files.key].map((file) => watcher.watch(file, () => void this.#reload()));
  }

  get credentials(): Credentials {
    return this.#credentials;
  }

  /** Calls back with each new certificate. */
  onChange(listener: (credentials: Credentials) => void): void {
    this.#listeners.add(listener);
  }

  close(): void {
    for (const unwatch of this.#unwatch) unwatch();
  }

  /** Two files change one after the other: in between, the certificate before stays in use. */
  async #reload(): Promise<void> {
    try {
      const read = await readCredentials(this.#files, this.#log);
      this.#fault = '';
      if (read.cert === this.#credentials.cert && read.key === this.#credentials.key) return;
      this.#credentials = read;
      for (const listener of this.#listeners) listener(read);
      this.#log.info(`${this.#files.cert}: new connections use the new certificate`);
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#fault) this.#log.warn(`${message} (the certificate before it stays in use)`);
      this.#fault = message;
    }
  }
}

async function readCredentials({ cert, key }: CertificateFiles, log: Log): Promise<Credentials> {
  const [certText, keyText] = await Promise.all([readPem('--tls-cert', cert), readPem('--tls-key', key)]);
  const certificate = parse('--tls-cert', cert, 'certificate', () => new X509Certificate(certText));
  const privateKey: KeyObject = parse('--tls-key', key, 'private key without a password', () =>
    createPrivateKey(keyText),
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    const remedy = 'name the key that the certificate was requested with';
    throw new Error(`the certificate in ${cert} does not match the key in ${key}: ${remedy}`);
  }
  if (Date.parse(certificate.validTo) < Date.now()) {
    log.warn(
      `the certificate in ${cert} expired on ${certificate.validTo}: clients will refuse it, so renew it`,
    );
  }
  return { cert: certText, key: keyText };
}

async function readPem(option: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`${option} ${file} can't be read: ${(error as Error).message}`, { cause: error });
  }
}

function parse<T>(option: string, file: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${option} ${file} must be a ${what} in PEM, -----BEGIN …-----`, { cause: error });
  }
}
