import { readFile, realpath } from 'node:fs/promises';
import type { Content, PartPath } from '../../model/document.ts';
import { partOf } from '../../model/parts.ts';
import { TimeSlices } from '../../time-slices.ts';
import { editDocument } from './edit-document.ts';
import type { FileRecord } from './file-record.ts';
import type { FileSlots } from '../disk/file-slots.ts';
import { sha256 } from './hash.ts';
import { layOutDocument } from './lay-out.ts';
import { StagedFile, stampOf } from '../disk/staged-file.ts';

/** Which file, and how it is accessed. */
export interface FlagsFileOptions {
  readonly file: string;
  /** Bounds the number of open files. */
  readonly slots: FileSlots;
  /** Where to record the file's revision, if there is a journal. */
  readonly record?: FileRecord;
}

/** A file in which more parts differ is written anew, in a layout of its own. */
const manyParts = 500;

/**
 * A flags file on disk: notices edits by its stamp, and replaces parts of it. Holds none of its
 * content.
 */
export class FlagsFile {
  readonly path: string;
  readonly #slots: FileSlots;
  readonly #record: FileRecord | undefined;
  /** The stamp of the content that was read or written last. */
  stamp: string | undefined;
  /** The stamp of content that could not be taken over. */
  faultyStamp: string | undefined;
  /** The stamp that the file gets with the replacement under way. */
  #upcoming: string | undefined;

  constructor({ file, slots, record }: FlagsFileOptions) {
    this.path = file;
    this.#slots = slots;
    this.#record = record;
  }

  knows(stamp: string): boolean {
    return stamp === this.stamp || stamp === this.#upcoming || stamp === this.faultyStamp;
  }

  async currentStamp(): Promise<string> {
    return stampOf(this.path);
  }

  async read(): Promise<{ readonly bytes: Buffer; readonly stamp: string }> {
    return this.#slots.use(async () => {
      const stamp = await stampOf(this.path);
      return { bytes: await readFile(this.path), stamp };
    });
  }

  /** Records, durably, that the file has these bytes at a revision. */
  async recordAs(revision: string, bytes: Buffer): Promise<void> {
    const mark = await this.#record?.mark(revision);
    if (mark) await this.#record?.write({ ...mark, sha256: await sha256([bytes], new TimeSlices()) });
  }

  /**
   * Writes some parts as a document has them; every other byte of the file stays as it is. Returns
   * false, and writes nothing, if the file was edited since it was read last.
   */
  async replace(content: Content, paths: readonly PartPath[], revision?: string): Promise<boolean> {
    const mark = revision === undefined ? undefined : await this.#record?.mark(revision);
    return this.#slots.use(async () => {
      const slices = new TimeSlices('background');
      const path = await realpath(this.path);
      const stamp = await stampOf(path);
      if (stamp !== this.stamp) return false;
      const pieces = await this.#edited(path, content, paths, slices);
      const staged = new StagedFile(path);
      try {
        this.#upcoming = await staged.stage(pieces);
        if ((await stampOf(path)) !== stamp) return await staged.discard().then(() => false);
        const undo = mark && (await this.#record?.write({ ...mark, sha256: await sha256(pieces, slices) }));
        if ((await stampOf(path)) !== stamp) {
          await undo?.();
          await staged.discard();
          return false;
        }
        await staged.apply();
        this.stamp = this.#upcoming;
        return true;
      } catch (error) {
        await staged.discard().catch(() => {
          // The disk is in trouble, as the caller learns from the first error.
        });
        throw error;
      } finally {
        this.#upcoming = undefined;
      }
    });
  }

  async #edited(
    path: string,
    content: Content,
    paths: readonly PartPath[],
    slices: TimeSlices,
  ): Promise<readonly Buffer[]> {
    if (paths.length > manyParts) return layOutDocument(content, slices);
    const edits = paths.map((one) => ({ path: one, value: partOf(content, one) }));
    return editDocument(await readFile(path), edits, slices);
  }
}
