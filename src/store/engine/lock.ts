// The lock of a data directory: one process at a time has it open, and says who it is and where its API listens, so
// that other commands can go through it. The engine has a lock of its own below this one; ours is for being found.
import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ParallaxError } from '../../runtime/errors.ts';

export interface LockInfo {
  readonly pid: number;
  /** When the lock was taken, ISO 8601. */
  readonly startedAt: string;
  /** Distinguishes the process from a later one with the same pid, where the system reports it. */
  readonly process?: string;
  /** Base URL of the running server's API. */
  readonly api?: string;
}

const NAME = 'parallax.lock';
const TRIES = 200;
const RETRY_MS = 50;
const TURN_MS = 5000;

/** Who has the directory open now; undefined when nobody does (a lock left by a dead process counts as nobody). */
export async function readLock(directory: string): Promise<LockInfo | undefined> {
  const info = await parse(join(directory, NAME));
  return info !== undefined && (await isAlive(info)) ? info : undefined;
}

export class DirectoryLock {
  private info: LockInfo;
  private readonly file: string;

  private constructor(file: string, info: LockInfo) {
    this.file = file;
    this.info = info;
  }

  /** Takes the lock, making the directory when it is missing. Throws `store/locked` when a live process has it. */
  static async take(directory: string, now: number): Promise<DirectoryLock> {
    await mkdir(directory, { recursive: true });
    const file = join(directory, NAME);
    const mark = await processMark(process.pid);
    const info: LockInfo = {
      pid: process.pid,
      startedAt: new Date(now).toISOString(),
      ...(mark === undefined ? {} : { process: mark }),
    };
    // Linked into place whole, so that nobody ever reads half a lock.
    const draft = `${file}.${randomUUID()}`;
    await writeFile(draft, JSON.stringify(info));
    try {
      for (let i = 0; i < TRIES; i++) {
        if ((await linked(draft, file)) || (await tookOver(directory, file, draft))) {
          return new DirectoryLock(file, info);
        }
        await setTimeout(RETRY_MS);
      }
      throw new ParallaxError('store/locked', `cannot take ${file}: others keep taking it`);
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** Lets other commands find the API of this process. */
  async setApiAddress(api: string): Promise<void> {
    this.info = { ...this.info, api };
    const draft = `${this.file}.${randomUUID()}`;
    await writeFile(draft, JSON.stringify(this.info));
    await rename(draft, this.file);
  }

  async release(): Promise<void> {
    const current = await parse(this.file);
    if (current?.pid === this.info.pid) await rm(this.file, { force: true });
  }
}

/**
 * Puts the draft in a dead process's place. The lock file is never gone meanwhile, and one process at a time does this:
 * a later process finds the new lock. Throws when the lock's process lives; false when it has to be tried again.
 */
async function tookOver(directory: string, file: string, draft: string): Promise<boolean> {
  const holder = await parse(file);
  if (holder !== undefined && (await isAlive(holder))) throw locked(directory, holder);
  const turn = `${file}.turn`;
  if (!(await linked(draft, turn))) {
    // A turn takes milliseconds; an old one is of a process killed within it.
    const age = Date.now() - ((await stat(turn).catch(() => undefined))?.ctimeMs ?? Date.now());
    if (age > TURN_MS) await rm(turn, { force: true });
    return false;
  }
  try {
    const current = await parse(file);
    if (current !== undefined && (await isAlive(current))) throw locked(directory, current);
    await rename(draft, file);
    return true;
  } finally {
    await rm(turn, { force: true });
  }
}

export function locked(directory: string, holder: LockInfo | undefined): ParallaxError {
  const who = holder === undefined ? 'another process' : `process ${holder.pid}`;
  const cure =
    holder?.api === undefined
      ? 'stop it, or choose another directory'
      : `ask it at ${holder.api}, stop it, or choose another directory`;
  return new ParallaxError('store/locked', `${who} has ${directory} open; ${cure}`);
}

async function parse(file: string): Promise<LockInfo | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    return isLockInfo(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isLockInfo(value: unknown): value is LockInfo {
  if (typeof value !== 'object' || value === null) return false;
  // Checked below, field by field.
  const { pid, startedAt } = value as Partial<Record<keyof LockInfo, unknown>>;
  return (
    typeof pid === 'number' && Number.isInteger(pid) && pid > 0 && typeof startedAt === 'string'
  );
}

async function isAlive(info: LockInfo): Promise<boolean> {
  try {
    process.kill(info.pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EPERM') return false;
  }
  if (info.process === undefined) return true;
  const mark = await processMark(info.pid);
  return mark === undefined || mark === info.process;
}

/** Boot and start time of a process (Linux); pids are reused, these are not. */
async function processMark(pid: number): Promise<string | undefined> {
  try {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces; field 22 counts from after it.
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${boot}/${started}`;
  } catch {
    return undefined;
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
