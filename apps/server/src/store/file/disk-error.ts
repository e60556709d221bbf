import { StoreError } from '../flag-store.ts';

/** What the system says of a file or folder as an error of the store; any other error as it is. */
export function diskError(path: string, error: unknown): unknown {
  if (!(error instanceof Error && 'syscall' in error)) return error;
  const full = 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
  const remedy = 'free space and send the change again';
  return full
    ? new StoreError('disk_full', `${path} can't be written, because the disk is full: ${remedy}`, {
        cause: error,
      })
    : new StoreError('unwritable', `${path} can't be written: ${error.message}`, { cause: error });
}
