// Follows one kind of objects of a Kubernetes API: lists them, watches from there, lists again when the API has
// forgotten where we were (410 Gone), and goes on after every failure. Keeps of each object only what it was turned
// into, so that two hundred thousand pods fit.
import type { Backoff } from '../../runtime/backoff.ts';
import type { Clock } from '../../runtime/clock.ts';
import { ApiError, type KubernetesApi } from './api.ts';

/** What becomes of the objects of one kind. */
export interface Resource<T> {
  /** Name for log and metrics. */
  readonly name: string;
  readonly path: string;
  readonly params?: Readonly<Record<string, string>>;
  /** What is wanted of an object; undefined for one that says nothing. */
  read(object: KubernetesObject): T | undefined;
  /** `before` is the object's last value. */
  set(value: T, before: T | undefined): void;
  remove(value: T): void;
  /** After each page of a list and each change of a watch; `complete` unless the list may have more pages. */
  flush?(complete: boolean): Promise<void> | void;
}

export interface KubernetesObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly creationTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly controller?: boolean;
    }[];
  };
  readonly [member: string]: unknown;
}

export interface ReflectorDeps {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly backoff: Backoff;
  /** Objects kept at most; more are passed over. */
  readonly maxObjects: number;
  /** All are listed again after this long, ms. */
  readonly relistMs: number;
  readonly onState: (state: ReflectorState) => void;
}

export interface ReflectorState {
  readonly objects: number;
  readonly passedOver: number;
  readonly failure: string | undefined;
}

const PAGE = '500';
const WATCH_SECONDS = 300;
const SHORT_WATCH_MS = 1000;
const GONE = 410;

interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubernetesObject & { readonly code?: number; readonly message?: string };
}

interface List {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly KubernetesObject[];
}

export class Reflector<T> {
  private readonly resource: Resource<T>;
  private readonly deps: ReflectorDeps;
  private readonly known = new Map<string, T>();
  private passedOver = 0;

  constructor(resource: Resource<T>, deps: ReflectorDeps) {
    this.resource = resource;
    this.deps = deps;
  }

  /** Runs until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { deps } = this;
    let version: string | undefined;
    let listed = 0;
    while (!signal.aborted) {
      try {
        if (version === undefined || deps.clock.now() - listed >= deps.relistMs) {
          version = await this.list(signal);
          listed = deps.clock.now();
          this.report(undefined);
        }
        const began = deps.clock.now();
        version = await this.watch(version, signal);
        this.report(undefined);
        // An API that ends every watch at once is not asked in a circle.
        if (deps.clock.now() - began < SHORT_WATCH_MS) await deps.backoff.wait(deps.clock, signal);
        else deps.backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        const gone = error instanceof ApiError && error.status === GONE;
        if (gone) version = undefined;
        else this.report(error instanceof Error ? error.message : String(error));
        await deps.backoff.wait(deps.clock, signal);
      }
    }
  }

  /** Takes all pages; gives the version to watch from. */
  private async list(signal: AbortSignal): Promise<string> {
    const { resource, deps, known } = this;
    const listed = new Set<string>();
    this.passedOver = 0;
    let next: string | undefined;
    for (;;) {
      const params = { ...resource.params, limit: PAGE, ...(next ? { continue: next } : {}) };
      // The API's own shape; members are read with care where they may be absent.
      const page = (await deps.api.get(resource.path, params, signal)) as List;
      for (const object of page.items) {
        listed.add(keyOf(object));
        this.upsert(object);
      }
      await resource.flush?.(false);
      next = page.metadata.continue;
      if (!next) {
        for (const key of known.keys()) if (!listed.has(key)) this.forget(key);
        await resource.flush?.(true);
        return page.metadata.resourceVersion;
      }
    }
  }

  private async watch(from: string, signal: AbortSignal): Promise<string> {
    const { resource, deps } = this;
    let version = from;
    const params = {
      ...resource.params,
      resourceVersion: from,
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(WATCH_SECONDS),
    };
    const lines = await deps.api.watch(resource.path, params, signal);
    // Reported now: a kind of objects that never changes has no line for minutes.
    this.report(undefined);
    for await (const line of lines) {
      // The API's own shape.
      const { type, object } = line as WatchEvent;
      if (type === 'ERROR')
        throw new ApiError(object.code ?? 0, object.message ?? 'the watch ended with an error');
      version = object.metadata.resourceVersion ?? version;
      if (type === 'BOOKMARK') continue;
      if (type === 'DELETED') this.forget(keyOf(object));
      else this.upsert(object);
      await resource.flush?.(true);
      this.report(undefined);
    }
    return version;
  }

  private upsert(object: KubernetesObject): void {
    const { resource, known, deps } = this;
    const key = keyOf(object);
    const value = resource.read(object);
    if (value === undefined) {
      this.forget(key);
      return;
    }
    const before = known.get(key);
    if (before === undefined && known.size >= deps.maxObjects) {
      this.passedOver++;
      return;
    }
    known.set(key, value);
    resource.set(value, before);
  }

  private forget(key: string): void {
    const value = this.known.get(key);
    if (value === undefined) return;
    this.known.delete(key);
    this.resource.remove(value);
  }

  private report(failure: string | undefined): void {
    const { known, passedOver } = this;
    this.deps.onState({ objects: known.size, passedOver, failure });
  }
}

function keyOf({ metadata: { namespace = '', name } }: KubernetesObject): string {
  return `${namespace}/${name}`;
}
