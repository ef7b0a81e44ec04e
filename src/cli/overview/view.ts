import type {
  ChangeNotification,
  Namespace,
  Node,
  ServerStatusResponse,
} from '../../hubble/proto/schema.gen.ts';

export interface ServerView {
  /** For messages. */
  readonly target: string;
  /** `Ok`, or `Unavailable: …`. */
  health(): Promise<string>;
  status(): Promise<ServerStatusResponse>;
  nodes(): Promise<readonly Node[]>;
  namespaces(): Promise<readonly Namespace[]>;
  /** Ends when the signal aborts. */
  peers(signal: AbortSignal): AsyncIterable<ChangeNotification>;
  close(): Promise<void>;
}

export const HEALTHY = 'Ok';
