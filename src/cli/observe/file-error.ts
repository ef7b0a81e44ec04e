import { inputError } from '../../runtime/errors.ts';

/** Node's refusal to open or read in Go's words; what is none of them stays as it is. */
export function fileError(path: string, error: unknown): unknown {
  // Node's errors have a code and a system call; others have neither, and are returned as they are.
  const { code, syscall } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  const why = WORDS[code ?? ''];
  if (why === undefined) return error;
  return inputError(`${syscall ?? 'open'} ${path}: ${why}`, {
    cause: error,
  });
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
  ENXIO: 'no such device or address',
  EPERM: 'operation not permitted',
  EMFILE: 'too many open files',
};
