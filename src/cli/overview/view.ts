// A running server, as the commands about it see it: a Parallax server over HTTP, or anything that speaks Hubble's gRPC.
import type {
  ChangeNotification,
  Namespace,
  Node,
  ServerStatusResponse,
} from '../../hubble/proto/schema.gen.ts';

export interface ServerView {
  /** As it is told to people. */
  readonly target: string;
  /** `Ok`, or `Unavailable: …`. */
  health(): Promise<string>;
  status(): Promise<ServerStatusResponse>;
  nodes(): Promise<readonly Node[]>;
  namespaces(): Promise<readonly Namespace[]>;
  /** Ends when the signal aborts. */
  peers(signal: AbortSignal): AsyncIterable<ChangeNotification>;
  close(): void;
}

export interface ServerFlags {
  readonly server?: string;
  readonly dataDir?: string;
  readonly timeout: string;
  readonly tokenFile?: string;
  readonly tlsCaCertFiles?: string;
  readonly tlsClientCertFile?: string;
  readonly tlsClientKeyFile?: string;
  readonly tlsServerName?: string;
  readonly tlsAllowInsecure?: boolean;
}

export const HEALTHY = 'Ok';
