import { RequestError } from '../../model/request-error.ts';

/**
 * An error of the system about a file or folder as an error for the caller; any other error as it
 * is.
 */
export function diskError(path: string, error: unknown): unknown {
  if (!(error instanceof Error && 'syscall' in error)) return error;
  const full = 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
  const remedy = 'free space and send the change again';
  return full
    ? new RequestError('disk_full', `${path} can't be written, because the disk is full: ${remedy}`, {
        cause: error,
      })
    : new RequestError('unwritable', `${path} can't be written: ${error.message}`, { cause: error });
}
